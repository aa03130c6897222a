"""From a tick of the scheduler to rows: the project's dagster.yaml, its code server, its queue and a run worker."""

import logging
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import psutil
import pytest
from dagster._core.scheduler.instigation import InstigatorTick, TickStatus
from dagster._core.test_utils import create_test_daemon_workspace_context
from dagster._core.workspace.load_target import ModuleTarget
from dagster._daemon.run_coordinator.queued_run_coordinator_daemon import QueuedRunCoordinatorDaemon
from dagster._scheduler.scheduler import ScheduleIterationTimes, launch_scheduled_runs

from market_pipeline.settings import PROJECT_ROOT
from market_pipeline_tests.orchestration.conftest import Runs

pytestmark = pytest.mark.slow

THE_CLOSE = datetime(2026, 11, 24, 21, tzinfo=UTC)  # a Tuesday, 16:00 in New York
PATIENCE = 120  # seconds


@pytest.fixture
def workspace(runs: Runs, tmp_path: Path) -> Iterator[Any]:
    """What the daemon works with: the project's instance and its code server.  A run worker has the time of day."""
    runs.simulator.set_clock(datetime.now(UTC), speed=1)
    (tmp_path / "dagster.yaml").write_text((PROJECT_ROOT / "dagster.yaml").read_text())
    target = ModuleTarget("market_pipeline.definitions", None, str(tmp_path), "market_pipeline")
    try:
        with (
            dg.DagsterInstance.from_config(str(tmp_path)) as instance,
            create_test_daemon_workspace_context(target, instance) as found,
        ):
            yield found
    finally:
        for process in psutil.Process().children():
            with suppress(psutil.NoSuchProcess):  # it ends meanwhile
                if "grpc" in process.cmdline():  # a busy code server may not hear that it is told to end
                    process.kill()
                    process.wait()


def ticks(workspace: Any) -> dict[str, InstigatorTick]:
    """The last tick of each schedule that had one."""
    (location,) = workspace.create_request_context().code_locations
    (repository,) = location.get_repositories().values()
    found = {}
    for schedule in repository.get_schedules():
        last = workspace.instance.get_ticks(schedule.get_remote_origin_id(), schedule.selector_id, limit=1)
        if last:
            found[schedule.name] = last[0]
    return found


def test_a_tick_leads_to_rows_or_to_a_reason(workspace: Any, runs: Runs) -> None:
    seen: dict[str, ScheduleIterationTimes] = {}
    for now in (THE_CLOSE - timedelta(seconds=30), THE_CLOSE + timedelta(seconds=1)):
        list(launch_scheduled_runs(workspace, logging.getLogger(), now, seen))
    found = ticks(workspace)
    launched = {name for name, tick in found.items() if tick.status is TickStatus.SUCCESS}
    assert launched == {"news_schedule", "staleness_check_schedule"}, "the close is on the hour"
    assert not {"stock_quotes_schedule", "historical_prices_schedule"} & found.keys(), "neither is due at the close"

    (run,) = workspace.instance.get_runs(dg.RunsFilter(job_name="news_job"))
    assert run.status is dg.DagsterRunStatus.QUEUED
    list(QueuedRunCoordinatorDaemon(interval_seconds=1).run_iteration(workspace))
    deadline = time.monotonic() + PATIENCE
    while not all(one.is_finished for one in workspace.instance.get_runs()) and time.monotonic() < deadline:
        time.sleep(0.2)
    assert workspace.instance.get_run_by_id(run.run_id).is_success
    assert runs.rows("SELECT count(*) > 0, count(DISTINCT run_id) FROM news") == [(True, 1)]
    assert runs.rows("SELECT job, data_type, status, run_id FROM scheduler_execution_log") == [
        ("news_job", "news", "completed", run.run_id)
    ]
