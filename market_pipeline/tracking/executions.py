"""The execution log while it is written: what a step of a run is doing, symbol by symbol, and how it ended.

Here belongs every write to `scheduler_execution_log`, `symbol_computation_status` and `feature_computation_failures`.  If one
fails the step goes on, and the log is warned of once.  Reading the log belongs to `history`.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID, uuid5

import psycopg

from market_pipeline.storage.database import Connection, Database
from market_pipeline.storage.errors import StorageError
from market_pipeline.storage.texts import storable

FOLLOW_SECONDS = 1.0  # between two writes of a fetch under way: for people who watch, and cheap however many symbols
LONGEST_ERROR = 2_000  # characters: vendors send whole web pages
EXECUTIONS = UUID("5b0b6a5e-3c0f-4f6e-9a53-3c9f2f1f6f11")  # namespace of the ids, any constant will do

State = Literal["pending", "in_progress", "completed", "failed", "retry"]
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Execution:
    """One step of a run, for one data type (or kind of feature)."""

    run_id: str
    step: str
    job: str
    data_type: str
    retry_number: int = 0
    """0 for the step's first try."""

    @property
    def execution_id(self) -> UUID:
        """The same for every try of the step, so that a retry continues the execution."""
        return uuid5(EXECUTIONS, f"{self.run_id}/{self.step}")


@dataclass(frozen=True, slots=True, kw_only=True)
class SymbolStatus:
    """How a symbol of an execution is doing."""

    symbol: str
    status: State
    timeframe: str = ""
    records_processed: int = 0
    records_inserted: int = 0
    records_updated: int = 0
    features_computed: int = 0
    retry_count: int = 0
    """Its own retries, besides those of the step."""
    error_message: str | None = None


@dataclass(frozen=True, slots=True)
class FeatureFailure:
    """Why the features of a symbol could not be computed."""

    symbol: str
    timeframe: str
    error_message: str


