"""What is done for one symbol: its prices up to the last session, features of them, their quality.

Here belong the work and what of its errors passes by itself.  In which order symbols are worked on, and how often again, is
`pool`.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

import psycopg

from market_pipeline.computing.prices import LastBar, last_bar
from market_pipeline.computing.series import compute_features
from market_pipeline.datasets import DATASETS
from market_pipeline.enrichment.pool import PassesByItself, SymbolFailed
from market_pipeline.fetching.calls import NotAsked
from market_pipeline.partitions import key_of, range_key
from market_pipeline.providers.errors import ProviderError, Unavailable
from market_pipeline.providers.messages import Window
from market_pipeline.resources import Pipeline
from market_pipeline.sessions import Sessions
from market_pipeline.storage.database import Connection
from market_pipeline.storage.errors import DatabaseUnavailable
from market_pipeline.storage.upsert import Written
from market_pipeline.timetable import settled_sessions
from market_pipeline.tracking.executions import ExecutionLog, FeatureFailure
from market_pipeline.tracking.quality import measure_quality

PRICES = DATASETS["historical_prices"]
MEASURED = [dataset for dataset in DATASETS.values() if dataset.per_symbol]
PATIENCE = timedelta(seconds=8)  # a vendor's turn may be so far away for it to come within the retries


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
