"""The execution log: what it says while a step works, when it ends, and that it never stands in the way."""

import logging
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import psycopg
import pytest

from market_pipeline.storage.database import Database
from market_pipeline.storage.universe import TrackedSymbol, track
from market_pipeline.tracking import executions
from market_pipeline.tracking.executions import (
    LONGEST_ERROR,
    Execution,
    ExecutionLog,
    FeatureFailure,
    SymbolStatus,
    close_execution,
)
from market_pipeline.tracking.history import (
    PastExecution,
    last_executions,
    latest_of_symbols,
    open_feature_failures,
    past_executions,
    running_executions,
    symbols_of,
)


def execution(run: str = "run", step: str = "historical_prices", retry: int = 0) -> Execution:
    return Execution(run_id=run, step=step, job="prices_job", data_type="historical_prices", retry_number=retry)


@contextmanager
def opened(database: Database, **which: Any) -> Iterator[ExecutionLog]:
    with closing(ExecutionLog(database, execution(**which))) as log:
        log.begin()
        yield log


def of(status: Any, *symbols: str, **more: Any) -> list[SymbolStatus]:
    return [SymbolStatus(symbol=symbol, status=status, **more) for symbol in symbols]


def last(database: Database) -> PastExecution:
    with database.connect() as connection:
        (found,) = past_executions(connection, limit=1)
    return found


def states(database: Database) -> dict[str, tuple[Any, ...]]:
    with database.connect() as connection:
        rows = symbols_of(connection, last(database).execution_id)
    return {row.symbol: (row.status, row.retry_count, row.error_message, row.last_error) for row in rows}


def test_an_execution_is_running_with_pending_symbols_then_completed_with_what_they_came_to(database: Database) -> None:
    with database.connect() as connection:
        track(connection, [TrackedSymbol("AAPL", asset_class="etf")])
    with opened(database) as log:
        log.plan("2026-11-20", of("pending", "AAPL", "MSFT", "ZZTOP"))
        running = last(database)
        assert (running.status, running.total_symbols, running.completed_at, running.success_rate) == (
            "running",
            3,
            None,
            None,
        )
        assert states(database) == dict.fromkeys(("AAPL", "MSFT", "ZZTOP"), ("pending", 0, None, None))
        log.note(of("in_progress", "AAPL", "MSFT", "ZZTOP"))
        log.note(of("completed", "AAPL", "MSFT", records_processed=7, records_inserted=5, records_updated=2))
        log.note(of("failed", "ZZTOP", error_message="nobody knows it"))
        log.finish()
    done = last(database)
    assert (done.run_id, done.job, done.data_type, done.partition_key) == (
        "run",
        "prices_job",
        "historical_prices",
        "2026-11-20",
    )
    assert (done.status, done.error_message, done.total_symbols) == ("completed", None, 3)
    assert (done.successful_symbols, done.failed_symbols, done.retried_symbols) == (2, 1, 0)
    assert done.success_rate == pytest.approx(200 / 3)
    assert (done.total_records_processed, done.total_records_inserted, done.total_records_updated) == (14, 10, 4)
    assert done.completed_at is not None
    assert done.duration_seconds == pytest.approx((done.completed_at - done.started_at).total_seconds())
    with database.connect() as connection:
        aapl, _, zztop = symbols_of(connection, done.execution_id)
    assert (aapl.asset_class, zztop.asset_class) == ("etf", None)
    assert (aapl.started_at is not None, aapl.completed_at is not None, aapl.duration_seconds is not None) == (
        True,
    ) * 3
    assert (zztop.status, zztop.error_message) == ("failed", "nobody knows it")


def test_a_retry_of_a_step_continues_its_execution(database: Database) -> None:
    with opened(database) as log:
        log.plan("", of("pending", "AAPL", "MSFT", "ZZTOP"))
        log.note([*of("completed", "AAPL", records_processed=1), *of("failed", "MSFT", error_message="HTTP 503")])
        log.pause("two of three could not be fetched")
    paused = last(database)
    assert (paused.status, paused.error_message, paused.completed_at) == (
        "running",
        "two of three could not be fetched",
        None,
    )
    assert states(database) == {
        "AAPL": ("completed", 0, None, None),
        "MSFT": ("retry", 0, None, "HTTP 503"),
        "ZZTOP": ("retry", 0, None, "two of three could not be fetched"),
    }
    with opened(database, retry=1) as log:
        log.plan("", of("pending", "MSFT", "ZZTOP"))
        log.note(of("completed", "MSFT", records_processed=1))
        log.finish()
    done = last(database)
    assert (done.execution_id, done.started_at) == (paused.execution_id, paused.started_at)
    assert (done.status, done.total_symbols, done.successful_symbols, done.failed_symbols) == ("completed", 3, 2, 1)
    assert (done.total_records_processed, done.retried_symbols) == (2, 2)
    assert states(database)["MSFT"] == ("completed", 1, None, "HTTP 503")
    assert states(database)["ZZTOP"][0] == "failed"


