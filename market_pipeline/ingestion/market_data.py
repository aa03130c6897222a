"""The one door to the outside: fetch symbols of a data type, store what comes, remember what failed.

Here router, vendors, writer and tracking are put together for one process.  Which symbols and which window are wanted is
the caller's; Dagster is nobody's business here.
"""

import logging
import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import psycopg

from market_pipeline.datasets import Dataset, Strategy
from market_pipeline.fetching.calls import Caller
from market_pipeline.fetching.gate import Gate
from market_pipeline.fetching.planner import Wanted
from market_pipeline.fetching.report import Report
from market_pipeline.fetching.router import Router
from market_pipeline.ingestion.delivery import Refreshed, comparing, storing
from market_pipeline.ingestion.ranking import NoVendor, Ranking, open_ranking
from market_pipeline.providers.messages import Window
from market_pipeline.sessions import Sessions
from market_pipeline.settings import ProviderSettings, Settings, load_provider_settings
from market_pipeline.storage.answers import AnswerCache, Question
from market_pipeline.storage.database import Connection, Database
from market_pipeline.storage.errors import DatabaseUnavailable
from market_pipeline.storage.locks import impatient
from market_pipeline.storage.universe import claim_series
from market_pipeline.tracking.consensus import Comparison, Ours
from market_pipeline.tracking.failed_symbols import clear_failures, failures, record_failures
from market_pipeline.tracking.freshness import Refresh, as_of, record_freshness
from market_pipeline.tracking.recorder import Recorder, spool_for

log = logging.getLogger(__name__)


class MarketData:
    """Fetches and stores.  Make one per process with `open_market_data`; `refresh` may be called from several threads."""

    def __init__(
        self,
        *,
        database: Database,
        ranking: Ranking,
        router: Router,
        sessions: Sessions,
        longest_wait: timedelta,
        clock: Callable[[], datetime],
        run_id: str,
        repeats: str | None = None,
    ) -> None:
        self._database = database
        self._vendors = ranking.vendors
        self._ranking = ranking
        self._router = router
        self._sessions = sessions
        self._longest_wait = longest_wait
        self._clock = clock
        self._run_id = run_id
        self._answers_of = run_id if repeats is None else repeats

    def refresh(
        self,
        dataset: Dataset,
        symbols: Sequence[str],
        *,
        window: Window | None = None,
        reach: Window | None = None,
        timeframe: str | None = None,
        strategy: Strategy | None = None,
        providers: Sequence[str] = (),
        partition_key: str = "",
        deadline: datetime | None = None,
        use_cache: bool = True,
        progress: Callable[[Refreshed], None] = lambda so_far: None,
    ) -> Refreshed:
        """Fetch the symbols that no earlier answer serves, and write each answer as it arrives.

        `reach` is the window that vendors are asked for, where others will want more than this `window`.
        `providers` narrows the vendors and whose answers serve, `partition_key` is what failures are remembered under.
        Waits for vendors last until `deadline` at most; None for as long as is set.  Without `use_cache` only this run's own
        answers serve, so that a retry asks for what is missing.  `progress` is told after each answer what came of it so
        far, always by the object that is returned in the end.  Raises NoVendor, and DatabaseUnavailable or psycopg.Error
        when rows cannot be stored; what was written before stays.  What vendors do wrong is in the report.
        """
        question = Question(dataset=dataset, window=window, timeframe=timeframe, providers=tuple(providers))
        with self._database.connect(autocommit=True, name=f"fetch {dataset.name}") as connection:
            cache = AnswerCache(connection, question, run_id=self._answers_of, clock=self._clock)
            served = cache.fresh(symbols, others=use_cache)
            wanted = Wanted(
                dataset=dataset,
                symbols=tuple(symbol for symbol in symbols if symbol not in served.answers),
                window=window if reach is None else reach,
                timeframe=timeframe,
                strategy=dataset.strategy if strategy is None else strategy,
                deadline=self.deadline(dataset) if deadline is None else deadline,
            )
            done = Refreshed(
                cached=served.answers, report=Report(requested=len(wanted.symbols)), rows_by_day=served.rows_by_day
            )
            if wanted.symbols:
                self._fetch(connection, wanted, providers, cache, done, progress)
            self._remember(connection, replace(wanted, window=window), done, partition_key)
            cache.count(
                hits=len(done.cached),
                misses=len(wanted.symbols) if use_cache and dataset.cache_ttl is not None else 0,
                stale=len(done.stale),
            )
        return done

    def _fetch(
        self,
        connection: Connection,
        wanted: Wanted,
        providers: Sequence[str],
        cache: AnswerCache,
        done: Refreshed,
        progress: Callable[[Refreshed], None],
    ) -> None:
        """Ask the vendors for what is wanted, and let old answers serve where nobody can; all of it goes into `done`."""
        dataset, timeframe, report = wanted.dataset, wanted.timeframe, done.report
        ranked = self._ranking.of(connection, wanted, providers)
        wanted = replace(wanted, asked_first=ranked.asked_first)
        done.order = ranked.order
        deliver = storing(connection, wanted, cache, done, clock=self._clock, run_id=self._run_id)
        vendors = [self._vendors[name] for name in ranked.order]
        self._router.fetch(wanted, vendors, report, deliver, progress=lambda: progress(done))
        if dataset.pinned and timeframe is not None:
            claim_series(connection, report.answered, timeframe)
        old = cache.stale(report.failed.keys() - report.unknown)
        done.stale = old.answers
        done.rows_by_day.update(old.rows_by_day)

    def _remember(self, connection: Connection, wanted: Wanted, done: Refreshed, partition_key: str) -> None:
        """Write down what has failed, and what is fresh."""
        name, timeframe = wanted.dataset.name, wanted.timeframe
        owed = failures(done.report)
        with _tracking(connection, f"failures of {name}"):
            clear_failures(connection, name, partition_key, done.settled, timeframe=timeframe)
            record_failures(
                connection, name, partition_key, owed, run_id=self._run_id, now=self._clock(), timeframe=timeframe
            )
        with _tracking(connection, f"the freshness of {name}"):
            self._note_freshness(connection, wanted, done)

    def compare(
        self, dataset: Dataset, ours: Mapping[str, Ours], *, window: Window, providers: Sequence[str] = ()
    ) -> dict[str, Comparison]:
        """How far another vendor's figures are from `ours`, by symbol; those that nobody can tell about are left out.

        Nothing is stored.  Nobody is waited for, and nobody is asked whose plan counts calls by the day.
        """
        found: dict[str, Comparison] = {}
        with self._database.connect(autocommit=True, name=f"compare {dataset.name}") as connection:
            for vendor in sorted({one.provider for one in ours.values()}):
                wanted = Wanted(
                    dataset=dataset,
                    symbols=tuple(symbol for symbol, one in ours.items() if one.provider == vendor),
                    window=window,
                    timeframe=dataset.timeframes[0] if dataset.timeframes else None,
                    deadline=self._clock(),
                )
                try:
                    order = self._ranking.of(connection, wanted, providers, dry=True).order
                except NoVendor:
                    continue
                others = [self._vendors[name] for name in order if name != vendor and not self._ranking.is_scarce(name)]
                report = Report(requested=len(wanted.symbols))
                self._router.fetch(wanted, others, report, comparing(dataset, ours, found), progress=lambda: None)
        return found

    def deadline(self, dataset: Dataset, seconds: float | None = None) -> datetime:
        """Until when a step that begins now may wait for vendors: so many seconds, else as set, but no longer than what it
        fetches stays fresh."""
        longest = self._longest_wait if seconds is None else timedelta(seconds=seconds)
        return self._clock() + min(longest, dataset.freshness.warn)

    def _note_freshness(self, connection: Connection, wanted: Wanted, done: Refreshed) -> None:
        """Write down which symbols are fresh now."""
        dataset, now = wanted.dataset, self._clock()
        report, rows = done.report, done.rows_by_symbol
        answered = [(symbol, done.told_at.get(symbol, now), rows[symbol].rows) for symbol in report.answered]
        answered += [(symbol, answer.answered_at, answer.records) for symbol, answer in done.cached.items()]
        moments = {
            told_at: as_of(dataset, wanted.window, told_at, self._sessions)
            for told_at in {told_at for _, told_at, _ in answered}
        }
        refreshes = [
            Refresh(symbol=symbol, as_of=moments[told_at], data_points=count) for symbol, told_at, count in answered
        ]
        record_freshness(
            connection, dataset, refreshes, timeframe=wanted.timeframe or "", sessions=self._sessions, now=now
        )


