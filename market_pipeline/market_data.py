"""The one door to the outside: fetch symbols of a data type, store what comes, remember what is owed.

Here router, vendors, writer and tracking are put together for one process.  Which symbols and which window are wanted is
the caller's; Dagster is nobody's business here.
"""

import logging
import random
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime

import psycopg
from psycopg.rows import TupleRow

from market_pipeline.datasets import Dataset, Record, Strategy
from market_pipeline.fetching.calls import Attempt, Caller
from market_pipeline.fetching.gate import Gate
from market_pipeline.fetching.router import Report, Router, Wanted
from market_pipeline.fetching.vendors import Vendor, configured_vendors
from market_pipeline.providers.messages import Window
from market_pipeline.providers.registry import PROVIDERS
from market_pipeline.ranking import Ranking
from market_pipeline.sessions import Sessions
from market_pipeline.settings import ProviderSettings, Settings, load_provider_settings
from market_pipeline.storage.database import Database
from market_pipeline.storage.errors import DatabaseUnavailable
from market_pipeline.storage.universe import claim_series, series_homes
from market_pipeline.storage.writer import Provenance, Writer, Written, total
from market_pipeline.tracking.failed_symbols import clear_failures, failures, record_failures
from market_pipeline.tracking.freshness import Refresh, as_of, record_freshness
from market_pipeline.tracking.recorder import AttemptRow, Recorder

SAMPLE = 5  # records
log = logging.getLogger(__name__)


@dataclass(slots=True)
class Refreshed:
    """What a refresh did: the router's report and the rows it left in the table."""

    order: tuple[str, ...]
    """The vendors as they were asked."""
    report: Report
    rows_by_symbol: defaultdict[str, Written] = field(default_factory=lambda: defaultdict(Written))
    rows_by_day: Counter[date] = field(default_factory=Counter)
    """Records of each day, for datasets that are kept by day or session."""
    told_at: dict[str, datetime] = field(default_factory=dict)
    """When the last answer about each symbol came: a fetch may take an hour."""
    sample: list[Record] = field(default_factory=list)
    """The first few records, to look at."""

    @property
    def written(self) -> Written:
        return total(self.rows_by_symbol)


