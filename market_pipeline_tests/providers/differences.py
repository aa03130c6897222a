"""In what vendors' records about the same thing are meant to differ: every exception, each with its reason.

Here belong the table and the reading of it.  How records are compared belongs to `agreement.py`.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from fnmatch import fnmatchcase
from functools import cache
from typing import Any

FLOATS = Decimal("1e-9")
"""Relative: JSON numbers have about 16 digits, of which quotients and factors of 100 may cost a few."""


@dataclass(frozen=True, slots=True)
class Difference:
    """Some fields of some endpoints, which may be off by `within`, or differ in any way without it."""

    of: str
    """Patterns of endpoints, separated by spaces: `finviz.*`."""
    fields: str
    """Patterns of fields, or of what else a finding can be about."""
    why: str
    within: str | None = None
    """In the field's unit, in seconds for a time; "0.5%" is a part of the value."""
    symbols: str = "*"


DELAYED: Mapping[str, timedelta] = {"cboe": timedelta(minutes=15)}
"""Vendors that tell what was true some time ago: they are asked that much later, so that all speak of one moment."""

DIFFERENCES: Mapping[str, tuple[Difference, ...]] = {}
"""By data type.  An entry without which nothing would be found fails the test, too."""


def spared(meant: Collection[Difference], source: str, symbol: str, field: str) -> bool:
    """Whether whatever is found about a field is meant."""
    return any(one.within is None and _is_about(one, source, field) and _among(symbol, one.symbols) for one in meant)


def slack(meant: Collection[Difference], source: str, field: str, value: Any) -> Decimal:
    """How far a value may be from the true one, in its unit, seconds for a time."""
    size = abs(Decimal(value)) if isinstance(value, int | Decimal) else Decimal(0)
    stated = [one.within for one in meant if one.within is not None and _is_about(one, source, field)]
    return max(
        (size * Decimal(within[:-1]) / 100 if within.endswith("%") else Decimal(within) for within in stated),
        default=size * FLOATS,
    )


def _is_about(one: Difference, source: str, field: str) -> bool:
    return _among(source, one.of) and _among(field, one.fields)


@cache
def _among(name: str, patterns: str) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns.split())
