"""Asking every endpoint of every vendor the same questions about one synthetic market.

Here belong the questions, which follow from how a dataset is kept, and who is asked them.  Comparing what comes back
belongs to `agreement.py`.  Nothing here knows a vendor.
"""

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from market_pipeline.datasets import DATASETS, Dataset, PartitionedBy, Record
from market_pipeline.fetching.calls import Call, Caller, Patience, verdicts
from market_pipeline.fetching.planner import batch_of
from market_pipeline.fetching.vendors import Vendor, configured_vendors
from market_pipeline.providers.base import Endpoint, Provider
from market_pipeline.providers.errors import ProviderError
from market_pipeline.providers.messages import Ask, Window
from market_pipeline.providers.registry import PROVIDERS
from market_pipeline.settings import ProviderSettings, Settings
from market_pipeline.simulator.control import SimulatorControl
from market_pipeline.simulator.market import SyntheticMarket
from market_pipeline_tests.alone import Alone
from market_pipeline_tests.providers.differences import DELAYED

FRIDAY = date(2026, 7, 31)
OPEN = datetime(2026, 7, 31, 16, tzinfo=UTC)
"""Noon in New York."""
CLOSED = datetime(2026, 8, 1, 12, tzinfo=UTC)
"""Saturday: everything about Friday has been published."""
TWO_WEEKS = Window(FRIDAY - timedelta(days=11), FRIDAY)
SYMBOLS = ("AAPL", "BRK.B", "VZ", "ERQ")
"""On Nasdaq, split in the week before; a class of shares, on the NYSE, as is VZ, which pays these days; a made-up one."""

_MARKET = SyntheticMarket()


def questions(dataset: Dataset) -> Iterator[Ask]:
    """Everything that a run of the pipeline may ask about a dataset."""
    subjects = [(one,) for one in dataset.subjects]
    for now in (OPEN, CLOSED) if dataset.live else (CLOSED,):
        for window in _windows(dataset):
            for timeframe in dataset.timeframes or (None,):
                for symbols in [SYMBOLS] if dataset.per_symbol else subjects:
                    yield Ask(data_type=dataset.name, symbols=symbols, now=now, window=window, timeframe=timeframe)


def _windows(dataset: Dataset) -> Iterator[Window | None]:
    """By session the last one, and two weeks; by day those of a usual run, a week, and one of two months ago; by symbol the
    whole history, then the days that keep it up to date, and those of them to come."""
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
        case PartitionedBy.INDEX:
            yield None


def is_asked(endpoint: Endpoint, ask: Ask) -> bool:
    """Whether an endpoint serves a question: one that answers for all symbols, if it would be asked about all of them.

    One that tells a symbol's history whatever the window is held to the question without a window.
    """
    is_history = not DATASETS[ask.data_type].dated_by and ask.window and endpoint.serves(replace(ask, window=None))
    of_all = endpoint.market_wide and DATASETS[ask.data_type].per_symbol
    symbols = _MARKET.symbols() if of_all else ask.symbols
    return endpoint.serves(replace(ask, symbols=symbols)) and not is_history


def source_of(provider: Provider, endpoint: Endpoint) -> str:
    """What an endpoint is called here: `yahoo.Quotes`."""
    return f"{provider.name}.{type(endpoint).__name__}"


@dataclass(frozen=True, slots=True)
class Answered:
    """What one endpoint made of a question: its records, and by symbol why there are none."""

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
        patience = Patience(lambda: self._now, deadline=self._now)
        calls = [self._caller().call(Call(vendor, endpoint, dataset, one, patience)) for one in asks]
        attempts = [attempt for called in calls for attempt in called.attempts]
        told = {symbol: error for called in calls for symbol, error in verdicts(dataset, called).items()}
        return Answered(
            source_of(vendor.provider, endpoint),
            ask,
            [_in_shares_of(ask.now, record) for attempt in attempts for record in attempt.records],
            {symbol: error for symbol, error in told.items() if error is not None},
            [rejected.reason for attempt in attempts for rejected in attempt.rejected],
        )

    def _caller(self) -> Caller:
        """A new one, with a new gate: no question is kept back for what came of another."""
        gate = Alone(time.monotonic)
        return Caller(gate, clock=lambda: self._now, sleep=lambda seconds: None, observe=lambda attempt: None)


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
