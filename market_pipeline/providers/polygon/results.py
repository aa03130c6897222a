"""What all of Polygon's endpoints share: case-sensitive tickers, a list of results, and pages.

What single answers hold belongs to `market` and `companies`, errors to the package.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, ClassVar

from market_pipeline.datasets import MARKET_WIDE, SYMBOL_PATTERN
from market_pipeline.providers.base import Endpoint
from market_pipeline.providers.messages import Ask, Request, rows_of

INDICES = {"^GSPC": "I:SPX", "^IXIC": "I:COMP", "^DJI": "I:DJI", "^NDX": "I:NDX", "^RUT": "I:RUT", "^VIX": "I:VIX"}
_CANONICAL = {spelling: symbol for symbol, spelling in INDICES.items()}


class PolygonEndpoint(Endpoint):
    """Share classes are spelled as ours are (BRK.B), indices differently.

    Case counts: BACpL is a preferred share, and no symbol of ours can name one.
    """

    symbols_in: ClassVar[str | None] = "ticker"

    def spell(self, symbol: str) -> str:
        return INDICES.get(symbol, symbol)

    def unspell(self, spelling: str) -> str:
        return _CANONICAL.get(spelling, spelling)

    def match(self, path: str, params: Mapping[str, str], now: datetime) -> Ask | None:
        ask = super().match(path, params, now)
        return (
            ask if ask is not None and all(symbol == MARKET_WIDE or listed(symbol) for symbol in ask.symbols) else None
        )

    def asked(self, symbol: str, ask: Ask) -> bool:
        """Whether a row about `symbol` answers the question; an ask for the whole market takes all it can name."""
        return symbol in ask.symbols or (ask.symbols == (MARKET_WIDE,) and listed(symbol))


def listed(symbol: str) -> bool:
    """Whether a ticker is one that we can name."""
    return re.fullmatch(SYMBOL_PATTERN, symbol) is not None


def results(payload: Mapping[str, Any], name: str = "results") -> Iterable[Mapping[str, Any]]:
    """The list of an answer; the vendor leaves it out where it is empty."""
    return rows_of(payload.get(name) or [], name)


def more(payload: Mapping[str, Any]) -> tuple[Request, ...]:
    """The next page: `next_url` is a whole address with a cursor, on either of the vendor's hosts."""
    address = payload.get("next_url")
    return () if not address or not payload.get("results") else (Request(path=str(address)),)


def first(*values: Any) -> Any:
    """The first that is there."""
    return next((value for value in values if value is not None), None)
