"""What a dataset is: the record it keeps, its key, when it is due, and how its rows are checked.

Here belong what all data types share (record, cadence, freshness, strategy) and the check of rows against a record.  What
does not: types of fields (`fields`), anything about one data type (its own file), vendors, HTTP, SQL or Dagster.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from market_pipeline.datasets.fields import Moment, NonNegative, Symbol, described, required

MARKET_WIDE = "*"
"""The symbol of an answer that is about the whole market and no single symbol (economic events)."""


class Strategy(StrEnum):
    """Which vendor is asked first; every strategy falls back to the next one."""

    MOST_RELIABLE = "MOST_RELIABLE"
    FASTEST_FIRST = "FASTEST_FIRST"
    ROUND_ROBIN = "ROUND_ROBIN"
    FALLBACK_CHAIN = "FALLBACK_CHAIN"


class PartitionedBy(StrEnum):
    """What one Dagster partition of the dataset is."""

    SESSION = "session"  # a trading day of the exchange
    DAY = "day"  # a calendar day
    SYMBOL = "symbol"  # one symbol, registered dynamically
    INDEX = "index"  # one index of those the dataset is about

    @property
    def is_dated(self) -> bool:
        """Whether a partition is a day."""
        return self in (PartitionedBy.SESSION, PartitionedBy.DAY)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cadence:
    """When a dataset is due, in the exchange's time zone: by `cron`, or some time after each session's regular close.

    `market_hours_only` skips what falls outside of the exchange's hours; `cron` then says how often, in its first field.
    """

    cron: str = "* * * * *"
    market_hours_only: bool = False
    after_close: timedelta | None = None

    @property
    def every_day(self) -> bool:
        """Whether it is due on all days, weekends too."""
        _minute, _hour, *days = self.cron.split()
        return days == ["*", "*", "*"] and self.after_close is None and not self.market_hours_only


class Ages(StrEnum):
    """When the age of data grows: a closing quote is as good on Sunday as it was on Friday."""

    ALWAYS = "always"
    ON_SESSION_DAYS = "on_session_days"  # not on days without a session: weekends, holidays
    WHILE_OPEN = "while_open"  # only between the open and the close of the exchange


@dataclass(frozen=True, slots=True)
class Freshness:
    """Younger than `warn` is fresh, younger than `fail` aging, older stale.  Feeds Dagster's policy and our tables.

    Dagster's policy knows no calendar, so `ages` is for our tables only.
    """

    warn: timedelta = timedelta(hours=1)
    fail: timedelta = timedelta(hours=24)
    ages: Ages = Ages.ALWAYS


@dataclass(frozen=True, slots=True, kw_only=True)
class DataType:
    """What is kept, be it fetched or computed: its name is also the asset's and the table's."""

    name: str
    title: str
    family: str = "market_data"
    """Data types that are looked at together: prices, companies, events, what is computed from them."""
    record: type[BaseModel]
    """Its fields; what it is, in the docstring."""
    key: tuple[str, ...]
    partitioned_by: PartitionedBy
    freshness: Freshness
    per_symbol: bool = True
    """False where it is not about the symbols of the universe but about `subjects`."""
    subjects: tuple[str, ...] = (MARKET_WIDE,)
    """What it is about then: the whole market, or indices."""
    empty_is_answer: bool = True
    """Whether a valid answer without rows settles a symbol: no news today does, no quote of a stock does not."""
    timeframes: tuple[str, ...] = ()
    """Bar lengths that are kept, the default one first; () where the data type has none."""

    @property
    def description(self) -> str:
        return (self.record.__doc__ or "").strip()


@dataclass(frozen=True, slots=True, kw_only=True)
class Derived(DataType):
    """A data type that is computed from others, which are named in `computed_from`."""

    computed_from: tuple[str, ...]
    reaches: str
    """The field that says up to which session prices were read for a row."""


class Record(BaseModel):
    """One checked row of a dataset, before its provenance (provider, fetched_at, run_id) is added by the writer."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    symbol: Symbol = required("canonical ticker: BRK.B, ^GSPC; * for the whole market")
    as_of: Moment | None = described("when the vendor says this was true", "UTC")
    flags: tuple[str, ...] = described(
        "what is odd about the row though it was kept: crossed_quote, stale, …", default=()
    )