class ExecutionLog:
    """Writes one execution, by a connection of its own; close it at the end.  No method raises for what the database does.

    Threads may share it.  While it is open it holds an advisory lock of the execution's id: that the lock is free tells
    others (`history.running_executions`) that the process is gone, whatever ended it.
    """

    def __init__(
        self, database: Database, execution: Execution, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._database = database
        self._execution = execution
        self._id = execution.execution_id
        self._connection: Connection | None = None
        self._warned = False
        self._written: dict[tuple[str, str], SymbolStatus] = {}
        self._monotonic = monotonic
        self._followed_at = 0.0
        self._lock = threading.RLock()

    @property
    def execution_id(self) -> UUID:
        return self._id

    def begin(self) -> None:
        """Open the execution, or open it again for a retry of its step."""
        one = self._execution
        self._execute(_BEGIN, {"run_id": one.run_id, "job": one.job, "data_type": one.data_type})

    def plan(self, partition_key: str, symbols: Sequence[SymbolStatus]) -> None:
        """What it is about: the partition, and every symbol that this try will work on."""
        self._execute(_PLAN, {"partition_key": partition_key, "symbols": len({one.symbol for one in symbols})})
        self.note(symbols)

    def note(self, symbols: Iterable[SymbolStatus]) -> None:
        """Write how symbols are doing, those that have changed since the last time."""
        latest = {(one.symbol, one.timeframe): one for one in symbols}
        with self._lock:
            changed = {key: one for key, one in latest.items() if self._written.get(key) != one}
            parameters = {"step_retries": self._execution.retry_number, **_columns(list(changed.values()))}
            if changed and self._execute(_NOTE, parameters):
                self._written |= changed

    def follow(self, symbols: Callable[[], Iterable[SymbolStatus]]) -> None:
        """`note` for work under way: call it as often as you like, it asks and writes once in FOLLOW_SECONDS."""
        if self._monotonic() - self._followed_at >= FOLLOW_SECONDS:
            self.note(symbols())
            self._followed_at = self._monotonic()

    def pause(self, error: str) -> None:
        """This try has failed and another one follows: what is not completed waits for it."""
        self._execute(_PAUSE, {"error": _storable(error)})

    def finish(self, error: str | None = None) -> None:
        """Close the execution: failed if there is an error, else completed.  Symbols that were not got have failed."""
        self._execute(_FINISH, {"error": _storable(error)})

    def features_failed(self, failures: Sequence[FeatureFailure]) -> None:
        """Remember features that could not be computed, each symbol and timeframe once; what had failed before counts up."""
        self._execute(
            _FEATURES_FAILED,
            {
                "symbols": [one.symbol for one in failures],
                "timeframes": [one.timeframe for one in failures],
                "errors": [_storable(one.error_message) for one in failures],
            },
        )

    def features_computed(self, computed: Sequence[tuple[str, str]]) -> None:
        """Resolve earlier failures of (symbol, timeframe) pairs that have been computed now."""
        symbols, timeframes = [symbol for symbol, _ in computed], [timeframe for _, timeframe in computed]
        self._execute(_FEATURES_COMPUTED, {"symbols": symbols, "timeframes": timeframes})

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()

    def _execute(self, query: str, parameters: dict[str, Any]) -> bool:
        """Whether it was executed.  After a failure, or an interruption, the next write connects anew."""
        try:
            with self._lock:
                self._connected().execute(query, {"execution_id": self._id, **parameters})
        except (psycopg.Error, StorageError) as error:
            if not self._warned:
                log.warning("the execution log cannot be written, the run goes on: %s", error)
            self._warned = True
            return False
        except BaseException:
            self.close()  # interrupted in the middle of a statement, perhaps: the end has to be written all the same
            raise
        return True

    def _connected(self) -> Connection:
        if self._connection is None or self._connection.closed:
            self._connection = self._database.connect(autocommit=True, name="execution log")
            self._connection.execute(_HOLD, [self._id])
        return self._connection


def close_execution(connection: Connection, execution_id: UUID, error: str | None) -> None:
    """Close an execution whose own process did not; the caller commits."""
    connection.execute(_FINISH, {"execution_id": execution_id, "error": _storable(error)})


# No write waits for the disk, which is most of what it would take.  What Dagster writes after it about the same run does, and
# takes along what was written before: a database that crashes has both or neither.
_HOLD = """
    SELECT pg_advisory_lock_shared(hashtextextended(%s::uuid::text, 0)), set_config('synchronous_commit', 'off', false)
"""

_BEGIN = """
    INSERT INTO scheduler_execution_log (execution_id, run_id, job, data_type, started_at, updated_at, status)
    VALUES (%(execution_id)s, %(run_id)s, %(job)s, %(data_type)s, now(), now(), 'running')
    ON CONFLICT (execution_id) DO UPDATE SET status = 'running', completed_at = NULL, error_message = NULL, updated_at = now()
"""

_PLAN = """
    UPDATE scheduler_execution_log
    SET partition_key = %(partition_key)s, total_symbols = greatest(total_symbols, %(symbols)s), updated_at = now()
    WHERE execution_id = %(execution_id)s
"""

# What the step's first try has completed stays so: a retry is served by its answers.
_NOTE = """
    WITH heard AS (UPDATE scheduler_execution_log SET updated_at = now() WHERE execution_id = %(execution_id)s)
    INSERT INTO symbol_computation_status AS old (execution_id, symbol, asset_class, timeframe, status, records_processed,
        records_inserted, records_updated, features_computed, started_at, completed_at, retry_count, error_message, last_error)
    SELECT %(execution_id)s, symbol, tracked.asset_class, one.timeframe, one.status, one.processed,
        one.inserted, one.updated, one.features,
        CASE WHEN one.status <> 'pending' THEN now() END,
        CASE WHEN one.status IN ('completed', 'failed') THEN now() END,
        greatest(one.retries, %(step_retries)s), CASE WHEN one.status = 'failed' THEN one.error END, one.error
    FROM unnest(%(symbol)s::text[], %(timeframe)s::text[], %(status)s::text[], %(records_processed)s::bigint[],
        %(records_inserted)s::bigint[], %(records_updated)s::bigint[], %(features_computed)s::integer[],
        %(retry_count)s::integer[], %(error_message)s::text[])
        AS one (symbol, timeframe, status, processed, inserted, updated, features, retries, error)
    LEFT JOIN tracked_symbols AS tracked USING (symbol)
    ON CONFLICT (execution_id, symbol, timeframe) DO UPDATE SET
        status = excluded.status, records_processed = excluded.records_processed,
        records_inserted = excluded.records_inserted, records_updated = excluded.records_updated,
        features_computed = excluded.features_computed, started_at = coalesce(old.started_at, excluded.started_at),
        completed_at = excluded.completed_at, retry_count = excluded.retry_count,
        error_message = excluded.error_message, last_error = coalesce(excluded.last_error, old.last_error)
    WHERE old.status <> 'completed' OR excluded.records_processed > 0
"""

_PAUSE = """
    WITH heard AS (
        UPDATE scheduler_execution_log SET updated_at = now(), error_message = %(error)s WHERE execution_id = %(execution_id)s
    )
    UPDATE symbol_computation_status
    SET status = 'retry', completed_at = NULL, last_error = coalesce(error_message, %(error)s), error_message = NULL
    WHERE execution_id = %(execution_id)s AND status <> 'completed'
"""

# What is counted is what the rows say once the open ones among them have failed with it.
_FINISH = """
    WITH ended AS (
        UPDATE symbol_computation_status
        SET status = 'failed', completed_at = now(), error_message = coalesce(last_error, %(error)s),
            last_error = coalesce(last_error, %(error)s)
        WHERE execution_id = %(execution_id)s AND status NOT IN ('completed', 'failed')
        RETURNING symbol
    ), by_symbol AS (
        SELECT symbol, bool_and(status = 'completed') AS good, sum(records_processed) AS processed,
            sum(records_inserted) AS inserted, sum(records_updated) AS updated
        FROM symbol_computation_status WHERE execution_id = %(execution_id)s GROUP BY symbol
    ), counted AS (
        SELECT count(*) FILTER (WHERE good) AS successful, count(*) FILTER (WHERE NOT good) AS failed,
            coalesce(sum(processed), 0) AS processed, coalesce(sum(inserted), 0) AS inserted,
            coalesce(sum(updated), 0) AS updated
        FROM by_symbol
    )
    UPDATE scheduler_execution_log
    SET status = CASE WHEN %(error)s::text IS NULL THEN 'completed' ELSE 'failed' END, error_message = %(error)s,
        completed_at = now(), updated_at = now(), successful_symbols = counted.successful, failed_symbols = counted.failed,
        total_records_processed = counted.processed, total_records_inserted = counted.inserted,
        total_records_updated = counted.updated
    FROM counted WHERE execution_id = %(execution_id)s
"""

_FEATURES_FAILED = """
    INSERT INTO feature_computation_failures AS old (symbol, timeframe, error_message, execution_id, failed_at)
    SELECT failed.*, %(execution_id)s, now()
    FROM unnest(%(symbols)s::text[], %(timeframes)s::text[], %(errors)s::text[]) AS failed
    ON CONFLICT (symbol, timeframe) WHERE NOT resolved DO UPDATE SET error_message = excluded.error_message,
        execution_id = excluded.execution_id, failed_at = excluded.failed_at, retry_count = old.retry_count + 1
"""

_FEATURES_COMPUTED = """
    UPDATE feature_computation_failures SET resolved = true
    FROM unnest(%(symbols)s::text[], %(timeframes)s::text[]) AS done (symbol, timeframe)
    WHERE feature_computation_failures.symbol = done.symbol AND feature_computation_failures.timeframe = done.timeframe
        AND NOT resolved
"""


def _columns(symbols: Sequence[SymbolStatus]) -> dict[str, list[Any]]:
    """The statuses as arrays, by field.  Pure."""
    names = [name for name in SymbolStatus.__slots__ if name != "error_message"]
    found = {name: [getattr(one, name) for one in symbols] for name in names}
    return {**found, "error_message": [_storable(one.error_message) for one in symbols]}


def _storable(error: str | None) -> str | None:
    return None if error is None else storable(error)[:LONGEST_ERROR]
