"""Asking every vendor the same questions about one synthetic market, and comparing what their adapters make of the answers.

Here belong the questions, which follow from how a dataset is kept, and the rules of the comparison: which rows an answer
has to have, which values are the same.  What is meant to differ is in `differences.py`.  Nothing here knows a vendor.
"""

import time
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from market_pipeline.datasets import DATASETS, MARKET_WIDE, Dataset, PartitionedBy, Record
from market_pipeline.fetching.calls import Caller, verdicts
from market_pipeline.fetching.gate import Gate
from market_pipeline.fetching.planner import batch_of
from market_pipeline.fetching.vendors import Vendor, configured_vendors
from market_pipeline.providers.base import Endpoint
from market_pipeline.providers.errors import NoData, ProviderError
from market_pipeline.providers.messages import Ask, Window
from market_pipeline.providers.registry import PROVIDERS
from market_pipeline.settings import ProviderSettings, Settings
from market_pipeline.simulator.control import SimulatorControl
from market_pipeline.simulator.market import SyntheticMarket
from market_pipeline_tests.providers.differences import DELAYED, Difference, slack, spared

FRIDAY = date(2026, 7, 31)
OPEN = datetime(2026, 7, 31, 16, tzinfo=UTC)
"""Noon in New York."""
CLOSED = datetime(2026, 8, 1, 12, tzinfo=UTC)
"""Saturday: everything about Friday has been published."""
TWO_WEEKS = Window(FRIDAY - timedelta(days=11), FRIDAY)
SYMBOLS = ("AAPL", "BRK.B", "VZ", "ERQ")
"""On Nasdaq, split in the week before; a class of shares, on the NYSE, as is VZ, which pays these days; a made-up one."""

_MARKET = SyntheticMarket()
LACKS, ALONE, REJECTED = "lacks", "alone", "rejected"
_ALIGNED_BY = {"stock_quotes": ("symbol", "session")}
"""What makes two rows one, where that is not the dataset's key: a quote's key is the time of its trade, which is compared."""
_HAPPENS = {"earnings": "report_date", "dividends": "ex_date"}
"""The day by which calendars of a dataset without a window list it."""


def questions(dataset: Dataset) -> Iterator[Ask]:
    """Everything that a run of the pipeline may ask about a dataset."""
    symbols = SYMBOLS if dataset.per_symbol else (MARKET_WIDE,)
    for now in (OPEN, CLOSED) if dataset.live else (CLOSED,):
        for window in _windows(dataset):
            for timeframe in dataset.timeframes or (None,):
                yield Ask(data_type=dataset.name, symbols=symbols, now=now, window=window, timeframe=timeframe)


def _windows(dataset: Dataset) -> Iterator[Window | None]:
    """For sessions the last one and two weeks of them; for days those of a usual run, a week and a past month's first week;
    for symbols their history, and the days that keep it up to date, or those of them to come."""
    today = CLOSED.date()
    match dataset.partitioned_by:
        case PartitionedBy.SESSION:
            yield Window(FRIDAY, FRIDAY)
            if not dataset.live:
                yield TWO_WEEKS
        case PartitionedBy.DAY:
            yield Window(today - timedelta(days=dataset.days_behind), today + timedelta(days=dataset.days_ahead))
            yield Window(today - timedelta(days=6), today)
            yield Window(date(2026, 6, 1), date(2026, 6, 7))
        case PartitionedBy.SYMBOL:
            yield None
            if dataset.days_around is not None:
                reach = timedelta(days=dataset.days_around)
                yield Window(today - reach, today + reach)
                yield Window(today, today + reach)


def is_asked(endpoint: Endpoint, ask: Ask) -> bool:
    """Whether an endpoint serves a question: one that answers for all symbols, if it would be asked about all of them.

    One that tells a symbol's history whatever the window is held to the question without a window.
    """
    is_history = not DATASETS[ask.data_type].dated_by and ask.window and endpoint.serves(replace(ask, window=None))
    symbols = _MARKET.symbols() if endpoint.market_wide and ask.symbols != (MARKET_WIDE,) else ask.symbols
    return endpoint.serves(replace(ask, symbols=symbols)) and not is_history


@dataclass(frozen=True, slots=True)
class Answered:
    """What one endpoint (`yahoo.Quotes`) made of a question: its records, and by symbol why there are none."""

    source: str
    ask: Ask
    records: list[Record]
    errors: Mapping[str, ProviderError]
    rejected: list[str]


