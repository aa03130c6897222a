"""The one door to the outside: fetch symbols of a data type, store what comes, remember what is owed.

Here router, vendors, writer and tracking are put together for one process.  Which symbols and which window are wanted is
the caller's; Dagster is nobody's business here.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

from market_pipeline.datasets import Dataset, Strategy
from market_pipeline.fetching.calls import Attempt, Caller
from market_pipeline.fetching.gate import Gate
from market_pipeline.fetching.router import Report, Router, Wanted
from market_pipeline.fetching.strategies import order
from market_pipeline.fetching.vendors import Vendor, configured_vendors
from market_pipeline.providers.messages import Window
from market_pipeline.providers.registry import PROVIDERS
from market_pipeline.routes import route
from market_pipeline.settings import ProviderSettings, Settings, load_provider_settings
from market_pipeline.storage.database import Database
from market_pipeline.storage.universe import claim_series, series_homes
from market_pipeline.storage.writer import Provenance, Writer, Written
from market_pipeline.tracking.failed_symbols import clear_failures, failures, record_failures
from market_pipeline.tracking.recorder import AttemptRow, Recorder
from market_pipeline.tracking.statistics import standings


class NoVendor(Exception):
    """Nobody can be asked for a data type: no vendor is enabled, has its key, or is among those chosen."""


@dataclass(slots=True)
class Refreshed:
    """What a refresh did: the router's report and the rows it left in the table."""

    report: Report
    written: Written = field(default_factory=Written)
    symbols_with_rows: set[str] = field(default_factory=set)
    rows_by_day: Counter[date] = field(default_factory=Counter)
    """Records of each day, for datasets that are kept by day or session."""
    order: tuple[str, ...] = ()
    """The vendors as they were asked."""


class MarketData:
    """Fetches and stores.  Make one per process with `open_market_data`; not for several threads."""

    def __init__(
        self,
        *,
        database: Database,
        vendors: Mapping[str, Vendor],
        priorities: Mapping[str, int],
        router: Router,
        clock: Callable[[], datetime],
        run_id: str,
    ) -> None:
        self._database = database
        self._vendors = vendors
        self._priorities = priorities
        self._router = router
        self._clock = clock
        self._run_id = run_id
        self._turn = 0

    def refresh(
        self,
        dataset: Dataset,
        symbols: Sequence[str],
        *,
        window: Window | None = None,
        timeframe: str | None = None,
        strategy: Strategy | None = None,
        providers: Sequence[str] | None = None,
        partition_key: str = "",
        progress: Callable[[int, int], None] = lambda settled, requested: None,
    ) -> Refreshed:
        """Fetch `symbols` and write each answer as it arrives.

        `providers` narrows the vendors, `partition_key` is what failures are remembered under, `progress` is told how
        many rows have come in.  Raises NoVendor, and DatabaseUnavailable or psycopg.Error when rows cannot be stored;
        what was written before stays.  What vendors do wrong is in the report.
        """
        strategy = strategy or dataset.strategy
        with self._database.connect(autocommit=True, name=f"fetch {dataset.name}") as connection:
            names = order(
                strategy,
                self._candidates(dataset, providers),
                standings(connection, dataset.name),
                turn=self._turn,
            )
            self._turn += 1
            homes = series_homes(connection, symbols, timeframe) if dataset.pinned and timeframe is not None else {}
            writer = Writer(connection)
            done = Refreshed(Report(requested=len(symbols)), order=names)

            def deliver(attempt: Attempt) -> None:
                provenance = Provenance(attempt.provider, self._clock(), self._run_id)
                done.written += writer.write(dataset, attempt.records, provenance, homes if dataset.pinned else None)
                writer.quarantine(dataset, attempt.rejected, provenance)
                done.symbols_with_rows |= {record.symbol for record in attempt.records}
                done.rows_by_day.update(
                    day for record in attempt.records if (day := dataset.day_of(record)) is not None
                )
                progress(len(done.symbols_with_rows), len(symbols))

            wanted = Wanted(
                dataset=dataset,
                symbols=tuple(symbols),
                window=window,
                timeframe=timeframe,
                strategy=strategy,
                homes=homes,
            )
            done.report = self._router.fetch(wanted, [self._vendors[name] for name in names], deliver)
            if dataset.pinned and timeframe is not None:
                newcomers = {one: who for one, who in done.report.answered.items() if one not in homes}
                claim_series(connection, newcomers, timeframe)
            now = self._clock()
            clear_failures(connection, dataset.name, partition_key, done.report.answered)
            record_failures(
                connection,
                dataset.name,
                partition_key,
                failures(done.report, now),
                run_id=self._run_id,
                now=now,
            )
        return done

    def _candidates(self, dataset: Dataset, providers: Sequence[str] | None) -> list[str]:
        """The vendors for a data type in their default order, narrowed to `providers`.  Raises NoVendor."""
        routed = route(dataset.name, self._priorities)
        found = [name for name in routed if name in self._vendors and (not providers or name in providers)]
        if not found:
            chosen = f" among {', '.join(providers)}" if providers else ""
            raise NoVendor(
                f"no vendor can be asked for {dataset.name}{chosen}. It is offered by {', '.join(routed)}: set the key"
                " of one of them (`market-pipeline providers` shows which variable), or enable one that is disabled."
            )
        return found


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
) -> Iterator[MarketData]:
    """Everything assembled for one run; leaving it writes the attempts still queued and closes the connections.

    With `simulator_url` every vendor is the simulator there.
    """
    own = {name: provider_settings(name) for name in PROVIDERS}
    vendors = configured_vendors(PROVIDERS, settings, own, simulator_url=simulator_url, clock=clock)
    try:
        with Recorder(database) as recorder:
            caller = Caller(
                Gate(time.monotonic),
                clock=clock,
                sleep=sleep,
                observe=lambda attempt: recorder.record(AttemptRow.of(attempt, run_id)),
            )
            router = Router(
                caller, clock=clock, batch_size=settings.fetch_batch_size, concurrency=settings.fetch_concurrency
            )
            priorities = {name: one.priority for name, one in own.items() if one.priority is not None}
            yield MarketData(
                database=database, vendors=vendors, priorities=priorities, router=router, clock=clock, run_id=run_id
            )
    finally:
        for vendor in vendors.values():
            vendor.client.close()
