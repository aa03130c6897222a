"""The job that brings symbols up to date one by one: prices up to the last session, features of them, their quality.

Here belongs what is done for one symbol, and what a run of it tells Dagster.  In which order, and how often again, is
`market_pipeline.enrichment`.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

import dagster as dg
import psycopg
from pydantic import Field

from market_pipeline.assets.execution import execution
from market_pipeline.assets.progress import Progress
from market_pipeline.assets.targets import SAMPLE, SymbolsConfig, by_timeframe, chosen_symbols
from market_pipeline.datasets import DATASETS, DERIVED
from market_pipeline.derived import Connection, compute_features
from market_pipeline.enrichment import Enrichment, PassesByItself, Summary, SymbolFailed, Tell
from market_pipeline.fetching.calls import NotAsked
from market_pipeline.partitions import key_of, range_key
from market_pipeline.providers.errors import ProviderError, Unavailable
from market_pipeline.providers.messages import Window
from market_pipeline.resources import Pipeline
from market_pipeline.sessions import Sessions
from market_pipeline.settings import load_settings
from market_pipeline.storage.errors import DatabaseUnavailable
from market_pipeline.storage.prices import LastBar, last_bar
from market_pipeline.storage.universe import tracked_symbols
from market_pipeline.storage.upsert import Written
from market_pipeline.timetable import settled_sessions
from market_pipeline.tracking.executions import ExecutionLog, FeatureFailure, State, SymbolStatus
from market_pipeline.tracking.quality import measure_quality

PRICES, FEATURES = DATASETS["historical_prices"], DERIVED["price_features"]
MEASURED = [dataset for dataset in DATASETS.values() if dataset.per_symbol]
PATIENCE = timedelta(seconds=8)  # a vendor's turn may be so far away for it to come within the retries


class EnrichmentConfig(SymbolsConfig):
    """Narrows an enrichment."""

    timeframes: list[str] = Field(default=[], description="only these bar lengths; empty for each symbol's own")


@dataclass(slots=True)
class Enriched:
    """What was done for a symbol, or for several together."""

    prices: Written = field(default_factory=Written)
    features: Written = field(default_factory=Written)
    price_sessions: Counter[date] = field(default_factory=Counter)
    feature_sessions: Counter[date] = field(default_factory=Counter)

    def __add__(self, other: "Enriched") -> "Enriched":
        return Enriched(
            self.prices + other.prices,
            self.features + other.features,
            self.price_sessions + other.price_sessions,
            self.feature_sessions + other.feature_sessions,
        )


def missing_sessions(last: LastBar | None, sessions: Sessions, now: datetime, history: int) -> list[date]:
    """The sessions whose bars are to be fetched: since the last bar there is; without one, so many as `history`.  Pure.

    The session of the last bar is among them if it was not over when its bar was fetched.
    """
    if last is None:
        return settled_sessions(sessions, now, history)
    due = settled_sessions(sessions, now, 1)
    since = last.session if last.fetched_at < sessions.closes(last.session) else sessions.after(last.session)
    return sessions.between(since, due[-1]) if due and since <= due[-1] else []


@dataclass(frozen=True, slots=True)
class SymbolWork:
    """What is done for one symbol; made for a run, used from several threads."""

    pipeline: Pipeline
    log: ExecutionLog
    run_id: str
    timeframes: Mapping[str, tuple[str, ...]]
    """The bar lengths of each symbol."""
    history: int
    """Sessions that a symbol without any bar gets."""

    def __call__(self, symbol: str) -> Enriched:
        """Prices, features and quality of a symbol.  Raises PassesByItself and SymbolFailed."""
        try:
            with self.pipeline.database.connect(autocommit=True, name="enrichment") as connection:
                return self._enrich(connection, symbol)
        except (DatabaseUnavailable, psycopg.OperationalError) as error:
            raise PassesByItself(f"the database went away: {str(error).strip()}") from error

    def _enrich(self, connection: Connection, symbol: str) -> Enriched:
        done, timeframes = Enriched(), self.timeframes[symbol]
        for timeframe in timeframes:
            done += self._prices(connection, symbol, timeframe)
        wrong: dict[str, str] = {}
        for timeframe in timeframes:
            try:
                done += self._features(connection, symbol, timeframe)
            except psycopg.OperationalError:
                raise
            except Exception as error:  # noqa: BLE001 - of any series: it is remembered, and what else there is goes on
                wrong[timeframe] = f"{type(error).__name__}: {error}"
        self.log.features_failed([FeatureFailure(symbol, timeframe, said) for timeframe, said in wrong.items()])
        self.log.features_computed([(symbol, timeframe) for timeframe in timeframes if timeframe not in wrong])
        now, sessions = self.pipeline.clock(), self.pipeline.sessions
        measure_quality(connection, [symbol], sessions=sessions, now=now, run_id=self.run_id, datasets=MEASURED)
        if wrong:
            raise SymbolFailed("; ".join(f"{timeframe} features: {said}" for timeframe, said in wrong.items()))
        return done

    def _prices(self, connection: Connection, symbol: str, timeframe: str) -> Enriched:
        """Fetch the bars that are missing."""
        sessions, now = self.pipeline.sessions, self.pipeline.clock()
        days = missing_sessions(last_bar(connection, symbol, timeframe), sessions, now, self.history)
        if not days:
            return Enriched()
        done = self.pipeline.market_data.refresh(
            PRICES,
            [symbol],
            window=Window(days[0], days[-1]),
            timeframe=timeframe,
            partition_key=range_key([key_of(day) for day in days]),
        )
        errors = done.report.failed.get(symbol)
        if errors is not None:
            said = f"{timeframe} prices: " + "; ".join(f"{vendor}: {error}" for vendor, error in errors.items())
            passes = any(passes_by_itself(error, self.pipeline.clock()) for error in errors.values())
            raise PassesByItself(said) if passes else SymbolFailed(said)
        return Enriched(prices=done.written, price_sessions=done.rows_by_day)

    def _features(self, connection: Connection, symbol: str, timeframe: str) -> Enriched:
        sessions, now = self.pipeline.sessions, self.pipeline.clock()
        computed = compute_features(connection, symbol, timeframe, sessions=sessions, now=now, run_id=self.run_id)
        return Enriched(features=computed.written, feature_sessions=Counter(computed.rows_by_session))


def passes_by_itself(error: ProviderError, now: datetime) -> bool:
    """Whether asking again in some seconds may do better: an outage, or a vendor whose turn is near.  Pure."""
    if isinstance(error, NotAsked):
        return error.until is not None and error.until <= now + PATIENCE
    return isinstance(error, Unavailable)


def enrich(context: dg.OpExecutionContext, config: EnrichmentConfig, pipeline: Pipeline) -> Summary[Enriched]:
    """Enrich the active symbols, tell the execution log how each is doing, and Dagster what there is then.

    Raises dg.Failure, not to be retried, for what the caller got wrong, and when not one symbol could be enriched.
    """
    settings = load_settings()
    with pipeline.database.connect(name="universe") as connection:
        chosen = chosen_symbols(tracked_symbols(connection), config)
    timeframes: dict[str, tuple[str, ...]] = {}
    for timeframe, symbols in by_timeframe(FEATURES, config.timeframes, chosen).items():
        for symbol in symbols:
            timeframes[symbol] = (*timeframes.get(symbol, ()), timeframe)
    with execution(context, pipeline.database, "enrichment") as log:
        log.plan("", [SymbolStatus(symbol=symbol, status="pending") for symbol in timeframes])
        work = SymbolWork(pipeline, log, context.run_id, timeframes, settings.history_sessions)
        enrichment = Enrichment(work, _telling(log), concurrency=settings.enrichment_concurrency)
        summary = enrichment.run(list(timeframes), Progress(context.log.info).tell)
        _conclude(context, summary)
    return summary


def _telling(log: ExecutionLog) -> Tell[Enriched]:
    def tell(
        symbol: str, status: State, *, retries: int, error: str | None = None, done: Enriched | None = None
    ) -> None:
        found = Enriched() if done is None else done
        log.note(
            [
                SymbolStatus(
                    symbol=symbol,
                    status=status,
                    records_processed=found.prices.rows,
                    records_inserted=found.prices.inserted,
                    records_updated=found.prices.updated,
                    features_computed=found.features.rows,
                    retry_count=retries,
                    error_message=error,
                )
            ]
        )

    return tell


def _conclude(context: dg.OpExecutionContext, summary: Summary[Enriched]) -> None:
    """Report prices and features of the sessions that have some as materialised, and fail where nothing was enriched."""
    done = sum(summary.done.values(), Enriched())
    context.add_output_metadata(
        {
            "successful": len(summary.done),
            "failed": len(summary.failed),
            "retried": len(summary.retried),
            "total_records_inserted": done.prices.inserted,
            "total_records_updated": done.prices.updated,
            "features_computed": done.features.rows,
            "failed_sample": dg.MetadataValue.json(dict(list(summary.failed.items())[:SAMPLE])),
        }
    )
    for data_type, sessions in ((PRICES, done.price_sessions), (FEATURES, done.feature_sessions)):
        for day, rows in sorted(sessions.items()):
            metadata = {"dagster/partition_row_count": rows}
            context.log_event(dg.AssetMaterialization(data_type.name, partition=key_of(day), metadata=metadata))
    for symbol, said in list(summary.failed.items())[:SAMPLE]:
        context.log.warning("%s failed: %s", symbol, said)
    if summary.failed and not summary.done:
        first, said = next(iter(summary.failed.items()))
        raise dg.Failure(
            f"none of {len(summary.failed)} symbols could be enriched; {first}: {said}", allow_retries=False
        )
