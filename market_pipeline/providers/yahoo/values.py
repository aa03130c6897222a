"""How Yahoo writes values and symbols, whichever of its endpoints answers.

Here belong the reading of {"raw": …, "fmt": …} pairs, dates, envelopes and spellings.  What an endpoint's fields mean
belongs to the endpoint; what every vendor has in common belongs to `providers.normalise`.
"""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any, TypeVar

from market_pipeline.providers.base import Endpoint
from market_pipeline.providers.dates import day, epoch
from market_pipeline.providers.messages import Answer, rows_of
from market_pipeline.providers.normalise import canonical_symbol, dashed_symbol, number

Object = Mapping[str, Any]
T = TypeVar("T")

_NO_QUOTIENT = frozenset({"Infinity", "-Infinity", "NaN", "∞"})  # a ratio over 0, such as trailingPE


class YahooEndpoint(Endpoint):
    """An endpoint with Yahoo's spelling: BRK-B for BRK.B, everything else as it is (^GSPC, EURUSD=X, OCDO.L)."""

    def spell(self, symbol: str) -> str:
        return dashed_symbol(symbol)

    def unspell(self, spelling: str) -> str:
        return canonical_symbol(spelling) or spelling


def results(answer: Answer, envelope: str) -> list[Object]:
    """The objects of an answer {envelope: {"result": […], "error": null}}."""
    return list(rows_of(answer.json()[envelope]["result"], f"{envelope}.result"))


def raw(value: Any) -> Any:
    """The value of {"raw": 1.5, "fmt": "1.50"} or of a bare 1.5 (formatted=false); None for {} and for quotients by 0."""
    found = value.get("raw") if isinstance(value, Mapping) else value
    return None if isinstance(found, str) and found in _NO_QUOTIENT else found


def figure(value: Any) -> Decimal | None:
    return number(raw(value))


def when(value: Any) -> datetime | None:
    """A UTC time from epoch seconds or milliseconds."""
    return epoch(raw(value))


def date_of(value: Any) -> date | None:
    """A date from ISO text, or from the midnight (UTC) that Yahoo writes for a date."""
    found = raw(value)
    if isinstance(found, str):
        return day(found)
    midnight = epoch(found)
    return None if midnight is None else midnight.date()


def part(parent: Object, name: str) -> Object:
    """An object inside of another; {} where Yahoo leaves it out or says null."""
    found: Any = parent.get(name)
    return {} if found is None else found


def items(parent: Object, name: str) -> list[Any]:
    """A list inside of an object; [] where Yahoo leaves it out or says null."""
    found: Any = parent.get(name)
    return [] if found is None else found


def due(value: T | None, what: str) -> T:
    """A value without which an answer makes no sense.  Raises ValueError where it is missing."""
    if value is None:
        raise ValueError(f"{what} is missing")
    return value


def money(value: Any, unit: Decimal) -> Decimal | None:
    """An amount in the major unit of its currency."""
    found = figure(value)
    return None if found is None else found * unit


def first(*values: Any) -> Any:
    """The first value that is there: Yahoo says the same thing in several modules, and leaves any of them out."""
    return next((value for value in values if value is not None), None)
