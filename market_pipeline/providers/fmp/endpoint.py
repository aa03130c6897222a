"""What the endpoints of Financial Modeling Prep share: spellings of symbols, a window of days, whom an answer leaves out."""

from collections.abc import Mapping
from typing import ClassVar

from market_pipeline.datasets import MARKET_WIDE
from market_pipeline.providers.base import Endpoint
from market_pipeline.providers.errors import ProviderError, UnknownSymbol
from market_pipeline.providers.messages import Ask, Row
from market_pipeline.providers.normalise import canonical_symbol, dashed_symbol


class FmpEndpoint(Endpoint):
    symbols_in: ClassVar[str | None] = "symbol"

    def spell(self, symbol: str) -> str:
        return dashed_symbol(symbol)

    def unspell(self, spelling: str) -> str:
        return canonical_symbol(spelling) or spelling


class RangedEndpoint(FmpEndpoint):
    """One that takes its window as the days `from` and `to`, both included."""

    def params(self, ask: Ask) -> Mapping[str, str]:
        if ask.window is None:
            return {}
        return {"from": ask.window.start.isoformat(), "to": ask.window.end.isoformat()}


def unmentioned(ask: Ask, rows: list[Row]) -> dict[str, ProviderError]:
    """The symbols that an answer leaves out, which is how the vendor says that it does not know them."""
    unknown = {*ask.symbols} - {row["symbol"] for row in rows} - {MARKET_WIDE}
    return {symbol: UnknownSymbol(f"Financial Modeling Prep does not know {symbol}") for symbol in unknown}
