"""Old tracking goes, in batches that nobody waits for; what is new, or still true, stays."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from market_pipeline.storage.database import Database
from market_pipeline.tracking import retention
from market_pipeline.tracking.retention import MAY_GO, cleanup

NOW = datetime(2026, 11, 22, 7, tzinfo=UTC)
DAYS = 30
OLD, NEW = NOW - timedelta(days=DAYS, seconds=1), NOW - timedelta(days=DAYS)

# One row of each table, at the time %(at)s.
ROWS = {
    "fetch_attempts": "INSERT INTO fetch_attempts (attempted_at, run_id, data_type, provider, endpoint, symbols, outcome,"
    " response_time_ms) VALUES (%(at)s, 'run', 'news', 'yahoo', 'news/Search', '{AAPL}', 'success', 1)",
    "provider_events": "INSERT INTO provider_events (at, provider, scope, from_state, to_state, reason)"
    " VALUES (%(at)s, 'yahoo', '', 'ready', 'throttled', 'why')",
    "rejected_records": "INSERT INTO rejected_records (provider, data_type, payload_hash, reason, payload, run_id,"
    " first_seen_at, last_seen_at) VALUES ('yahoo', 'news', %(id)s, 'why', '{}', 'run', '2020-01-01', %(at)s)",
    "failed_symbols": "INSERT INTO failed_symbols (data_type, symbol, partition_key, state, attempts, first_failed_at,"
    " last_failed_at, errors, run_id) VALUES ('news', %(id)s, '', 'exhausted', 4, '2020-01-01', %(at)s, '{}', 'run')",
    "feature_computation_failures": "INSERT INTO feature_computation_failures (symbol, timeframe, error_message, resolved,"
    " failed_at) VALUES ('AAPL', '1d', 'why', true, %(at)s)",
    "alerts": "INSERT INTO alerts (name, subject, severity, message, first_seen_at, last_seen_at, closed_at)"
    " VALUES ('Rule', %(id)s, 'warning', 'why', '2020-01-01', %(at)s, %(at)s)",
    "attempt_counts": "INSERT INTO attempt_counts VALUES ('hour', %(at)s, 'yahoo', 'news', 'success', 1, 1, 1)",
    "attempt_latencies": "INSERT INTO attempt_latencies VALUES ('hour', %(at)s, 'yahoo', 'news', 1, 1)",
    "scheduler_execution_log": "INSERT INTO scheduler_execution_log (execution_id, run_id, job, data_type, started_at,"
    " updated_at, status) VALUES (%(uuid)s, 'run', 'job', 'news', %(at)s, %(at)s, 'completed')",
    "symbol_computation_status": "WITH one AS (INSERT INTO scheduler_execution_log (execution_id, run_id, job, data_type,"
    " started_at, updated_at, status) VALUES (%(uuid)s, 'run', 'job', 'news', %(at)s, %(at)s, 'completed')"
    " RETURNING execution_id) INSERT INTO symbol_computation_status (execution_id, symbol, status)"
    " SELECT execution_id, symbol, 'completed' FROM one, (VALUES ('AAPL'), ('MSFT')) AS named (symbol)",
}
# What is as old as can be and still true.
STILL_TRUE = {
    "failed_symbols": ROWS["failed_symbols"].replace("'exhausted'", "'waiting'"),
    "feature_computation_failures": ROWS["feature_computation_failures"].replace("true", "false"),
    "alerts": ROWS["alerts"].replace(" %(at)s, %(at)s)", " %(at)s, NULL)"),
    "attempt_counts": ROWS["attempt_counts"].replace("'hour'", "'day'"),
    "attempt_latencies": ROWS["attempt_latencies"].replace("'hour'", "'ever'"),
    "scheduler_execution_log": ROWS["scheduler_execution_log"].replace("'completed'", "'running'"),
    "symbol_computation_status": ROWS["symbol_computation_status"].replace("%(at)s, 'completed'", "%(at)s, 'running'"),
}


def insert(database: Database, query: str, *moments: datetime) -> None:
    with database.connect() as connection:
        for moment in moments:
            uuid = uuid4()
            connection.execute(query, {"at": moment, "id": str(uuid), "uuid": uuid})


def cleaned(database: Database) -> dict[str, int]:
    with database.connect() as connection:
        return cleanup(connection, DAYS, now=NOW)


def rows(database: Database, table: str) -> int:
    with database.connect() as connection:
        (found,) = connection.execute(f"SELECT count(*) FROM {table}").fetchone()
    return int(found)


@pytest.mark.parametrize("table", MAY_GO)
def test_what_is_older_goes_and_the_rest_stays(database: Database, table: str) -> None:
    insert(database, ROWS[table], OLD, OLD - timedelta(days=400), NEW, NOW)
    each = rows(database, table) // 4
    deleted = cleaned(database)
    assert (deleted[table], rows(database, table)) == (2 * each, 2 * each)
    assert not any(cleaned(database).values()), "a second time there is nothing left to do"


@pytest.mark.parametrize("table", STILL_TRUE)
def test_what_is_still_true_stays_however_old_it_is(database: Database, table: str) -> None:
    insert(database, STILL_TRUE[table], OLD - timedelta(days=400))
    there = rows(database, table)
    assert cleaned(database)[table] == 0
    assert rows(database, table) == there > 0


def test_more_rows_than_a_batch_holds_go_in_several_transactions(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "BATCH", 7)
    insert(database, ROWS["provider_events"], *[OLD] * 21, NEW)
    with database.connect(autocommit=True) as connection:
        (before,) = connection.execute("SELECT pg_current_xact_id()::text::bigint").fetchone() or (0,)
        assert cleanup(connection, DAYS, now=NOW)["provider_events"] == 21
        (after,) = connection.execute("SELECT pg_current_xact_id()::text::bigint").fetchone() or (0,)
    assert after - before > 3
    assert rows(database, "provider_events") == 1


def test_the_space_of_what_was_deleted_can_be_used_at_once(database: Database) -> None:
    insert(database, ROWS["provider_events"], *[OLD] * 50, NEW)
    assert cleaned(database)["provider_events"] == 50
    with database.connect() as connection:
        vacuumed = connection.execute(
            "SELECT relname FROM pg_stat_user_tables WHERE schemaname = 'public' AND last_vacuum IS NOT NULL"
        ).fetchall()
    assert vacuumed == [("provider_events",)], "and nothing else was worked on"


def test_a_row_that_somebody_works_with_is_not_waited_for(database: Database) -> None:
    insert(database, ROWS["rejected_records"], OLD, OLD)
    with database.connect() as busy:
        busy.execute("UPDATE rejected_records SET times_seen = 9 WHERE ctid = (SELECT min(ctid) FROM rejected_records)")
        assert cleaned(database)["rejected_records"] == 1
    assert rows(database, "rejected_records") == 1


def test_every_table_that_only_grows_is_cleaned(database: Database) -> None:
    """Rows that are numbered as they arrive are a log."""
    with database.connect() as connection:
        logs = connection.execute(
            "SELECT DISTINCT table_name FROM information_schema.columns"
            " WHERE table_schema = 'public' AND is_identity = 'YES'"
        ).fetchall()
    assert {name for (name,) in logs} <= set(MAY_GO)
    assert len(logs) >= 3