class Panel:
    """Every registered vendor, at a simulator without limits."""

    def __init__(self, control: SimulatorControl) -> None:
        self._control = control
        self._now = CLOSED
        # keys, addresses and limits of the environment are nobody's business here
        own = {name: ProviderSettings(_env_file=None) for name in PROVIDERS}  # type: ignore[call-arg]
        settings = Settings(_env_file=None, simulator_rate_factor=10_000)  # type: ignore[call-arg]
        self._vendors = configured_vendors(PROVIDERS, settings, own, simulator_url=control.url, clock=lambda: self._now)

    def answers(self, dataset: Dataset) -> list[Answered]:
        """What everybody says to the questions that it serves."""
        return [
            self._asked(vendor, endpoint, dataset, ask)
            for ask in questions(dataset)
            for vendor in self._vendors.values()
            for endpoint in vendor.provider.endpoints_for(dataset.name)
            if is_asked(endpoint, ask)
        ]

    def _asked(self, vendor: Vendor, endpoint: Endpoint, dataset: Dataset, ask: Ask) -> Answered:
        self._now = ask.now + DELAYED.get(vendor.name, timedelta(0))
        self._control.set_clock(self._now, speed=0)
        size = batch_of(endpoint, ask, len(SYMBOLS))
        batches = (ask.symbols[at : at + size] for at in range(0, len(ask.symbols), size))
        asks = [replace(ask, symbols=symbols, now=self._now) for symbols in batches]
        calls = [self._caller().call(vendor, endpoint, dataset, one, try_again=False) for one in asks]
        attempts = [attempt for called in calls for attempt in called.attempts]
        return Answered(
            f"{vendor.name}.{type(endpoint).__name__}",
            ask,
            [_in_shares_of(ask.now, record) for attempt in attempts for record in attempt.records],
            {
                symbol: error
                for called in calls
                for symbol, error in verdicts(dataset, called).items()
                if error is not None
            },
            [rejected.reason for attempt in attempts for rejected in attempt.rejected],
        )

    def _caller(self) -> Caller:
        """A new one, with a new gate: no question is kept back for what came of another."""
        return Caller(
            Gate(time.monotonic),
            clock=lambda: self._now,
            sleep=lambda seconds: None,
            observe=lambda attempt: None,
        )


