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


def failed(runs: Runs, data_type: str, tags: Mapping[str, str] | None = None, **config: Any) -> dg.DagsterRun:
    """A run that ended before its step began."""
    return runs.instance.create_run_for_job(
        build_definitions().resolve_job_def(f"{data_type}_job"),
        run_config={"ops": {data_type: {"config": config}}},
        tags=dict(tags or {}),
        status=dg.DagsterRunStatus.FAILURE,
    )


def owed(runs: Runs) -> list[tuple[Any, ...]]:
    return runs.rows(
        "SELECT data_type, symbol, partition_key, timeframe FROM failed_symbols ORDER BY data_type, symbol, timeframe"
    )


def test_its_symbols_are_owed_with_the_reason_and_a_time(runs: Runs) -> None:
    run = failed(runs, "company_info", symbols=["AAPL"])
    said = runs.tick(failed_runs_sensor(lambda: NOW)).skip_message
    assert said == f"run {run.run_id[:8]}: 1 of company_info are owed"
    assert runs.rows("SELECT symbol, state, attempts, next_retry_at, errors, run_id FROM failed_symbols") == [
        ("AAPL", "waiting", 1, NOW + RETRY_AFTER[0], {PIPELINE: "the run failed"}, run.run_id)
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
    assert reasons == {"AAPL": {PIPELINE: "the run failed"}, "JPM": {"finnhub": "unavailable: HTTP 503"}}


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


def test_each_failure_is_looked_at_once(runs: Runs) -> None:
    failed(runs, "company_info", symbols=["AAPL"])
    cursor = runs.tick(failed_runs_sensor()).cursor
    with runs.database.connect() as connection:
        connection.execute("DELETE FROM failed_symbols")
    assert runs.tick(failed_runs_sensor(), cursor).skip_message == "no run has failed without a word"
