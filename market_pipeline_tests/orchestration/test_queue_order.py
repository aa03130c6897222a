"""Who starts first and how many at once: the project's dagster.yaml, its queue and its code server, with runs only noted."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import count
from typing import Any, cast

import dagster as dg
import pytest
from dagster._core.execution.api import create_execution_plan
from dagster._core.test_utils import MockedRunLauncher, create_test_daemon_workspace_context
from dagster._core.workspace.load_target import ModuleTarget
from dagster._daemon.run_coordinator.queued_run_coordinator_daemon import QueuedRunCoordinatorDaemon

from market_pipeline.definitions import build_definitions
from market_pipeline.queue import UNFINISHED, Priority, TaskStatus, queue_stats, task
from market_pipeline.settings import PROJECT_ROOT
from market_pipeline.storage.embedded_postgres import EmbeddedServer

pytestmark = pytest.mark.slow

NOTING = """
run_launcher:
  module: dagster._core.test_utils
  class: MockedRunLauncher
"""
BACKFILL = {"dagster/backfill": "abcdef"}
SCHEDULED = {"dagster/schedule_name": "some_schedule"}
LIVE = {**SCHEDULED, **Priority.HIGH.tags}
BY_HAND: dict[str, str] = {}


@dataclass
class Queue:
    """The queue as schedules, sensors, the UI and backfills fill it and the daemon empties it."""

    instance: dg.DagsterInstance
    workspace: Any

    def submit(self, job: str, tags: Mapping[str, str]) -> str:
        definition = build_definitions().resolve_job_def(job)
        request = self.workspace.create_request_context()
        location = request.get_code_location("market_pipeline")
        (repository,) = location.get_repositories().values()
        remote = repository.get_full_job(job)
        run = self.instance.create_run_for_job(
            definition,
            execution_plan=create_execution_plan(definition),
            tags=tags,
            remote_job_origin=remote.get_remote_origin(),
            job_code_origin=remote.get_python_origin(),
        )
        return self.instance.submit_run(run.run_id, request).run_id

    def launched(self) -> list[str]:
        """What one turn of the daemon starts, in this order."""
        before = len(self._noted)
        list(QueuedRunCoordinatorDaemon(interval_seconds=1).run_iteration(self.workspace))
        return [run.run_id for run in self._noted[before:]]

    def end(self, *run_ids: str) -> None:
        for run in self.instance.get_runs(dg.RunsFilter(run_ids=run_ids)):
            self.instance.report_run_canceled(run)

    @property
    def _noted(self) -> list[dg.DagsterRun]:
        return list(self.instance.run_launcher.queue())


@pytest.fixture(scope="module")
def _running(postgres_server: EmbeddedServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Queue]:
    configured = tmp_path_factory.mktemp("instance")
    (configured / "dagster.yaml").write_text((PROJECT_ROOT / "dagster.yaml").read_text() + NOTING)
    target = ModuleTarget("market_pipeline.definitions", None, str(configured), "market_pipeline")
    with pytest.MonkeyPatch.context() as environment:
        environment.chdir(configured)
        environment.setenv("DATABASE_URL", postgres_server.url("postgres"))  # only Dagster's schema is made there
        with (
            dg.DagsterInstance.from_config(str(configured)) as instance,
            create_test_daemon_workspace_context(target, instance) as workspace,
        ):
            yield Queue(instance, workspace)


@pytest.fixture
def queue(_running: Queue) -> Queue:
    """An empty one."""
    left = [run.run_id for run in _running.instance.get_runs(dg.RunsFilter(statuses=UNFINISHED))]
    if left:
        _running.end(*left)
    return _running


JOBS = ("news_job", "earnings_job", "dividends_job", "fundamentals_job", "company_info_job", "options_chain_job")


def test_live_data_and_people_go_before_the_rest_and_backfills_wait(queue: Queue) -> None:
    jobs = (JOBS[number % len(JOBS)] for number in count())
    asked = {
        queue.submit(next(jobs), tags): name
        for name, tags in [
            ("backfill", BACKFILL),
            ("backfill", BACKFILL),
            ("backfill", BACKFILL),
            ("scheduled", SCHEDULED),
            ("scheduled", SCHEDULED),
            ("live", LIVE),
            ("by hand", BY_HAND),
            ("live", LIVE),
        ]
    }
    assert (queue_stats(queue.instance).pending, queue_stats(queue.instance).processing) == (8, 0)
    first = [asked[run_id] for run_id in queue.launched()]
    assert first == ["by hand", "live", "live", "scheduled", "scheduled", "backfill"]
    assert (queue_stats(queue.instance).pending, queue_stats(queue.instance).processing) == (2, 6)
    assert queue.launched() == [], "six at once are all"
    (waiting,) = {name for run_id, name in asked.items() if _status(queue, run_id) is TaskStatus.PENDING}
    assert waiting == "backfill"


def test_what_somebody_has_asked_for_goes_before_all_that_is_caught_up_on(queue: Queue) -> None:
    for number in range(30):
        queue.submit(JOBS[number % 6], {"market_pipeline/purpose": "onboarding", **Priority.LOW.tags})
        queue.submit(JOBS[number % 6], {"market_pipeline/purpose": "freshness", **Priority.LOW.tags})
    by_monitor = queue.submit("market_data_refresh", Priority.URGENT.tags)
    assert queue.launched()[0] == by_monitor


def test_of_backfills_two_run_at_once_and_others_find_places(queue: Queue) -> None:
    backfills = [queue.submit(job, {"dagster/backfill": f"of {job}"}) for job in JOBS[:5]]
    assert queue.launched() == backfills[:2]
    live = queue.submit("stock_quotes_job", LIVE)
    assert queue.launched() == [live]
    queue.end(backfills[0])
    assert queue.launched() == backfills[2:3], "one that has ended makes room for the next one"


def test_the_runs_of_one_backfill_go_one_after_the_other_in_its_order(queue: Queue) -> None:
    runs = [queue.submit("news_job", {**BACKFILL, "dagster/partition": f"2026-11-{day}"}) for day in range(10, 13)]
    for run in runs:
        assert queue.launched() == [run]
        queue.end(run)


def test_of_one_data_type_two_runs_go_at_once(queue: Queue) -> None:
    queue.submit("stock_quotes_job", BY_HAND)
    queue.end(*queue.launched())  # Dagster gives a data type its limit when it first meets it
    quotes = [queue.submit("stock_quotes_job", BY_HAND) for _ in range(3)]
    bars = queue.submit("historical_prices_job", SCHEDULED)
    assert queue.launched() == [*quotes[:2], bars]


@pytest.mark.parametrize(
    ("tags", "priority"),
    [(BACKFILL, Priority.LOW), (SCHEDULED, Priority.NORMAL), (LIVE, Priority.HIGH), (BY_HAND, Priority.URGENT)],
)
def test_the_priority_of_a_run_can_be_seen_on_it(queue: Queue, tags: dict[str, str], priority: Priority) -> None:
    found = task(queue.instance, queue.submit("news_job", tags))
    assert found is not None
    assert (found.priority, found.status) == (priority, TaskStatus.PENDING)


def test_a_run_that_finds_no_code_server_waits_for_it(queue: Queue) -> None:
    run_id = queue.submit("news_job", SCHEDULED)
    launcher = cast(MockedRunLauncher, queue.instance.run_launcher)
    launcher.bad_user_code_run_ids = {run_id}
    assert queue.launched() == []
    assert _status(queue, run_id) is TaskStatus.PENDING
    launcher.bad_user_code_run_ids = set()
    assert queue.launched() == [run_id]


def _status(queue: Queue, run_id: str) -> TaskStatus:
    found = task(queue.instance, run_id)
    assert found is not None
    return found.status
