"""The hourly check: the table says how fresh everything is, and what Dagster says of each asset."""

import dagster as dg
from dagster._core.definitions.freshness import FreshnessState, FreshnessStateChange

from market_pipeline.datasets import DATA_TYPES
from market_pipeline.definitions import build_definitions
from market_pipeline_tests.orchestration.conftest import NOW, Runs


def test_it_brings_the_table_up_to_the_clock_and_notes_dagsters_verdicts(runs: Runs) -> None:
    assert runs.of("company_info", symbols=["AAPL", "MSFT"]).success
    fresh_until = "CASE symbol WHEN 'AAPL' THEN now() - interval '2 days' ELSE now() + interval '1 day' END"
    runs.rows(
        f"UPDATE data_freshness SET status = 'fresh', fresh_until = {fresh_until},"
        f" stale_at = {fresh_until} + interval '1 day' WHERE data_type = 'company_info' AND fresh_until IS NOT NULL RETURNING 1"
    )
    runs.instance._report_runless_asset_event(  # as Dagster's freshness daemon does
        FreshnessStateChange(
            key=dg.AssetKey("news"),
            new_state=FreshnessState.WARN,
            previous_state=FreshnessState.PASS,
            state_change_timestamp=NOW.timestamp(),
        )
    )
    job = build_definitions().resolve_job_def("staleness_check_job")
    assert job.execute_in_process(instance=runs.instance).success
    assert runs.rows("SELECT symbol, status FROM data_freshness WHERE data_type = 'company_info' ORDER BY symbol") == [
        ("AAPL", "stale"),
        ("JPM", "missing"),
        ("MSFT", "fresh"),
        ("XOM", "missing"),
    ]
    assert runs.rows("SELECT data_type, state FROM dagster_freshness ORDER BY data_type") == sorted(
        (one.name, "WARN" if one.name == "news" else "UNKNOWN") for one in DATA_TYPES
    ), "Dagster has judged nothing else"


def test_it_runs_every_hour() -> None:
    schedule = build_definitions().resolve_schedule_def("staleness_check_schedule")
    assert (schedule.cron_schedule, schedule.job_name) == ("0 * * * *", "staleness_check_job")
    assert schedule.default_status is dg.DefaultScheduleStatus.RUNNING
