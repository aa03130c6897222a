"""What all of Alpha Vantage's functions share: one address, symbols with dashes, and bodies in JSON or CSV.

Here belongs the envelope.  What single functions hold belongs to `market` and `companies`, errors to the package.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

from market_pipeline.datasets import SYMBOL_PATTERN
from market_pipeline.providers.base import Endpoint
from market_pipeline.providers.messages import Answer
from market_pipeline.providers.normalise import canonical_symbol, dashed_symbol


class Function(Endpoint):
    """A function for one symbol; `fixed` names it."""

    path = "/query"
    symbols_in: ClassVar[str | None] = "symbol"

    def spell(self, symbol: str) -> str:
        return dashed_symbol(symbol)

    def unspell(self, spelling: str) -> str:
        return canonical_symbol(spelling) or spelling.upper()


def is_json(answer: Answer) -> bool:
    """Bodies come as JSON or CSV by function and `datatype`, and a CSV function refuses in JSON: the body tells."""
    return answer.body.lstrip()[:1] == b"{"


def plain(values: Mapping[str, Any]) -> dict[str, Any]:
    """The same values by plain names: "05. price", "latestDay" and "adjusted_close" lose number, case and underscore."""
    return {_plain(name): value for name, value in values.items()}


def _plain(name: str) -> str:
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", re.sub(r"^\d+\. ", "", name))
    return words.replace("_", " ").lower()


def listed(symbols: Iterable[str]) -> list[str]:
    """Those that can be a share's ticker: not CRYPTO:BTC or FOREX:USD, and no odd lot of the calendars (-P-HIZ)."""
    return [symbol for symbol in symbols if re.fullmatch(SYMBOL_PATTERN, symbol)]
