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
from datetime import UTC, date, datetime, timedelta

import psycopg
from psycopg.rows import TupleRow

from market_pipeline.datasets import Dataset, Record, Strategy
from market_pipeline.fetching.calls import Attempt, Caller
from market_pipeline.fetching.gate import Gate
from market_pipeline.fetching.planner import Wanted
from market_pipeline.fetching.report import Errors, Report
from market_pipeline.fetching.router import Deliver, Router
from market_pipeline.providers.errors import MalformedResponse, NoData, ProviderError
from market_pipeline.providers.messages import Window
from market_pipeline.ranking import NoVendor, Ranking, open_ranking
from market_pipeline.sessions import Sessions
from market_pipeline.settings import ProviderSettings, Settings, load_provider_settings
from market_pipeline.storage.answers import AnswerCache, CachedAnswer, Question
from market_pipeline.storage.constituents import ImplausibleList, record_members
from market_pipeline.storage.database import Database
from market_pipeline.storage.errors import DatabaseUnavailable
from market_pipeline.storage.locks import impatient
from market_pipeline.storage.universe import claim_series
from market_pipeline.storage.upsert import Written, total
from market_pipeline.storage.writer import Provenance, Writer
from market_pipeline.tracking.consensus import Comparison, Ours, deviation, figures_of
from market_pipeline.tracking.failed_symbols import clear_failures, failures, record_failures
from market_pipeline.tracking.freshness import Refresh, as_of, record_freshness
from market_pipeline.tracking.recorder import Recorder, spool_for

SAMPLE = 5  # records
log = logging.getLogger(__name__)