class MarketData:
    """Fetches and stores.  Make one per process with `open_market_data`; not for several threads."""

    def __init__(
        self,
        *,
        database: Database,
        vendors: Mapping[str, Vendor],
        ranking: Ranking,
        router: Router,
        sessions: Sessions,
        clock: Callable[[], datetime],
        run_id: str,
    ) -> None:
        self._database = database
        self._vendors = vendors
        self._ranking = ranking
        self._router = router
        self._sessions = sessions
        self._clock = clock
        self._run_id = run_id

    def refresh(
        self,
        dataset: Dataset,
        symbols: Sequence[str],
        *,
        window: Window | None = None,
        timeframe: str | None = None,
        strategy: Strategy | None = None,
        providers: Sequence[str] = (),
        partition_key: str = "",
        progress: Callable[[Refreshed], None] = lambda so_far: None,
    ) -> Refreshed:
        """Fetch `symbols` and write each answer as it arrives.

        `providers` narrows the vendors, `partition_key` is what failures are remembered under, `progress` is told after each
        answer what came of the fetch so far, always by the object that is returned in the end.  Raises NoVendor, and
        DatabaseUnavailable or psycopg.Error when rows cannot be stored; what was written before stays.  What vendors do
        wrong is in the report.
        """
        wanted = Wanted(
            dataset=dataset,
            symbols=tuple(symbols),
            window=window,
            timeframe=timeframe,
            strategy=dataset.strategy if strategy is None else strategy,
        )
        with self._database.connect(autocommit=True, name=f"fetch {dataset.name}") as connection:
            if dataset.pinned and timeframe is not None:
                wanted = replace(wanted, asked_first=series_homes(connection, symbols, timeframe))
            ranked = self._ranking.of(connection, wanted, providers)
            wanted = replace(wanted, asked_first={**wanted.asked_first, **ranked.tried_out})
            done = Refreshed(order=ranked.order, report=Report(requested=len(symbols)))
            deliver = self._storing(Writer(connection), wanted, done)
            report = done.report
            vendors = [self._vendors[name] for name in ranked.order]
            self._router.fetch(wanted, vendors, report, deliver, progress=lambda: progress(done))
            if dataset.pinned and timeframe is not None:
                claim_series(connection, report.answered, timeframe)
            now = self._clock()
            owed = failures(report, now)
            clear_failures(connection, dataset.name, partition_key, report.answered, timeframe=timeframe)
            record_failures(
                connection, dataset.name, partition_key, owed, run_id=self._run_id, now=now, timeframe=timeframe
            )
            self._note_freshness(connection, wanted, done)
        return done

    def _storing(self, writer: Writer, wanted: Wanted, done: Refreshed) -> Callable[[Sequence[Attempt]], None]:
        """What takes answers of a vendor as they arrive: writes them, and counts them into `done`."""
        dataset = wanted.dataset

        def deliver(attempts: Sequence[Attempt]) -> None:
            records = [record for attempt in attempts for record in attempt.records]
            rejected = [row for attempt in attempts for row in attempt.rejected]
            now = self._clock()
            done.told_at.update((symbol, now) for attempt in attempts for symbol in attempt.ask.symbols)
            if not records and not rejected:
                return
            provenance = Provenance(attempts[0].provider, now, self._run_id)
            written = writer.write(dataset, records, provenance, wanted.asked_first if dataset.pinned else None)
            for symbol, rows in written.items():
                done.rows_by_symbol[symbol] += rows
            writer.quarantine(dataset, rejected, provenance)
            done.sample += records[: SAMPLE - len(done.sample)]
            days = (dataset.day_of(record) for record in records)
            done.rows_by_day.update(day for day in days if day is not None)

        return deliver

    def _note_freshness(self, connection: psycopg.Connection[TupleRow], wanted: Wanted, done: Refreshed) -> None:
        """Write down which symbols are fresh now.  Where that fails the log says so: the rows are stored all the same."""
        dataset, now = wanted.dataset, self._clock()
        refreshes = [
            Refresh(
                symbol=symbol,
                as_of=as_of(dataset, wanted.window, done.told_at.get(symbol, now), self._sessions),
                data_points=done.rows_by_symbol[symbol].rows,
            )
            for symbol in done.report.answered
        ]
        try:
            record_freshness(
                connection, dataset, refreshes, timeframe=wanted.timeframe or "", sessions=self._sessions, now=now
            )
        except psycopg.Error as error:
            log.warning("freshness of %s could not be recorded: %s", dataset.name, error)


@contextmanager
def open_market_data(
    database: Database,
    settings: Settings,
    *,
    run_id: str,
    simulator_url: str | None = None,
    provider_settings: Callable[[str], ProviderSettings] = load_provider_settings,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    sleep: Callable[[float], None] = time.sleep,
    chance: Callable[[], float] = random.random,
) -> Iterator[MarketData]:
    """Everything assembled for one run; leaving it writes the attempts still queued and closes the connections.

    With `simulator_url` every vendor is the simulator there.  `chance` gives random numbers from 0 up to 1.
    """
    own = {name: provider_settings(name) for name in PROVIDERS}
    vendors = configured_vendors(PROVIDERS, settings, own, simulator_url=simulator_url, clock=clock)
    try:
        with Recorder(database) as recorder, closing(Gate(_gate_connection(database))) as gate:
            caller = Caller(
                gate,
                clock=clock,
                sleep=sleep,
                observe=lambda attempt: recorder.record(AttemptRow.of(attempt, run_id)),
            )
            router = Router(
                caller, clock=clock, batch_size=settings.fetch_batch_size, concurrency=settings.fetch_concurrency
            )
            priorities = {name: one.priority for name, one in own.items() if one.priority is not None}
            ranking = Ranking(vendors, priorities, router, clock, chance)
            yield MarketData(
                database=database,
                vendors=vendors,
                ranking=ranking,
                router=router,
                sessions=Sessions(settings.exchange),
                clock=clock,
                run_id=run_id,
            )
    finally:
        for vendor in vendors.values():
            vendor.client.close()


def _gate_connection(database: Database) -> Callable[[], psycopg.Connection[TupleRow]]:
    """What connects the gate: `fetching` knows no storage, so that every failure is psycopg's."""

    def connect() -> psycopg.Connection[TupleRow]:
        try:
            return database.connect(autocommit=True, name="gate")
        except DatabaseUnavailable as error:
            raise psycopg.OperationalError(str(error)) from error

    return connect
