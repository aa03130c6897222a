"""What a check of a data type looks at and what it finds, and from which share of missing things on that is an alarm.

The questions to the tables are in `general_findings` (of any data type), `price_findings` and `derived_findings`.  Which data
type has which check, and what Dagster is told, is `market_pipeline.checks`.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Generic, TypeVar

from psycopg import sql

from market_pipeline.datasets import DataType
from market_pipeline.sessions import Sessions
from market_pipeline.storage.database import Connection
from market_pipeline.storage.universe import active_symbols

SAMPLE = 20  # names in a finding; counts are always exact
COMPLETE = 0.95  # of the universe, from which on it is no alarm: single symbols are in `failed_symbols`
HALF = 0.5  # of the universe or the rows: worse is more than a vendor's bad day
LATELY = timedelta(days=90)  # in which series are looked at: a year of 5,000 symbols takes seconds, and nobody mends it

Kind_co = TypeVar("Kind_co", bound=DataType, covariant=True)


class Verdict(StrEnum):
    PASSED = "passed"
    WARN = "warn"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check has found: how bad it is, a sentence for a person, what to do then, the exact count and a sample of it."""

    verdict: Verdict
    said: str
    remedy: str = ""
    count: int = 0
    sample: Sequence[str] = ()
    figures: Mapping[str, float | int | str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspection(Generic[Kind_co]):
    """What a check looks at: a data type as it stands at `now`, and the rows of the run that was made just before."""

    connection: Connection
    dataset: Kind_co
    sessions: Sessions
    now: datetime
    rows_kept: int = 0
    rows_refused: int = 0
    days: Collection[date] = ()
    """The days of those rows, for data that is kept by session."""

    @property
    def since(self) -> date:
        """From which session on series are looked at: lately, and as far back as the run went."""
        return min([(self.now - LATELY).date(), *self.days])

    @property
    def table(self) -> sql.Identifier:
        return sql.Identifier("public", self.dataset.name)

    @property
    def subjects(self) -> Sequence[str]:
        """What rows should be there of: the active symbols, or what the data type is about instead."""
        return active_symbols(self.connection) if self.dataset.per_symbol else self.dataset.subjects


def of_missing(missing: Sequence[str], expected: int, what: str, remedy: str) -> Finding:
    """What to say where some of `expected` things are missing; `what` the others do, or have."""
    share = 1 - len(missing) / expected if expected else 1.0
    return Finding(
        Verdict.PASSED if share >= COMPLETE else Verdict.WARN if share >= HALF else Verdict.ERROR,
        f"{expected - len(missing)} of {expected} {what}.",
        remedy,
        count=len(missing),
        sample=missing[:SAMPLE],
        figures={"percent": round(100 * share, 2)},
    )
