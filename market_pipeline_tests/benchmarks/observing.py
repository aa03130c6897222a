"""Questions about how things are, at a million attempts and 5,000 symbols of every data type: beside what they may take."""

from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import count
from typing import Any

import psycopg

from market_pipeline.datasets import DATASETS
from market_pipeline.sessions import Sessions
from market_pipeline.storage.data_types import declare_data_types
from market_pipeline.storage.database import Database
from market_pipeline.tracking.executions import Execution, ExecutionLog, SymbolStatus
from market_pipeline.tracking.freshness import Refresh, record_freshness
from market_pipeline.tracking.health import health
from market_pipeline.tracking.history import past_executions
from market_pipeline.tracking.staleness import staleness_report
from market_pipeline.tracking.statistics import provider_performance
from market_pipeline_tests.benchmarks.measure import Result, per_second

ATTEMPTS, SYMBOLS, EXECUTIONS = 1_000_000, 5_000, 1_000
ROUNDS = 3
XNYS = Sessions()

# Thirty days, every vendor for every data type, response times around 150 ms.
FILL = """
    INSERT INTO fetch_attempts (attempted_at, run_id, data_type, provider, endpoint, symbols, outcome, response_time_ms, records)
    SELECT now() - random() * interval '30 days', 'run', (%(data_types)s::text[])[1 + floor(random() * %(kinds)s)::int],
        'vendor ' || floor(random() * 13), 'Quote', '{AAPL}',
        (ARRAY['success', 'success', 'success', 'no_data', 'unavailable', 'rate_limited'])[1 + floor(random() * 6)::int],
        150 * exp(random_normal(0, 0.6)), 1
    FROM generate_series(1, %(attempts)s);
"""
AGE = """
    UPDATE data_freshness SET last_computed_at = now() - random() * interval '2 days', data_point_count = 10,
        fresh_until = now() + (random() - 0.3) * interval '2 days',
        stale_at = now() + interval '2 days' + random() * interval '2 days'
    WHERE random() < 0.98
"""
RAN = """
    INSERT INTO scheduler_execution_log (execution_id, run_id, job, data_type, started_at, completed_at, updated_at, status)
    SELECT gen_random_uuid(), 'run ' || n, 'job', (%(data_types)s::text[])[1 + n %% %(kinds)s], now() - n * interval '1 hour',
        now() - n * interval '1 hour', now(), 'completed'
    FROM generate_series(1, %(executions)s) AS n
"""


def run(database: Database) -> Iterator[Result]:
    execution = Execution(run_id="bench", step="bench", job="bench", data_type="news")
    with database.connect(autocommit=True) as connection, closing(ExecutionLog(database, execution)) as log:
        _fill(connection)
        log.begin()
        rows = count(1)
        asked: dict[str, tuple[float, Callable[[], object]]] = {
            "health": (0.05, lambda: health(connection, datetime.now(UTC))),
            "staleness report": (0.1, lambda: staleness_report(connection)),
            "execution history": (0.05, lambda: past_executions(connection, 20)),
            "provider performance, ever": (0.1, lambda: provider_performance(connection)),
            "provider performance, a day": (0.1, lambda: provider_performance(connection, window=timedelta(days=1))),
            "freshness of 100 symbols written": (0.02, partial(_refresh, connection)),
            "a symbol's progress logged": (0.001, lambda: log.note([_progress(next(rows))])),
        }
        for _ in range(ROUNDS):
            floor = per_second(partial(_once, lambda: connection.execute("SELECT 1").fetchone()), rounds=99)
            for what, (allowed, ask) in asked.items():
                measured = per_second(partial(_once, ask), rounds=21)
                yield Result(what, "/s", measured, 1 / allowed, f"{1000 * allowed:.0f} ms", 1.0)
                yield Result(what, "/s", measured, floor, "SELECT 1")


def _fill(connection: psycopg.Connection[Any]) -> None:
    known = {"data_types": list(DATASETS), "kinds": len(DATASETS), "attempts": ATTEMPTS, "executions": EXECUTIONS}
    declare_data_types(connection)
    connection.execute(
        "INSERT INTO tracked_symbols (symbol) SELECT 'S' || n FROM generate_series(1, %s) AS n", [SYMBOLS]
    )
    connection.execute(FILL, known)
    connection.execute(AGE)
    connection.execute(RAN, known)
    connection.execute("VACUUM ANALYZE")


def _refresh(connection: psycopg.Connection[Any]) -> None:
    now = datetime.now(UTC)
    refreshes = [Refresh(symbol=f"S{number}", as_of=now, data_points=3) for number in range(1, 101)]
    record_freshness(connection, DATASETS["news"], refreshes, sessions=XNYS, now=now)


def _progress(rows: int) -> SymbolStatus:
    return SymbolStatus(symbol="S1", status="in_progress", records_processed=rows)


def _once(ask: Callable[[], object]) -> int:
    ask()
    return 1