@contextmanager
def _tracking(connection: Connection, what: str) -> Iterator[None]:
    """Tracking that fails is a line in the log: the rows are stored all the same."""
    try:
        with impatient(connection):
            yield
    except psycopg.Error as error:
        log.warning("%s could not be recorded: %s", what, error)


@contextmanager
def open_market_data(
    database: Database,
    settings: Settings,
    *,
    run_id: str,
    repeats: str | None = None,
    simulator_url: str | None = None,
    provider_settings: Callable[[str], ProviderSettings] = load_provider_settings,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    sleep: Callable[[float], None] = time.sleep,
    chance: Callable[[], float] = random.random,
) -> Iterator[MarketData]:
    """Everything assembled for one run; leaving it writes the attempts still queued and closes the connections.

    `repeats` is the crashed run that this one takes the place of: what that one was answered is not asked for again.
    With `simulator_url` every vendor is the simulator there.  `chance` gives random numbers from 0 up to 1.
    """
    with (
        open_ranking(
            settings, simulator_url=simulator_url, provider_settings=provider_settings, clock=clock, chance=chance
        ) as ranking,
        Recorder(database, spool_for(database, settings.home), run_id) as recorder,
        closing(Gate(_gate_connection(database))) as gate,
    ):
        caller = Caller(gate, clock=clock, sleep=sleep, observe=recorder.record)
        yield MarketData(
            database=database,
            ranking=ranking,
            router=Router(caller, ranking.planner, clock=clock, sleep=sleep, concurrency=settings.fetch_concurrency),
            sessions=Sessions(settings.exchange),
            longest_wait=timedelta(seconds=settings.fetch_deadline_seconds),
            clock=clock,
            run_id=run_id,
            repeats=repeats,
        )


def _gate_connection(database: Database) -> Callable[[], Connection]:
    """What connects the gate: `fetching` knows no storage, so that every failure is psycopg's."""

    def connect() -> Connection:
        try:
            return database.connect(autocommit=True, name="gate")
        except DatabaseUnavailable as error:
            raise psycopg.OperationalError(str(error)) from error

    return connect