def _in_shares_of(now: datetime, record: Record) -> Record:
    """A raw record as if it were adjusted for splits, so that it can be compared with those that are.

    `adjusted_close` is adjusted in every record.
    """
    if getattr(record, "adjustment", None) != "raw":
        return record
    day = getattr(record, "session", None) or getattr(record, "ex_date")  # noqa: B009 - of one of two types of record
    factor = _MARKET.split_factor(record.symbol, day, as_of=now)
    changes: dict[str, Any] = {"adjustment": "split"}
    for name, described in type(record).model_fields.items():
        unit, value = (described.json_schema_extra or {}).get("unit"), getattr(record, name)  # type: ignore[union-attr]
        if value is not None and name != "adjusted_close" and unit in ("currency per share", "shares"):
            changes[name] = value * factor if unit == "shares" else value / factor
    return record.model_copy(update=changes)


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong with a row of an endpoint: in a field, or as a whole (LACKS, ALONE, REJECTED, an error's outcome)."""

    source: str
    data_type: str
    row: str
    """Its key (`AAPL/2026-07-31`), or the symbol where it is about all of a symbol's rows."""
    field: str
    text: str

    def __str__(self) -> str:
        return f"{self.source}: {self.data_type} {self.row}: {self.field}: {self.text}"


Key = tuple[Any, ...]
Rows = Mapping[Key, list[tuple[str, Record]]]
"""The rows that are one, with their sources."""


def findings(dataset: Dataset, answers: Collection[Answered], meant: Collection[Difference]) -> list[Finding]:
    """Everything in which answers differ that is not meant to."""
    found: list[Finding] = []
    for moment in sorted({one.ask.now for one in answers}):
        given = [one for one in answers if one.ask.now == moment]
        comparable = [one for one in given if not any(spared(meant, one.source, "", name) for name in dataset.key)]
        rows: defaultdict[Key, list[tuple[str, Record]]] = defaultdict(list)
        for one in comparable:
            for record in one.records:
                rows[_key(dataset, record)].append((one.source, record))
        for one in given:
            found += _about_answers(dataset, one)
        for one in comparable:
            found += _about_rows(dataset, one, rows)
        for key, same in rows.items():
            found += _about_values(dataset, key, same, meant)
    return [one for one in found if not spared(meant, one.source, one.row, one.field)]


def _key(dataset: Dataset, record: Record) -> Key:
    return tuple(getattr(record, name) for name in _ALIGNED_BY.get(dataset.name, dataset.key))


def _shown(key: Key) -> str:
    return "/".join(map(str, key))


def _about_answers(dataset: Dataset, one: Answered) -> Iterator[Finding]:
    """Symbols that a vendor does not answer for, and rows that are no records."""
    for symbol, error in one.errors.items():
        yield Finding(one.source, dataset.name, symbol, error.outcome, str(error))
    for reason in one.rejected:
        yield Finding(one.source, dataset.name, ", ".join(one.ask.symbols), REJECTED, reason)


def _about_rows(dataset: Dataset, one: Answered, rows: Rows) -> Iterator[Finding]:
    """Rows that an answer should have and has not, and symbols of which it has none that others have."""
    own = {_key(dataset, record): record.symbol for record in one.records}
    for symbol in one.ask.symbols:
        if symbol in one.errors:
            continue
        mine = {key for key, about in own.items() if about == symbol}
        theirs = {
            key: others
            for key, same in rows.items()
            if (others := [record for source, record in same if source != one.source and record.symbol == symbol])
        }
        due = [
            key
            for key, others in theirs.items()
            if key not in mine and any(_is_due(dataset, one.ask, key, record, mine) for record in others)
        ]
        if not mine and (due or (theirs and one.ask.window is None)):
            yield Finding(one.source, dataset.name, symbol, NoData.outcome, f"others have {len(due or theirs)} rows")
        elif mine and not mine & theirs.keys():
            text = f"none of its {len(mine)} rows is one of the others' {len(theirs)}"
            yield Finding(one.source, dataset.name, symbol, ALONE, text)
        else:
            for key in due:
                yield Finding(one.source, dataset.name, _shown(key), LACKS, "a row that others have")


def _is_due(dataset: Dataset, ask: Ask, key: Key, record: Record, mine: Iterable[Key]) -> bool:
    """Whether an answer to `ask` that has the rows `mine` should have this one of somebody else too.

    In a window every row of its days; without one, vendors reach back differently far: no gaps in what they reach.
    """
    if ask.timeframe not in (None, getattr(record, "timeframe", None)):
        return False
    if ask.window is None:
        reached = [other[-1] for other in mine if other[:-1] == key[:-1]]
        return bool(reached) and min(reached) <= key[-1] <= max(reached)
    day = getattr(record, _HAPPENS[dataset.name]) if dataset.name in _HAPPENS else dataset.day_of(record)
    return day is not None and day in ask.window


def _about_values(
    dataset: Dataset, key: Key, same: list[tuple[str, Record]], meant: Collection[Difference]
) -> Iterator[Finding]:
    """Values that are not those which most vendors agree on."""
    row = _shown(key)
    for name in dataset.record.model_fields:
        values = [(source, value) for source, record in same if (value := getattr(record, name)) not in (None, ())]
        if all(value == values[0][1] for _, value in values):
            continue
        compared = [one for one in values if not spared(meant, one[0], row, name)]
        reach = [slack(meant, source, row, name, value) for source, value in compared]
        against = [
            [_distance(value, other) > own + others for (_, other), others in zip(compared, reach, strict=True)]
            for (_, value), own in zip(compared, reach, strict=True)
        ]
        for (source, value), opposed in zip(compared, against, strict=True):
            opponents = [number for number, is_opponent in enumerate(opposed) if is_opponent]
            best = min(opponents, key=lambda number: sum(against[number]), default=None)
            if best is not None and sum(against[best]) <= len(opponents):
                text = f"{value}, where {compared[best][0]} has {compared[best][1]}"
                yield Finding(source, dataset.name, row, name, text)


def _distance(one: Any, other: Any) -> Decimal:
    """How far two values are apart: numbers in their unit, times in seconds, anything else infinitely."""
    if one == other:
        return Decimal(0)
    if isinstance(one, datetime) and isinstance(other, datetime):
        return Decimal(abs((one - other).total_seconds()))
    if isinstance(one, bool | str | date | tuple):
        return Decimal("Infinity")
    return abs(Decimal(one) - Decimal(other))