class QuotedRecord(Record):
    """A record with a market's two sides.  A bid above the offer is kept and flagged: fast markets do that."""

    bid: NonNegative | None = described("best bid; 0 where nobody bids", "currency per share")
    ask: NonNegative | None = described("best offer; 0 where nobody offers", "currency per share")

    @model_validator(mode="before")
    @classmethod
    def _flag_crossed(cls, row: Any) -> Any:
        bid, ask = row.get("bid"), row.get("ask")
        if bid is not None and ask is not None and bid > ask > 0:
            return {**row, "flags": (*row.get("flags", ()), "crossed_quote")}
        return row


@dataclass(frozen=True, slots=True)
class Rejected:
    """A row that is no record: kept in `rejected_records` with the reason."""

    row: Mapping[str, Any]
    reason: str


@dataclass(frozen=True, slots=True)
class Checked:
    """An answer's rows after the check: every one of them is in exactly one of the two lists, identical copies once."""

    records: list[Record]
    rejected: list[Rejected]


@dataclass(frozen=True, slots=True, kw_only=True)
class Dataset(DataType):
    """A data type that vendors are asked for."""

    record: type[Record]
    cadence: Cadence
    cache_ttl: timedelta | None
    """How long a vendor's answer may serve again; None where only a new one is worth having."""
    stale_if_error: timedelta | None = None
    """How old an answer may be that serves while no vendor answers, its rows flagged `stale`; None where none may."""
    strategy: Strategy = Strategy.MOST_RELIABLE
    dated_by: str | None = None
    """The field whose day (in UTC for a time) must lie in the window asked for; None where there is no window."""
    days_behind: int = 0
    days_ahead: int = 0
    """How many days around today the current run of a calendar-day dataset reaches over."""
    days_around: int | None = None
    """For datasets by symbol: once a symbol's history is kept, a run over the whole universe asks only for so many days
    before and after today, which vendors' calendars tell about all symbols at once.  None: always the history."""
    live: bool = False
    """Whether vendors answer only for now, so that a session that is over can no longer be fetched."""
    refreshed_when_stale: bool = True
    """Whether a sensor asks for what has become stale.  Not where the schedule asks again within minutes anyway."""
    pinned: bool = False
    """Whether a symbol's series stays with the vendor it came from while that one answers (never a silent mix)."""
    same_fact: tuple[str, ...] = ()
    """Fields that no two rows agree in, though they are not the key (of bars: the longest ones); () where there are none."""
    compared: str | None = None
    """The figure in which rows of two vendors agree that have one key; None where they rightly differ."""
    complete: bool = False
    """Whether an answer is the whole list, so that stored rows which it leaves out have ended (`removed_at`)."""

    def day_of(self, record: Record) -> date | None:
        """The day a record is kept under, in UTC where it is dated by a time; None for undated datasets."""
        if self.dated_by is None:
            return None
        value: date | datetime = getattr(record, self.dated_by)
        return value.astimezone(UTC).date() if isinstance(value, datetime) else value

    def check(self, rows: Iterable[Mapping[str, Any]]) -> Checked:
        """Sort rows into records and rejected ones.

        Of two different rows with one key the later is kept and the earlier rejected: an upsert cannot hold both.
        """
        records: dict[tuple[Any, ...], Record] = {}
        rejected: list[Rejected] = []
        for row in rows:
            try:
                record = self.record.model_validate(row)
            except ValidationError as error:
                rejected.append(Rejected(row, _reason(error)))
                continue
            except (TypeError, OverflowError) as error:
                # a derived field met a senseless value before its own check did
                rejected.append(Rejected(row, f"row: {error}"))
                continue
            key = tuple(getattr(record, name) for name in self.key)
            earlier = records.get(key)
            if earlier is not None and earlier != record:
                rejected.append(Rejected(earlier.model_dump(), "another row of the same answer has the same key"))
            records[key] = record
        return Checked(list(records.values()), rejected)


def _reason(error: ValidationError) -> str:
    """Every fault of a row in one line: `close: Input should be greater than 0; high: …`."""
    faults = error.errors(include_url=False, include_context=False, include_input=False)
    return "; ".join(f"{'.'.join(map(str, fault['loc'])) or 'row'}: {fault['msg']}" for fault in faults)