@dataclass(slots=True)
class Refreshed:
    """What a refresh did: the router's report, what earlier answers served, and the rows in the table."""

    cached: dict[str, CachedAnswer]
    """The earlier answers that serve, by symbol: nobody was asked for these."""
    report: Report
    """What came of asking for the other symbols."""
    order: tuple[str, ...] = ()
    """The vendors as they were asked."""
    stale: dict[str, CachedAnswer] = field(default_factory=dict)
    """The old answers that serve for some of the symbols that failed; the rows say so, and the symbols are still owed."""
    rows_by_symbol: defaultdict[str, Written] = field(default_factory=lambda: defaultdict(Written))
    rows_by_day: Counter[date] = field(default_factory=Counter)
    """Records of each day, for datasets that are kept by day or session."""
    told_at: dict[str, datetime] = field(default_factory=dict)
    """When the last answer about each symbol came: a fetch may take an hour."""
    membership_changes: dict[str, Mapping[str, Sequence[str]]] = field(default_factory=dict)
    """Members `added` and `removed`, by index, for datasets whose answers are whole lists."""
    sample: list[Record] = field(default_factory=list)
    """The first few records, to look at."""

    @property
    def written(self) -> Written:
        return total(self.rows_by_symbol)

    @property
    def settled(self) -> list[str]:
        """The symbols that a vendor has answered for, now or lately."""
        return [*self.cached, *self.report.answered]

    @property
    def unserved(self) -> dict[str, Errors]:
        """Why each vendor did not answer, for symbols that no old answer serves either."""
        return {symbol: errors for symbol, errors in self.report.failed.items() if symbol not in self.stale}


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
        timeframe: str | None = None,
        strategy: Strategy | None = None,
        providers: Sequence[str] = (),
        partition_key: str = "",
        deadline: datetime | None = None,
        use_cache: bool = True,
        progress: Callable[[Refreshed], None] = lambda so_far: None,
    ) -> Refreshed:
        """Fetch the symbols that no earlier answer serves, and write each answer as it arrives.

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
                window=window,
                timeframe=timeframe,
                strategy=dataset.strategy if strategy is None else strategy,
                deadline=self.deadline(dataset) if deadline is None else deadline,
            )
            done = Refreshed(
                cached=served.answers, report=Report(requested=len(wanted.symbols)), rows_by_day=served.rows_by_day
            )
            if wanted.symbols:
                self._fetch(connection, wanted, providers, cache, done, progress)
            with _tracking(connection, f"what is owed of {dataset.name}"):
                clear_failures(connection, dataset.name, partition_key, done.settled, timeframe=timeframe)
                record_failures(
                    connection,
                    dataset.name,
                    partition_key,
                    failures(done.report),
                    run_id=self._run_id,
                    now=self._clock(),
                    timeframe=timeframe,
                )
            with _tracking(connection, f"the freshness of {dataset.name}"):
                self._note_freshness(connection, wanted, done)
            cache.count(
                hits=len(done.cached),
                misses=len(wanted.symbols) if use_cache and dataset.cache_ttl is not None else 0,
                stale=len(done.stale),
            )
        return done

    def _fetch(
        self,
        connection: psycopg.Connection[TupleRow],
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
        deliver = self._storing(connection, wanted, cache, done)
        vendors = [self._vendors[name] for name in ranked.order]
        self._router.fetch(wanted, vendors, report, deliver, progress=lambda: progress(done))
        if dataset.pinned and timeframe is not None:
            claim_series(connection, report.answered, timeframe)
        old = cache.stale(report.failed.keys() - report.unknown)
        done.stale = old.answers
        done.rows_by_day.update(old.rows_by_day)

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
                self._router.fetch(wanted, others, report, _comparing(dataset, ours, found), progress=lambda: None)
        return found

    def deadline(self, dataset: Dataset, seconds: float | None = None) -> datetime:
        """Until when a step that begins now may wait for vendors: so many seconds, else as set, but no longer than what it
        fetches stays fresh."""
        longest = self._longest_wait if seconds is None else timedelta(seconds=seconds)
        return self._clock() + min(longest, dataset.freshness.warn)

    def _storing(
        self, connection: psycopg.Connection[TupleRow], wanted: Wanted, cache: AnswerCache, done: Refreshed
    ) -> Deliver:
        """What takes answers of a vendor as they arrive: writes them, remembers them, and counts them into `done`."""
        dataset, writer = wanted.dataset, Writer(connection)

        def deliver(attempts: Sequence[Attempt], settled: Sequence[str]) -> dict[str, ProviderError]:
            records = [record for attempt in attempts for record in attempt.records]
            rejected = [row for attempt in attempts for row in attempt.rejected]
            now = self._clock()
            done.told_at.update((symbol, now) for attempt in attempts for symbol in attempt.ask.symbols)
            if not records and not rejected and not settled:
                return {}
            provenance = Provenance(attempts[0].provider, now, self._run_id)
            written = writer.write(dataset, records, provenance, wanted.asked_first if dataset.pinned else None)
            for symbol, rows in written.items():
                done.rows_by_symbol[symbol] += rows
            writer.quarantine(dataset, rejected, provenance)
            refused = self._end_absent(connection, dataset, records, settled, done) if dataset.complete else {}
            kept = {symbol: done.rows_by_symbol[symbol].rows for symbol in settled if symbol not in refused}
            cache.remember(provenance.provider, kept)
            done.sample += records[: SAMPLE - len(done.sample)]
            days = (dataset.day_of(record) for record in records)
            done.rows_by_day.update(day for day in days if day is not None)
            return refused

        return deliver

    def _end_absent(
        self,
        connection: psycopg.Connection[TupleRow],
        dataset: Dataset,
        records: Sequence[Record],
        lists: Sequence[str],
        done: Refreshed,
    ) -> dict[str, ProviderError]:
        """Mark stored members that whole lists have no longer.  A list that leaves out too much to be true is refused."""
        refused: dict[str, ProviderError] = {}
        for index in lists:
            members = {getattr(record, dataset.key[-1]) for record in records if record.symbol == index}
            try:
                done.membership_changes[index] = record_members(
                    connection, index, members, now=self._clock(), run_id=self._run_id
                )
            except ImplausibleList as error:
                refused[index] = MalformedResponse(str(error))
        return refused

    def _note_freshness(self, connection: psycopg.Connection[TupleRow], wanted: Wanted, done: Refreshed) -> None:
        """Write down which symbols are fresh now."""
        dataset, now = wanted.dataset, self._clock()
        report, rows = done.report, done.rows_by_symbol
        answered = [(symbol, done.told_at.get(symbol, now), rows[symbol].rows) for symbol in report.answered]
        answered += [(symbol, answer.answered_at, answer.records) for symbol, answer in done.cached.items()]
        refreshes = [
            Refresh(symbol=symbol, as_of=as_of(dataset, wanted.window, told_at, self._sessions), data_points=count)
            for symbol, told_at, count in answered
        ]
        record_freshness(
            connection, dataset, refreshes, timeframe=wanted.timeframe or "", sessions=self._sessions, now=now
        )


def _comparing(dataset: Dataset, ours: Mapping[str, Ours], found: dict[str, Comparison]) -> Deliver:
    """What takes answers of a vendor and compares them; one without a row that we have too is none."""

    def deliver(attempts: Sequence[Attempt], settled: Sequence[str]) -> dict[str, ProviderError]:
        theirs = figures_of(dataset, (record for attempt in attempts for record in attempt.records))
        refused: dict[str, ProviderError] = {}
        for symbol in settled:
            apart = deviation(ours[symbol].figures, theirs.get(symbol, {}))
            if apart is None:
                refused[symbol] = NoData("it has no row that we have too")
            else:
                found[symbol] = Comparison(symbol, attempts[0].provider, apart)
        return refused

    return deliver


@contextmanager
def _tracking(connection: psycopg.Connection[TupleRow], what: str) -> Iterator[None]:
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


def _gate_connection(database: Database) -> Callable[[], psycopg.Connection[TupleRow]]:
    """What connects the gate: `fetching` knows no storage, so that every failure is psycopg's."""

    def connect() -> psycopg.Connection[TupleRow]:
        try:
            return database.connect(autocommit=True, name="gate")
        except DatabaseUnavailable as error:
            raise psycopg.OperationalError(str(error)) from error

    return connect
