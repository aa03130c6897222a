"""The queue as people see it: priorities by who asked, numbers of tasks, and how one of them is doing."""

from datetime import UTC, datetime, timedelta
from typing import Any

import dagster as dg
import pytest

from market_pipeline.queue import (
    RUN_STATUSES,
    Priority,
    QueueStats,
    TaskStatus,
    default_priority,
    failed_tasks,
    queue_stats,
    task,
)
from market_pipeline_tests.orchestration.conftest import Runs

Status = dg.DagsterRunStatus


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ({}, Priority.URGENT),
        ({"dagster/from_ui": "true", "dagster/partition": "2026-11-20"}, Priority.URGENT),
        ({"dagster/schedule_name": "news_schedule"}, Priority.NORMAL),
        ({"dagster/sensor_name": "failed_symbols_sensor"}, Priority.NORMAL),
        ({"dagster/from_automation_condition": "true"}, Priority.NORMAL),
        ({"dagster/backfill": "abcdef"}, Priority.LOW),
        ({"dagster/backfill": "abcdef", "dagster/from_automation_condition": "true"}, Priority.LOW),
    ],
)
def test_who_asks_decides_the_priority_of_a_run_that_names_none(tags: dict[str, str], expected: Priority) -> None:
    assert default_priority(tags) is expected


def test_priorities_are_in_their_order_and_normal_is_what_dagster_takes_for_none() -> None:
    assert Priority.URGENT > Priority.HIGH > Priority.NORMAL > Priority.LOW
    assert Priority.NORMAL.tags == {"dagster/priority": "0"}
    assert Priority.LOW.tags == {"dagster/priority": "-10"}


def test_every_status_of_a_run_is_one_of_a_task() -> None:
    known = [status for statuses in RUN_STATUSES.values() for status in statuses]
    assert len(known) == len(set(known))
    assert set(known) == set(Status) - {Status.MANAGED}


@pytest.fixture
def some_job() -> dg.JobDefinition:
    @dg.op(retry_policy=dg.RetryPolicy(max_retries=2))
    def some_op(context: dg.OpExecutionContext) -> None:
        if context.run.tags.get("fails") == "always":
            raise ValueError("vendors are down")
        if context.run.tags.get("fails") == "for good":
            raise dg.Failure("no such partition", allow_retries=False)

    @dg.job
    def some_job() -> None:
        some_op()

    return some_job


def test_numbers_are_of_runs_by_how_they_stand(instance: dg.DagsterInstance, some_job: dg.JobDefinition) -> None:
    created = {Status.NOT_STARTED: 3, Status.STARTED: 2, Status.SUCCESS: 1, Status.FAILURE: 4, Status.CANCELED: 5}
    for status, count in created.items():
        for _ in range(count):
            instance.create_run_for_job(some_job, status=status)
    assert queue_stats(instance) == QueueStats(pending=3, processing=2, completed=1, failed=4, cancelled=5)
    later = datetime.now(UTC) + timedelta(hours=1)
    assert queue_stats(instance, since=later) == QueueStats(pending=0, processing=0, completed=0, failed=0, cancelled=0)


def ended(instance: dg.DagsterInstance, some_job: dg.JobDefinition, **tags: Any) -> str:
    return some_job.execute_in_process(instance=instance, tags=tags, raise_on_error=False).run_id


def test_a_task_is_known_by_its_id(instance: dg.DagsterInstance, some_job: dg.JobDefinition) -> None:
    good = task(instance, ended(instance, some_job, **{"dagster/priority": "20"}))
    assert good is not None
    assert (good.job, good.status, good.priority, good.retry_count, good.error_message) == (
        "some_job",
        TaskStatus.COMPLETED,
        Priority.URGENT,
        0,
        None,
    )
    assert good.started_at is not None
    assert good.completed_at is not None
    assert good.created_at <= good.started_at <= good.completed_at <= datetime.now(UTC)
    waiting = task(instance, instance.create_run_for_job(some_job, status=Status.NOT_STARTED).run_id)
    assert waiting is not None
    assert (waiting.status, waiting.priority, waiting.started_at) == (TaskStatus.PENDING, Priority.NORMAL, None)
    assert task(instance, "no such run") is None


def test_a_priority_that_somebody_has_misspelt_counts_as_none(
    instance: dg.DagsterInstance, some_job: dg.JobDefinition
) -> None:
    found = task(instance, ended(instance, some_job, **{"dagster/priority": "high"}))
    assert found is not None
    assert found.priority == Priority.NORMAL


def test_a_task_is_retried_twice_and_is_then_in_the_list_of_failed_ones_with_what_went_wrong(
    instance: dg.DagsterInstance, some_job: dg.JobDefinition
) -> None:
    always, for_good = ended(instance, some_job, fails="always"), ended(instance, some_job, fails="for good")
    ended(instance, some_job)
    assert [(one.id, one.status, one.retry_count, one.error_message) for one in failed_tasks(instance, 10)] == [
        (for_good, TaskStatus.FAILED, 0, "no such partition"),
        (always, TaskStatus.FAILED, 2, "ValueError: vendors are down"),
    ]
    assert [one.id for one in failed_tasks(instance, 1)] == [for_good]
    instance.add_run_tags(always, {"dagster/will_retry": "true"})
    assert [one.id for one in failed_tasks(instance, 10)] == [for_good]


def test_of_a_worker_that_was_killed_the_signal_is_told(
    instance: dg.DagsterInstance, some_job: dg.JobDefinition
) -> None:
    run = instance.create_run_for_job(some_job, status=Status.STARTED)
    instance.report_engine_event("its process was terminated by signal 9 (SIGKILL)", run)
    instance.report_run_failed(run)
    instance.report_engine_event("Retrying the run", run)
    found = task(instance, run.run_id)
    assert found is not None
    assert found.error_message == "its process was terminated by signal 9 (SIGKILL)"


def test_a_run_of_the_pipeline_that_fails_says_what_its_step_said(runs: Runs) -> None:
    run = runs.of("stock_quotes", symbols=["NOPE"])
    found = task(runs.instance, run.result.run_id)
    assert found is not None
    assert found.error_message is not None
    assert found.error_message.startswith("not tracked (or not active): NOPE")
