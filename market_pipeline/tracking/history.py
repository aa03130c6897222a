"""The execution log as it is read: what ran lately, what is running, how a symbol is doing.  Reading only.

Writing it belongs to `executions`.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from psycopg.rows import class_row

from market_pipeline.storage.database import Connection


@dataclass(frozen=True, slots=True, kw_only=True)
class PastExecution:
    """A row of `scheduler_execution_log`."""

    execution_id: UUID
    run_id: str
    job: str
    data_type: str
    partition_key: str
    started_at: datetime
    completed_at: datetime | None
    duration_seconds: float | None
    total_symbols: int
    successful_symbols: int
    failed_symbols: int
    total_records_processed: int
    total_records_inserted: int
    total_records_updated: int
    status: str
    error_message: str | None
    retried_symbols: int
    """Symbols that took more than one try."""
    success_rate: float | None
    """Successful symbols in percent; None without symbols, or while it is running."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SymbolProgress:
    """A row of `symbol_computation_status`, with the execution it belongs to."""

    symbol: str
    timeframe: str
    asset_class: str | None
    data_type: str
    execution_id: UUID
    status: str
    retry_count: int
    error_message: str | None
    last_error: str | None
    started_at: datetime | None
    completed_at: datetime | None
    duration_seconds: float | None
    records_processed: int
    records_inserted: int
    records_updated: int
    features_computed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenFailure:
    """A row of `feature_computation_failures` that is not resolved."""

    symbol: str
    timeframe: str
    error_message: str
    execution_id: UUID | None
    retry_count: int
    failed_at: datetime


@dataclass(frozen=True, slots=True)
class RunningExecution:
    """An execution that nobody has closed yet."""

    execution_id: UUID
    run_id: str
    held: bool
    """Whether the process that opened it is there."""
    silence: timedelta
    """How long ago it wrote last."""


_PAST = """
    SELECT execution_id, run_id, job, data_type, partition_key, started_at, completed_at, duration_seconds, total_symbols,
        successful_symbols, failed_symbols, total_records_processed, total_records_inserted, total_records_updated, status,
        error_message,
        (SELECT count(DISTINCT symbol) FROM symbol_computation_status AS one
         WHERE one.execution_id = past.execution_id AND retry_count > 0) AS retried_symbols,
        CASE WHEN status <> 'running'
            THEN 100.0::double precision * successful_symbols / nullif(successful_symbols + failed_symbols, 0) END AS success_rate
    FROM scheduler_execution_log AS past
"""

# A skip scan, which PostgreSQL does not do by itself: from one data type to the next by the index of both columns.
_LAST = f"""
    WITH RECURSIVE kind (data_type) AS (
        SELECT min(data_type) FROM scheduler_execution_log
        UNION ALL
        SELECT (SELECT min(data_type) FROM scheduler_execution_log WHERE data_type > kind.data_type)
        FROM kind WHERE kind.data_type IS NOT NULL
    )
    SELECT last.* FROM kind CROSS JOIN LATERAL (
        {_PAST} WHERE past.data_type = kind.data_type AND status <> 'running' ORDER BY started_at DESC LIMIT 1
    ) AS last
"""  # noqa: S608 - a constant

_PROGRESS = """
    SELECT one.symbol, one.timeframe, one.asset_class, past.data_type, one.execution_id, one.status, one.retry_count,
        one.error_message, one.last_error, one.started_at, one.completed_at, one.duration_seconds, one.records_processed,
        one.records_inserted, one.records_updated, one.features_computed
    FROM symbol_computation_status AS one JOIN scheduler_execution_log AS past USING (execution_id)
"""

# From the newest execution back: the symbol's own rows are mostly of data types that run many times a day.
_LATEST = f"""
    SELECT latest.* FROM unnest(%s::text[]) AS wanted (symbol) CROSS JOIN LATERAL (
        {_PROGRESS} WHERE past.data_type = %s AND one.symbol = wanted.symbol ORDER BY past.started_at DESC LIMIT 1
    ) AS latest
"""  # noqa: S608 - a constant


def past_executions(connection: Connection, limit: int, *, data_type: str | None = None) -> list[PastExecution]:
    """The last executions, those that are running included, newest first."""
    with connection.cursor(row_factory=class_row(PastExecution)) as cursor:
        return cursor.execute(
            _PAST
            + " WHERE %(data_type)s::text IS NULL OR data_type = %(data_type)s ORDER BY started_at DESC LIMIT %(limit)s",
            {"data_type": data_type, "limit": limit},
        ).fetchall()


def last_executions(connection: Connection) -> list[PastExecution]:
    """The last execution of each data type that has ended, by data type."""
    with connection.cursor(row_factory=class_row(PastExecution)) as cursor:
        return cursor.execute(_LAST).fetchall()


def past_execution(connection: Connection, execution_id: UUID) -> PastExecution | None:
    with connection.cursor(row_factory=class_row(PastExecution)) as cursor:
        return cursor.execute(_PAST + " WHERE execution_id = %s", [execution_id]).fetchone()


def symbols_of(connection: Connection, execution_id: UUID) -> list[SymbolProgress]:
    """How each symbol of an execution is doing, by symbol."""
    with connection.cursor(row_factory=class_row(SymbolProgress)) as cursor:
        return cursor.execute(
            _PROGRESS + " WHERE one.execution_id = %s ORDER BY one.symbol, one.timeframe", [execution_id]
        ).fetchall()


def latest_of_symbols(connection: Connection, symbols: Collection[str], data_type: str) -> dict[str, SymbolProgress]:
    """How symbols do in their last execution of a data type; those that were in none are left out."""
    with connection.cursor(row_factory=class_row(SymbolProgress)) as cursor:
        return {one.symbol: one for one in cursor.execute(_LATEST, [list(symbols), data_type])}


def open_feature_failures(connection: Connection, limit: int) -> list[OpenFailure]:
    """Features that cannot be computed at present, the latest failure first."""
    with connection.cursor(row_factory=class_row(OpenFailure)) as cursor:
        return cursor.execute(
            "SELECT symbol, timeframe, error_message, execution_id, retry_count, failed_at"
            " FROM feature_computation_failures WHERE NOT resolved ORDER BY failed_at DESC LIMIT %s",
            [limit],
        ).fetchall()


def running_executions(connection: Connection, limit: int) -> list[RunningExecution]:
    """Executions that are open, the oldest first.

    The lock that a living process holds (`ExecutionLog`) cannot be had; a lock that can is given back at the end of the
    transaction, which should follow at once.
    """
    with connection.cursor(row_factory=class_row(RunningExecution)) as cursor:
        return cursor.execute(
            """
            SELECT execution_id, run_id, now() - updated_at AS silence,
                NOT pg_try_advisory_xact_lock(hashtextextended(execution_id::text, 0)) AS held
            FROM (
                SELECT * FROM scheduler_execution_log WHERE status = 'running' ORDER BY started_at LIMIT %s
            ) AS open_ones
            """,
            [limit],
        ).fetchall()