def test_what_is_closed_with_an_error_leaves_no_symbol_open(database: Database) -> None:
    with opened(database) as log:
        log.plan("", [*of("completed", "AAPL"), *of("in_progress", "MSFT"), *of("pending", "XOM")])
    with database.connect() as connection:
        close_execution(connection, execution().execution_id, "its worker was killed")
    done = last(database)
    assert (done.status, done.error_message, done.successful_symbols, done.failed_symbols) == (
        "failed",
        "its worker was killed",
        1,
        2,
    )
    assert {symbol: row[:3] for symbol, row in states(database).items()} == {
        "AAPL": ("completed", 0, None),
        "MSFT": ("failed", 0, "its worker was killed"),
        "XOM": ("failed", 0, "its worker was killed"),
    }


def test_a_symbol_with_two_bar_lengths_is_one_symbol_and_good_only_if_both_are(database: Database) -> None:
    with opened(database) as log:
        log.plan("", [*of("pending", "AAPL", "MSFT", timeframe="1d"), *of("pending", "AAPL", "MSFT", timeframe="1h")])
        log.note([*of("completed", "AAPL", "MSFT", timeframe="1d"), *of("completed", "AAPL", timeframe="1h")])
        log.note(of("failed", "MSFT", timeframe="1h", error_message="no bars"))
        log.finish()
    done = last(database)
    assert (done.total_symbols, done.successful_symbols, done.failed_symbols) == (2, 1, 1)


def test_steps_and_runs_have_executions_of_their_own(database: Database) -> None:
    for which in ({"run": "a"}, {"run": "b"}, {"run": "b", "step": "refresh_news"}):
        with opened(database, **which) as log:
            log.finish()
    with database.connect() as connection:
        found = past_executions(connection, limit=10)
    assert [one.run_id for one in found] == ["b", "b", "a"]
    assert len({one.execution_id for one in found}) == 3


def test_an_execution_without_symbols_has_no_success_rate(database: Database) -> None:
    with opened(database) as log:
        log.plan("", [])
        log.finish()
    assert (last(database).total_symbols, last(database).success_rate) == (0, None)


def test_long_and_unstorable_errors_are_cut_and_cleaned(database: Database) -> None:
    with opened(database) as log:
        log.plan("", of("failed", "AAPL", error_message="\x00" + "x" * 3 * LONGEST_ERROR))
        log.finish("\x00" + "y" * 3 * LONGEST_ERROR)
    assert last(database).error_message == "y" * LONGEST_ERROR
    assert (
        states(database)["AAPL"][2] == "x" * (LONGEST_ERROR - 1) or states(database)["AAPL"][2] == "x" * LONGEST_ERROR
    )


def test_following_work_writes_now_and_then_and_only_what_changed(database: Database) -> None:
    now = [1000.0]
    asked = []

    def so_far(symbol: str) -> list[SymbolStatus]:
        asked.append(symbol)
        return of("completed", symbol)

    with closing(ExecutionLog(database, execution(), monotonic=lambda: now[0])) as log:
        log.begin()
        log.plan("", of("pending", "AAPL", "MSFT"))
        log.follow(lambda: so_far("AAPL"))
        log.follow(lambda: so_far("MSFT"))
        assert asked == ["AAPL"]
        now[0] += executions.FOLLOW_SECONDS
        with database.connect(autocommit=True) as connection:
            connection.execute("UPDATE symbol_computation_status SET retry_count = 9")  # to see what is written again
            log.follow(lambda: [*so_far("AAPL"), *so_far("MSFT")])
    assert {symbol: row[:2] for symbol, row in states(database).items()} == {
        "AAPL": ("completed", 9),
        "MSFT": ("completed", 0),
    }


def test_a_log_that_cannot_be_written_warns_once_and_raises_nothing(caplog: pytest.LogCaptureFixture) -> None:
    nowhere = Database("postgresql://nobody@127.0.0.1:1/nowhere")
    with caplog.at_level(logging.WARNING), closing(ExecutionLog(nowhere, execution())) as log:
        log.begin()
        log.plan("", of("pending", "AAPL"))
        log.note(of("completed", "AAPL"))
        log.follow(lambda: of("completed", "AAPL"))
        log.features_failed([FeatureFailure("AAPL", "1d", "division by zero")])
        log.features_computed([("AAPL", "1d")])
        log.pause("why")
        log.finish()
    (warning,) = caplog.messages
    assert "the execution log cannot be written, the run goes on: Cannot connect to" in warning


