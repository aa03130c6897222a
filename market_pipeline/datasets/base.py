"""What a dataset is: the record it keeps, its key, when it is due, and how its rows are checked.

Here belong the vocabulary that data types share (field types with units, cadence, freshness, strategy) and the check
of rows against a record. What does not: anything about one data type (its own file), vendors, HTTP, SQL or Dagster.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
)

MARKET_WIDE = "*"
"""The symbol of an answer that is about the whole market and no single symbol (economic events)."""

SYMBOL_PATTERN = r"^[A-Z0-9^][A-Z0-9.\-=^]{0,19}$"
"""Canonical spelling: upper case, share classes with a dot (BRK.B), indices with a caret (^GSPC)."""


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


@dataclass(frozen=True, slots=True)
class Cadence:
    """When a dataset is due, in `timezone`; `market_hours_only` skips what falls outside of the exchange's hours."""

    cron: str
    timezone: str = "America/New_York"
    market_hours_only: bool = False


@dataclass(frozen=True, slots=True)
class Freshness:
    """Younger than `warn` is fresh, younger than `fail` aging, older stale.  Feeds Dagster's policy and our tables."""

    warn: timedelta
    fail: timedelta


def _known_currency(code: str) -> str:
    if code not in _CURRENCIES:
        raise ValueError(f"unknown currency {code!r} (an ISO 4217 code in major units is due: USD, EUR, GBP, …)")
    return code


def _plausible(day: date) -> date:
    if not date(1900, 1, 1) <= day <= date(2100, 1, 1):
        raise ValueError(f"implausible date {day} (1900 to 2100 is kept)")
    return day


def _plausible_time(moment: datetime) -> datetime:
    _plausible(moment.date())
    return moment


def _without_nul(text: object) -> object:
    """PostgreSQL stores no NUL, and one of them in a chunk would cost the whole chunk."""
    return text.replace("\0", "") if isinstance(text, str) else text


# ISO 4217, its funds and metals left out, and the coins that vendors quote like currencies
_CURRENCIES = frozenset(
    "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CLF"
    " CLP CNH CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HRK"
    " HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA"
    " MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB"
    " RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD UYU"
    " UZS VED VES VND VUV WST XAF XCD XOF XPF YER ZAR ZMW ZWL BTC ETH USDT".split()
)

Symbol = Annotated[str, StringConstraints(pattern=SYMBOL_PATTERN)]
Text = Annotated[
    str,
    BeforeValidator(_without_nul),
    StringConstraints(strip_whitespace=True, min_length=1, max_length=20_000),
]
Number = Annotated[Decimal, Field(allow_inf_nan=False, gt=Decimal("-1e18"), lt=Decimal("1e18"))]
Price = Annotated[Decimal, Field(allow_inf_nan=False, gt=0, lt=Decimal("1e9"))]
NonNegative = Annotated[Decimal, Field(allow_inf_nan=False, ge=0, lt=Decimal("1e18"))]
Count = Annotated[int, Field(ge=0, lt=2**62)]
Currency = Annotated[str, AfterValidator(_known_currency)]
Day = Annotated[date, AfterValidator(_plausible)]
Moment = Annotated[AwareDatetime, AfterValidator(_plausible_time)]


def described(description: str, unit: str | None = None, default: Any = None) -> Any:
    """An optional field: its meaning and unit (shown as the column's comment), None where a vendor does not say."""
    return Field(default=default, description=description, json_schema_extra=_unit(unit))


def required(description: str, unit: str | None = None) -> Any:
    """A field without which a row is no answer: its meaning and unit."""
    return Field(description=description, json_schema_extra=_unit(unit))


def _unit(unit: str | None) -> dict[str, Any] | None:
    return None if unit is None else {"unit": unit}


_COLUMN_TYPES = {
    Decimal: "numeric",
    int: "bigint",
    str: "text",
    bool: "boolean",
    date: "date",
    datetime: "timestamp with time zone",
    AwareDatetime: "timestamp with time zone",
    tuple: "text[]",
}


def column_type(annotation: Any) -> str:
    """PostgreSQL's name for the type of a field, whatever is said around it (optional, bounds, literals)."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin in (Union, UnionType):
        return column_type(next(one for one in arguments if one is not NoneType))
    if origin is Annotated:
        return column_type(arguments[0])
    if origin is Literal:
        return column_type(type(arguments[0]))
    return _COLUMN_TYPES[origin or annotation]


class Record(BaseModel):
    """One checked row of a dataset, before its provenance (provider, fetched_at, run_id) is added by the writer."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    symbol: Symbol = required("canonical ticker: BRK.B, ^GSPC; * for the whole market")
    as_of: Moment | None = described("when the vendor says this was true", "UTC")
    flags: tuple[str, ...] = described("what is odd about the row though it was kept: crossed_quote, …", default=())


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
class Dataset:
    """One data type: its name is also the asset's and the table's."""

    name: str
    title: str
    record: type[Record]
    key: tuple[str, ...]
    partitioned_by: PartitionedBy
    cadence: Cadence
    freshness: Freshness
    cache_ttl: timedelta | None
    """How long a vendor's answer may serve again; None where only a new one is worth having."""
    strategy: Strategy = Strategy.MOST_RELIABLE
    per_symbol: bool = True
    """False where one answer is about the whole market (its symbol is MARKET_WIDE)."""
    empty_is_answer: bool = True
    """Whether a valid answer without rows settles a symbol: no news today does, no quote of a stock does not."""
    timeframes: tuple[str, ...] = ()
    """Bar lengths that are kept, the default one first; () where the dataset has none."""
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
    pinned: bool = False
    """Whether a symbol's series stays with the vendor it came from while that one answers (never a silent mix)."""

    @property
    def description(self) -> str:
        return (self.record.__doc__ or "").strip()

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
            except (
                TypeError,
                OverflowError,
            ) as error:  # a derived field met a senseless value before its own check did
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
