"""The enrichment logs: views of what was fetched and what was computed."""

from datetime import UTC, datetime, timedelta

import pytest

from market_pipeline.storage.data_types import declare_data_types
from market_pipeline.storage.database import Database
from market_pipeline.tracking.executions import Execution, ExecutionLog, SymbolStatus
from market_pipeline.tracking.recorder import write_attempts
from market_pipeline_tests.postgres.test_statistics import attempt


@pytest.mark.parametrize(("outcome", "success"), [("success", True), ("no_data", True), ("malformed", False)])
def test_a_call_to_a_vendor_is_a_fetch(database: Database, outcome: str, success: bool) -> None:
    now = datetime.now(UTC)
    known = {"data_type": "news", "provider": "yahoo", "outcome": outcome, "response_time_ms": 7.0, "records": 3}
    with database.connect() as connection:
        write_attempts(connection, [attempt(now, ago=timedelta(0), **known)])
        rows = connection.execute(
            "SELECT fetched_at, data_type, source, symbols, success, records_fetched, response_time_ms FROM enrichment_fetch_log"
        ).fetchall()
    assert rows == [(now, "news", "yahoo", ["AAPL"], success, 3, 7.0)]


def test_a_series_that_was_computed_is_a_computation_and_one_that_was_fetched_is_not(database: Database) -> None:
    with database.connect(autocommit=True) as connection:
        declare_data_types(connection)
    for data_type, computed in (("price_features", 250), ("news", 0)):
        log = ExecutionLog(database, Execution(run_id="run", step=data_type, job="job", data_type=data_type))
        log.begin()
        log.plan("", [SymbolStatus(symbol=symbol, timeframe="1d", status="pending") for symbol in ("AAPL", "JPM")])
        log.note([SymbolStatus(symbol="AAPL", timeframe="1d", status="in_progress")])
        log.note(
            [
                SymbolStatus(symbol="AAPL", timeframe="1d", status="completed", features_computed=computed),
                SymbolStatus(symbol="JPM", timeframe="1d", status="failed", error_message="too few bars"),
            ]
        )
        log.finish()
        log.close()
    with database.connect() as connection:
        rows = connection.execute(
            "SELECT data_type, symbol, timeframe, success, features_computed, error_message, computation_time_ms >= 0"
            " FROM enrichment_compute_log ORDER BY symbol"
        ).fetchall()
    assert [row[:6] for row in rows] == [
        ("price_features", "AAPL", "1d", True, 250, None),
        ("price_features", "JPM", "1d", False, 0, "too few bars"),
    ]
    assert rows[0][6] is True
