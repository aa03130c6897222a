"""Old runs go with their events; what Dagster knows of partitions stays."""

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest
from dagster._utils.schedules import cron_string_iterator
from typer.testing import CliRunner

from market_pipeline.cli.app import app
from market_pipeline.definitions import build_definitions
from market_pipeline.maintenance import trim_checks, trim_runs
from market_pipeline.storage.database import Database
from market_pipeline_tests.orchestration.conftest import Runs, definitions_at

FRIDAY = "2026-05-29"
QUOTES, COMPANIES = dg.AssetKey("stock_quotes"), dg.AssetKey("company_info")


def ids(instance: dg.DagsterInstance) -> set[str]:
    return set(instance.get_run_ids())


def soon() -> datetime:
    return datetime.now(UTC) + timedelta(hours=1)


def test_of_runs_that_are_old_only_those_stay_that_materialised_a_partition_last(runs: Runs) -> None:
    first = runs.of("stock_quotes", symbols=["AAPL"]).result.run_id
    last = runs.of("stock_quotes", symbols=["AAPL"]).result.run_id
    refused = runs.of("stock_quotes", symbols=["NOPE"]).result.run_id
    companies = runs.of("company_info", symbols=["AAPL", "MSFT"]).result.run_id
    company = runs.of("company_info", tags={"dagster/partition": "AAPL"}).result.run_id
    assert ids(runs.instance) == {first, last, refused, companies, company}

    assert trim_runs(runs.instance, datetime.now(UTC) - timedelta(hours=1)) == 0, "none is that old"
    assert trim_runs(runs.instance, soon()) == 2
    assert ids(runs.instance) == {last, companies, company}, "MSFT was last materialised by the first of the two"
    assert runs.instance.all_logs(first) == []
    assert runs.instance.get_materialized_partitions(QUOTES) == {FRIDAY}
    assert runs.instance.get_materialized_partitions(COMPANIES) == {"AAPL", "MSFT"}
    assert trim_runs(runs.instance, soon()) == 0


def test_of_the_results_of_a_check_the_last_one_stays(database: Database) -> None:
    with database.connect() as connection:
        assert trim_checks(connection, soon()) == 0, "a storage of another kind looks after its own"
        connection.execute("CREATE SCHEMA dagster")
        connection.execute(
            "CREATE TABLE dagster.asset_check_executions AS"
            " SELECT id, 'news' AS asset_key, name AS check_name, NULL::text AS partition,"
            " (now() AT TIME ZONE 'UTC') - make_interval(days => 10 - id) AS create_timestamp"
            " FROM generate_series(1, 9) AS id, (VALUES ('gaps'), ('completeness')) AS checks (name)"
        )
        assert trim_checks(connection, datetime.now(UTC) - timedelta(days=4, hours=12)) == 2 * 5
        assert trim_checks(connection, soon()) == 2 * 3
        left = connection.execute("SELECT check_name, id FROM dagster.asset_check_executions ORDER BY 1").fetchall()
    assert left == [("completeness", 9), ("gaps", 9)]


def test_a_run_that_has_not_ended_stays_however_old_it_is(instance: dg.DagsterInstance) -> None:
    job = build_definitions().resolve_job_def("maintenance_job")
    kept = {
        instance.create_run_for_job(job, status=status).run_id
        for status in (dg.DagsterRunStatus.NOT_STARTED, dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.CANCELING)
    }
    for status in (dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED, dg.DagsterRunStatus.SUCCESS):
        instance.create_run_for_job(job, status=status)
    assert trim_runs(instance, soon()) == 3
    assert ids(instance) == kept


def test_the_job_keeps_as_many_days_as_the_setting_or_its_config_says(
    runs: Runs, environment: pytest.MonkeyPatch
) -> None:
    environment.setenv("RETENTION_DAYS", "10")
    job = definitions_at(lambda: datetime.now(UTC)).resolve_job_def("maintenance_job")
    insert = "INSERT INTO provider_events (at, provider, scope, from_state, to_state, reason) VALUES (%s, '', '', '', '', '')"
    with runs.database.connect() as connection:
        for days in (2, 4, 8, 16):
            connection.execute(insert, [datetime.now(UTC) - timedelta(days=days)])

    assert job.execute_in_process(instance=runs.instance).success
    assert runs.rows("SELECT count(*) FROM provider_events") == [(3,)]
    config = {"ops": {"delete_old_history": {"config": {"days_to_keep": 3}}}}
    assert job.execute_in_process(instance=runs.instance, run_config=config).success
    assert runs.rows("SELECT count(*) FROM provider_events") == [(1,)]


@pytest.mark.parametrize("year", [2026, 2027])
def test_it_is_due_once_on_each_sunday_also_when_the_clocks_change_in_that_very_hour(year: int) -> None:
    schedule = build_definitions().resolve_schedule_def("maintenance_schedule")
    assert isinstance(schedule.cron_schedule, str)
    start, end = datetime(year, 1, 1, tzinfo=UTC), datetime(year + 1, 1, 1, tzinfo=UTC)
    found = []
    for tick in cron_string_iterator(start.timestamp(), schedule.cron_schedule, schedule.execution_timezone):
        if tick >= end:
            break
        found.append(tick)
    first = date(year, 1, 1) + timedelta(days=6 - date(year, 1, 1).weekday())
    assert [tick.date() for tick in found] == [first + timedelta(weeks=week) for week in range(len(found))]
    assert len(found) == 52
    assert {tick.hour for tick in found} == {2, 3}, "3 o'clock in March, where there is no 2 o'clock"


@pytest.fixture
def checkout(environment: pytest.MonkeyPatch, runs: Runs) -> CliRunner:
    """A person at the command line, over the test's database."""
    environment.setenv("MARKET_PIPELINE_HOME", str(Path.cwd()))
    return CliRunner()


def test_a_person_can_do_it_now(checkout: CliRunner, runs: Runs) -> None:
    said = checkout.invoke(app, ["cleanup", "--days", "7", "--json"])
    assert said.exit_code == 0, said.output
    found = json.loads(said.output)
    assert found["days_to_keep"] == 7
    assert found["deleted"]["dagster runs"] == 0
    assert set(found["deleted"].values()) == {0}
    shown = checkout.invoke(app, ["cleanup"])
    assert (shown.exit_code, "older than 30 days" in shown.output) == (0, True)
    for days in ("0", "-1", "3651", "99999999"):  # the last is before the year 1
        assert checkout.invoke(app, ["cleanup", "--days", days]).exit_code == 2
