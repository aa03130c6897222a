"""How Yahoo wraps what it says: envelopes, refusals, {"raw", "fmt"} pairs, epoch seconds and its spelling of symbols."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

from market_pipeline.providers.normalise import canonical_symbol
from market_pipeline.simulator.dialect import Reply

Number = int | float | Decimal

_LONG = 10_000  # from here on there is a long form, and the short one is in thousands or more
_SCALES: tuple[tuple[int, str], ...] = ((10**12, "T"), (10**9, "B"), (10**6, "M"), (10**3, "k"))


def envelope(name: str, result: Any) -> Reply:
    return Reply({name: {"result": result, "error": None}})


def refusal(name: str, status: int, code: str, description: str) -> Reply:
    return Reply({name: {"result": None, "error": {"code": code, "description": description}}}, status)


def canonical(spelling: str) -> str:
    """BRK.B for Yahoo's BRK-B."""
    return canonical_symbol(spelling) or ""


def seconds(at: datetime) -> int:
    return int(at.timestamp())


def midnight(day: date) -> int:
    """Yahoo's dates: midnight in UTC."""
    return seconds(datetime.combine(day, time.min, UTC))


def present(values: Mapping[str, Any]) -> dict[str, Any]:
    """Without what is None: Yahoo leaves out what it does not have."""
    return {name: value for name, value in values.items() if value is not None}


def pair(value: Number | None, *, percent: bool = False) -> dict[str, Any]:
    """{"raw": 1234567, "fmt": "1.23M", "longFmt": "1,234,567"}; {} for None."""
    if value is None:
        return {}
    if percent:
        return {"raw": value, "fmt": f"{value:.2%}"}
    size = abs(float(value))
    if size < _LONG:
        return {"raw": value, "fmt": f"{value:.2f}"}
    scale, letter = next(step for step in _SCALES if size >= step[0])
    return {"raw": value, "fmt": f"{float(value) / scale:.2f}{letter}", "longFmt": f"{value:,.0f}"}


def date_pair(day: date) -> dict[str, Any]:
    return {"raw": midnight(day), "fmt": day.isoformat()}
