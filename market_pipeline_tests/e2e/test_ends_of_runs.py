"""Runs that do not end by themselves: cancelled, left behind.  Dagster and the execution log hear of it.

Of a worker that is killed, `test_backfills` tells.
"""

import os
import signal
from collections.abc import Iterator

import dagster as dg
import pytest

from market_pipeline.sensors.run_status import GONE
from market_pipeline_tests.e2e.conftest import User
from market_pipeline_tests.e2e.up import Up, started, until

pytestmark = pytest.mark.slow

PATIENCE = 150  # seconds: the sensor looks twice a minute, and the machine may be busy
SLOWLY = {"SIMULATOR_FAULTS": "finnhub:latency=0.5", "FETCH_CONCURRENCY": "1", "FETCH_BATCH_SIZE": "1"}
Status = dg.DagsterRunStatus


@pytest.fixture(scope="module")
def up(user: User) -> Iterator[Up]:
    with started(user, **SLOWLY) as running:
        yield running


@pytest.fixture
def instance(user: User, monkeypatch: pytest.MonkeyPatch) -> Iterator[dg.DagsterInstance]:
    with user.dagster(monkeypatch) as one:
        yield one


def executions(user: User, run_id: str) -> list[tuple[str, str | None]]:
    return user.rows(f"SELECT status, error_message FROM scheduler_execution_log WHERE run_id = '{run_id}'")


def test_a_run_that_is_cancelled_says_so_at_once(up: Up, user: User, instance: dg.DagsterInstance) -> None:
    run_id = up.launch("company_info_job", providers=["finnhub"])
    until(lambda: executions(user, run_id), PATIENCE)
    ended = up.ask(
        "mutation ($id: String!) { terminateRun(runId: $id) { __typename ... on PythonError { message } } }", id=run_id
    )
    assert ended["terminateRun"]["__typename"] == "TerminateRunSuccess"
    until(lambda: executions(user, run_id)[0][0] == "failed", PATIENCE)
    ((_, said),) = executions(user, run_id)
    assert said in {"the run was interrupted", "the run was cancelled"}, (
        "the run itself or the sensor, whoever is first"
    )
    until(lambda: instance.get_run_by_id(run_id).status is Status.CANCELED, PATIENCE)  # type: ignore[union-attr]


def test_a_run_of_the_terminal_that_is_killed_is_noticed_though_dagster_does_not(
    up: Up, user: User, instance: dg.DagsterInstance
) -> None:
    command = ("dagster", "job", "execute", "-m", "market_pipeline.definitions", "-j", "company_info_job")
    with user.start(*command, "--tags", '{"test": "killed"}', **SLOWLY) as process:

        def run_id() -> str:
            return next(iter(instance.get_run_ids(dg.RunsFilter(tags={"test": "killed"}))), "")

        until(lambda: executions(user, run_id()), PATIENCE)
        os.killpg(process.pid, signal.SIGKILL)
    run = instance.get_run_by_id(run_id())
    assert run is not None
    assert run.status is Status.STARTED, "nobody has told Dagster"
    with user.database.connect() as connection:  # as if it had been killed minutes ago
        connection.execute(
            "UPDATE scheduler_execution_log SET updated_at = now() - interval '1 hour' WHERE status = 'running'"
        )
    until(lambda: executions(user, run_id()) == [("failed", GONE)], PATIENCE)
    assert instance.get_run_by_id(run_id()).status is Status.FAILURE  # type: ignore[union-attr]
