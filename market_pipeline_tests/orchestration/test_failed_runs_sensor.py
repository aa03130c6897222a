"""Runs that failed before they could say anything: what they were about is owed, and nothing else."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import dagster as dg
import pytest

from market_pipeline.definitions import build_definitions
from market_pipeline.sensors.failed_runs import PIPELINE, failed_runs_sensor
from market_pipeline.tracking.failed_symbols import RETRY_AFTER
from market_pipeline_tests.orchestration.conftest import TRACKED, Runs, range_tags

NOW = datetime.now(UTC)  # runs are created by the machine's clock


def failed(
    runs: Runs, data_type: str, tags: Mapping[str, str] | None = None, at: datetime = NOW, **config: Any
) -> dg.DagsterRun:
    """A run that ended before its step began, as a worker tells whose clock says `at`."""
    run = started(runs, data_type, tags, **config)
    runs.instance.handle_new_event(failure(run, at))
    return run


def started(runs: Runs, data_type: str, tags: Mapping[str, str] | None = None, **config: Any) -> dg.DagsterRun:
    return runs.instance.create_run_for_job(
        build_definitions().resolve_job_def(f"{data_type}_job"),
        run_config={"ops": {data_type: {"config": config}}},
        tags=dict(tags or {}),
        status=dg.DagsterRunStatus.STARTED,
    )


def failure(run: dg.DagsterRun, at: datetime) -> dg.EventLogEntry:
    event = dg.DagsterEvent(dg.DagsterEventType.RUN_FAILURE.value, run.job_name, message="the worker was killed")
    return dg.EventLogEntry(
        error_info=None,
        level="error",
        user_message="",
        run_id=run.run_id,
        timestamp=at.timestamp(),
        job_name=run.job_name,
        dagster_event=event,
    )


def owed(runs: Runs) -> list[tuple[Any, ...]]:
    return runs.rows(
        "SELECT data_type, symbol, partition_key, timeframe FROM failed_symbols ORDER BY data_type, symbol, timeframe"
    )


def test_its_symbols_are_owed_with_the_reason_and_a_time(runs: Runs) -> None:
    run = failed(runs, "company_info", symbols=["AAPL"])
    said = runs.tick(failed_runs_sensor(lambda: NOW)).skip_message
    assert said == f"run {run.run_id[:8]}: 1 of company_info will be retried"
    assert runs.rows("SELECT symbol, state, attempts, next_retry_at, errors, run_id FROM failed_symbols") == [
        ("AAPL", "waiting", 1, NOW + RETRY_AFTER[0], {PIPELINE: "the worker was killed"}, run.run_id)
    ]


def test_of_a_run_that_named_nothing_every_active_symbol_is(runs: Runs) -> None:
    failed(runs, "news")
    runs.tick(failed_runs_sensor())
    assert [symbol for _, symbol, _, _ in owed(runs)] == sorted(TRACKED)


@pytest.mark.parametrize(
    ("tags", "partition"),
    [
        ({"dagster/partition": "2026-05-28"}, "2026-05-28"),
        (range_tags("2026-05-26", "2026-05-28"), "2026-05-26...2026-05-28"),
    ],
)
def test_sessions_and_lengths_of_bars_are_those_of_the_run(runs: Runs, tags: dict[str, str], partition: str) -> None:
    failed(runs, "historical_prices", tags, symbols=["AAPL"], timeframes=["1d", "1h"])
    runs.tick(failed_runs_sensor())
    assert owed(runs) == [("historical_prices", "AAPL", partition, timeframe) for timeframe in ("1d", "1h")]


def test_of_a_range_of_symbols_those_between_its_ends_are(runs: Runs) -> None:
    runs.instance.add_dynamic_partitions("symbols", ["XOM", "AAPL", "MSFT", "JPM"])
    failed(runs, "dividends", range_tags("AAPL", "MSFT"))
    runs.tick(failed_runs_sensor())
    assert [symbol for _, symbol, _, _ in owed(runs)] == ["AAPL", "MSFT"]


def test_what_was_answered_or_is_owed_since_is_left_alone(runs: Runs) -> None:
    failed(runs, "company_info", symbols=["AAPL", "JPM", "MSFT"])
    later = datetime.now(UTC) + timedelta(seconds=1)
    runs.fail("company_info", "JPM", at=later)
    with runs.database.connect() as connection:
        connection.execute(
            "INSERT INTO cached_answers VALUES ('company_info', 'MSFT', '', '(,)', 'fmp', 1, 'other', %(at)s, %(at)s)",
            {"at": later},
        )
    runs.tick(failed_runs_sensor())
    reasons = dict(runs.rows("SELECT symbol, errors FROM failed_symbols"))
    assert reasons == {"AAPL": {PIPELINE: "the worker was killed"}, "JPM": {"finnhub": "unavailable: HTTP 503"}}


def test_what_was_answered_before_the_run_was_asked_for_does_not_count(runs: Runs) -> None:
    with runs.database.connect() as connection:
        connection.execute(
            "INSERT INTO cached_answers VALUES ('company_info', 'AAPL', '', '(,)', 'fmp', 1, 'other', %(at)s, %(at)s)",
            {"at": NOW - timedelta(hours=1)},
        )
    failed(runs, "company_info", symbols=["AAPL"])
    runs.tick(failed_runs_sensor())
    assert [symbol for _, symbol, _, _ in owed(runs)] == ["AAPL"]


@pytest.mark.parametrize(
    ("data_type", "tags", "config"),
    [
        ("company_info", {"dagster/will_retry": "true"}, {}),
        ("company_info", {}, {"symbols": ["NOPE"]}),
        ("historical_prices", {"dagster/partition": "2026-05-30"}, {}),
        ("annual_returns", {}, {}),
    ],
    ids=["Dagster begins it again", "an unknown symbol", "no session", "computed, not fetched"],
)
def test_nothing_is_owed_of_a_run_that(
    runs: Runs, data_type: str, tags: dict[str, str], config: dict[str, Any]
) -> None:
    failed(runs, data_type, tags, **config)
    assert runs.tick(failed_runs_sensor()).skip_message == "no run has failed without a word"
    assert owed(runs) == []


def test_a_failure_that_a_machine_tells_whose_clock_is_behind_is_seen(runs: Runs) -> None:
    failed(runs, "company_info", symbols=["AAPL"])
    cursor = runs.tick(failed_runs_sensor()).cursor
    failed(runs, "company_info", at=NOW - timedelta(hours=1), symbols=["MSFT"])
    runs.tick(failed_runs_sensor(), cursor)
    assert [symbol for _, symbol, _, _ in owed(runs)] == ["AAPL", "MSFT"]


def test_a_failure_whose_run_is_not_marked_yet_is_seen_with_the_next_tick(runs: Runs) -> None:
    run = started(runs, "company_info", symbols=["AAPL"])
    runs.instance.event_log_storage.store_event(failure(run, NOW))
    cursor = runs.tick(failed_runs_sensor()).cursor
    assert owed(runs) == []
    runs.instance.run_storage.handle_run_event(run.run_id, failure(run, NOW).get_dagster_event())
    runs.tick(failed_runs_sensor(), cursor)
    assert [symbol for _, symbol, _, _ in owed(runs)] == ["AAPL"]


def test_each_failure_is_looked_at_twice_and_never_again(runs: Runs) -> None:
    failed(runs, "company_info", symbols=["AAPL"])
    cursor = runs.tick(failed_runs_sensor()).cursor
    cursor = runs.tick(failed_runs_sensor(), cursor).cursor
    with runs.database.connect() as connection:
        connection.execute("DELETE FROM failed_symbols")
    assert runs.tick(failed_runs_sensor(), cursor).skip_message == "no run has failed without a word"


@pytest.mark.parametrize("cursor", [None, "2026-05-29T18:00:00+00:00"], ids=["none", "of an older version, a time"])
def test_without_a_cursor_failures_of_the_last_day_are_looked_at(runs: Runs, cursor: str | None) -> None:
    failed(runs, "company_info", at=NOW - timedelta(days=2), symbols=["AAPL"])
    first = runs.tick(failed_runs_sensor(lambda: NOW), cursor)
    assert first.skip_message == "no run has failed without a word"
    failed(runs, "company_info", symbols=["MSFT"])
    second = runs.tick(failed_runs_sensor(lambda: NOW), first.cursor)
    runs.tick(failed_runs_sensor(lambda: NOW), second.cursor)
    assert [symbol for _, symbol, _, _ in owed(runs)] == ["MSFT"]
