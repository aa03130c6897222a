"""Large tables: what is asked of them again and again goes by an index, as PostgreSQL's own counts of scans tell."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID

import psycopg
from psycopg.rows import TupleRow

from market_pipeline.computing.prices import first_changed, last_bar, splits_of
from market_pipeline.datasets import DATASETS
from market_pipeline.sessions import Sessions
from market_pipeline.storage.data_types import declare_data_types
from market_pipeline.storage.database import Database
from market_pipeline.storage.splits import flag_overtaken
from market_pipeline.storage.universe import TrackedSymbol, track
from market_pipeline.tracking.attempt_history import past_attempts
from market_pipeline.tracking.failed_symbols import retry_candidates
from market_pipeline.tracking.freshness import Refresh, record_freshness
from market_pipeline.tracking.health import health
from market_pipeline.tracking.history import (
    last_executions,
    latest_of_symbols,
    past_executions,
    running_executions,
    symbols_of,
)
from market_pipeline.tracking.quality import measure_quality
from market_pipeline.tracking.retention import cleanup
from market_pipeline.tracking.staleness import symbol_freshness
from market_pipeline.tracking.statistics import provider_history, tracking_statistics

LARGE = (
    "fetch_attempts",
    "symbol_computation_status",
    "scheduler_execution_log",
    "data_freshness",
    "failed_symbols",
    "historical_prices",
)
FILL = (
    """
    INSERT INTO fetch_attempts (attempted_at, run_id, data_type, provider, endpoint, symbols, outcome, response_time_ms, records)
    SELECT now() - n * interval '10 seconds', 'run ' || n / 100, 'news', 'vendor ' || n % 13, 'News', ARRAY['S' || n % 1000],
        (ARRAY['success', 'no_data', 'unavailable', 'rate_limited'])[1 + n % 4], 150, 1
    FROM generate_series(1, 100000) AS n
    """,
    """
    INSERT INTO scheduler_execution_log (execution_id, run_id, job, data_type, started_at, completed_at, updated_at, status)
    SELECT lpad(to_hex(n), 32, '0')::uuid, 'run ' || n, 'job', 'news', now() - n * interval '10 minutes', now(), now(),
        'completed'
    FROM generate_series(1, 5000) AS n
    """,
    """
    INSERT INTO symbol_computation_status (execution_id, symbol, status, started_at)
    SELECT execution_id, 'S' || n, 'completed', started_at FROM scheduler_execution_log, generate_series(1, 20) AS n
    """,
    """
    INSERT INTO failed_symbols (data_type, symbol, partition_key, state, attempts, first_failed_at, last_failed_at,
        next_retry_at, errors, run_id)
    SELECT 'news', 'S' || n, 'p' || n, CASE WHEN n % 100 = 0 THEN 'waiting' ELSE 'exhausted' END, 1, now(), now(),
        now() + interval '1 hour', '{}', 'run'
    FROM generate_series(1, 20000) AS n
    """,
    """
    INSERT INTO historical_prices (symbol, timeframe, bar_start, session, adjustment, open, high, low, close, flags, provider,
        fetched_at, run_id, series_provider)
    SELECT 'S' || n, '1d', day, day, 'split', 100, 100, 100, 100, '{}', 'yahoo', now(), 'run', 'yahoo'
    FROM generate_series(1, 1000) AS n, generate_series(current_date - 60, current_date, interval '1 day') AS day
    """,
    "VACUUM ANALYZE",
)
# They have a row for each symbol, and are no logs.
COUNT_ALL = {"health": {"data_freshness", "failed_symbols"}, "cleanup": {"failed_symbols"}}
TIMES = 12  # psycopg prepares a statement at its sixth time, and PostgreSQL may plan it for any parameters from then on
EXECUTION, NOW, DAY, XNYS = UUID(int=7), datetime.now(UTC), timedelta(days=1), Sessions()
NEWS, PRICES = DATASETS["news"], DATASETS["historical_prices"]

Connection = psycopg.Connection[TupleRow]
ASKED: dict[str, Callable[[Connection], object]] = {
    "health": lambda connection: health(connection, NOW),
    "statistics ever": lambda connection: tracking_statistics(connection),
    "statistics of a day": lambda connection: tracking_statistics(connection, data_type="news", window=DAY),
    "history by hour": lambda connection: provider_history(connection, since=NOW - 7 * DAY, provider="vendor 3"),
    "calls": lambda connection: past_attempts(connection, 50),
    "calls of a vendor": lambda connection: past_attempts(connection, 50, provider="vendor 3", data_type="news"),
    "calls of a run": lambda connection: past_attempts(connection, 50, run_id="run 30"),
    "calls about a symbol": lambda connection: past_attempts(connection, 50, symbol="S3"),
    "executions": lambda connection: past_executions(connection, 20),
    "executions of a data type": lambda connection: past_executions(connection, 20, data_type="news"),
    "last execution of each data type": lambda connection: last_executions(connection),
    "symbols of an execution": lambda connection: symbols_of(connection, EXECUTION),
    "last execution of symbols": lambda connection: latest_of_symbols(connection, ["S3", "S4"], "news"),
    "open executions": lambda connection: running_executions(connection, 100),
    "freshness of a symbol": lambda connection: symbol_freshness(connection, "S3"),
    "freshness written": lambda connection: record_freshness(
        connection, NEWS, [Refresh(symbol="S3", as_of=NOW, data_points=1)], sessions=XNYS, now=NOW
    ),
    "due retries": lambda connection: retry_candidates(connection, NOW),
    "quality of a symbol": lambda connection: measure_quality(
        connection, ["S3"], sessions=XNYS, now=NOW, run_id="run", datasets=[PRICES, NEWS]
    ),
    "last bar": lambda connection: last_bar(connection, "S3", "1d"),
    "bars that have changed": lambda connection: first_changed(connection, "S3", "1d", basis=1.0, within=None),
    "splits": lambda connection: splits_of(connection, "S3", XNYS),
    "bars before a split": lambda connection: flag_overtaken(connection, ["S3"], XNYS),
    "cleanup": lambda connection: cleanup(connection, 90, now=NOW),
}


def scans(connection: Connection) -> dict[str, int]:
    """How often each large table was read from end to end."""
    connection.execute("SELECT pg_stat_force_next_flush()")
    query = "SELECT relname, seq_scan FROM pg_stat_user_tables WHERE relname = ANY (%s)"
    return dict(connection.execute(query, [list(LARGE)]).fetchall())


def scanned(connection: Connection, ask: Callable[[Connection], object]) -> set[str]:
    before = scans(connection)
    for _ in range(TIMES):
        ask(connection)
    return {table for table, count in scans(connection).items() if count > before[table]}


def test_no_question_reads_a_large_table_from_end_to_end(database: Database) -> None:
    with database.connect(autocommit=True) as connection:
        declare_data_types(connection)
        track(connection, [TrackedSymbol(f"S{number}") for number in range(1, 1001)])
        for statement in FILL:
            connection.execute(statement)
        # A parallel worker counts its scan when it ends, which may be after the answer: at the expense of the next question.
        connection.execute("SET max_parallel_workers_per_gather = 0")
        assert scanned(connection, lambda one: one.execute("SELECT avg(records) FROM fetch_attempts")) == {
            "fetch_attempts"
        }
        found = {what: scanned(connection, ask) for what, ask in ASKED.items()}
    assert {what: tables - COUNT_ALL.get(what, set()) for what, tables in found.items()} == {
        what: set() for what in ASKED
    }