def test_after_its_connection_was_cut_the_log_goes_on_by_another_one(database: Database) -> None:
    with opened(database) as log:
        with database.connect(autocommit=True) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE application_name = 'market_pipeline execution log' AND datname = current_database()"
            )
        log.note(of("in_progress", "AAPL"))  # lost
        log.note(of("completed", "AAPL"))
        with database.connect() as connection:
            assert [one.held for one in running_executions(connection, 10)] == [True]
        log.finish()
    assert (last(database).status, last(database).successful_symbols) == ("completed", 1)


def test_what_is_interrupted_in_the_middle_of_a_statement_is_closed_all_the_same(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(connection: psycopg.Connection[Any], *_: Any) -> None:
        connection.pgconn.send_query(b"SELECT 1")
        raise KeyboardInterrupt

    with opened(database) as log:
        with monkeypatch.context() as patched:
            patched.setattr(psycopg.Connection, "execute", interrupted)
            with pytest.raises(KeyboardInterrupt):
                log.plan("2026-11-20", of("pending", "AAPL"))
        log.finish("the run was interrupted")
    assert last(database).error_message == "the run was interrupted"


def test_an_execution_is_held_as_long_as_its_process_has_the_log_open(database: Database) -> None:
    with opened(database, run="alive"), database.connect() as connection:
        with opened(database, run="gone"):
            pass
        with opened(database, run="done") as log:
            log.finish()
        found = running_executions(connection, 10)
    assert {one.run_id: one.held for one in found} == {"alive": True, "gone": False}
    assert all(0 <= one.silence.total_seconds() < 60 for one in found)


def test_a_feature_that_keeps_failing_is_one_open_failure_until_it_is_computed(database: Database) -> None:
    failures = [FeatureFailure("AAPL", "1d", "too few bars"), FeatureFailure("XOM", "1h", "division by zero")]
    with opened(database) as log:
        log.features_failed(failures[:1])
        log.features_failed(failures)
        log.features_computed([("XOM", "1d"), ("MSFT", "1h")])
    with database.connect() as connection:
        found = {one.symbol: one for one in open_feature_failures(connection, 10)}
    assert {symbol: (one.timeframe, one.error_message, one.retry_count) for symbol, one in found.items()} == {
        "AAPL": ("1d", "too few bars", 1),
        "XOM": ("1h", "division by zero", 0),
    }
    assert {one.execution_id for one in found.values()} == {execution().execution_id}
    with opened(database, run="later") as log:
        log.features_computed([("AAPL", "1d")])
        log.features_failed(failures)
        log.features_computed([])
    with database.connect() as connection:
        found = {one.symbol: one for one in open_feature_failures(connection, 10)}
        rows = connection.execute("SELECT count(*) FROM feature_computation_failures").fetchone()
    assert {symbol: one.retry_count for symbol, one in found.items()} == {"AAPL": 0, "XOM": 1}
    assert rows == (3,), "the resolved failure stays on record"


def test_of_each_symbol_the_last_execution_that_it_was_part_of_is_told(database: Database) -> None:
    for run, symbols in (("a", ["AAPL", "MSFT"]), ("b", ["MSFT"]), ("c", ["XOM"])):
        with opened(database, run=run) as log:
            log.note(of("completed", *symbols))
    with database.connect() as connection:
        found = latest_of_symbols(connection, ["AAPL", "MSFT", "ZZTOP"], execution().data_type)
        assert latest_of_symbols(connection, ["AAPL"], "news") == {}
    assert {symbol: one.execution_id for symbol, one in found.items()} == {
        "AAPL": execution(run="a").execution_id,
        "MSFT": execution(run="b").execution_id,
    }


def test_the_last_execution_of_a_weekly_data_type_is_found_behind_those_of_every_minute(database: Database) -> None:
    with database.connect() as connection:
        connection.execute(
            """
            INSERT INTO scheduler_execution_log
                (execution_id, run_id, job, data_type, started_at, completed_at, updated_at, status)
            SELECT gen_random_uuid(), 'quotes ' || n, 'job', 'stock_quotes', now() - n * interval '1 minute', now(), now(),
                CASE WHEN n = 0 THEN 'running' ELSE 'completed' END
            FROM generate_series(0, 300) AS n
            UNION ALL
            SELECT gen_random_uuid(), 'weekly', 'job', 'company_info', now() - interval '3 days', now(), now(), 'failed'
            """
        )
        found = last_executions(connection)
    assert [(one.data_type, one.run_id) for one in found] == [("company_info", "weekly"), ("stock_quotes", "quotes 1")]
