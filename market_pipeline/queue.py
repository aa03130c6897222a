"""The queue of runs: who comes first, how many wait, run and have ended, and how one of them is doing.

Here belong priorities and what a person or a monitor asks about runs as tasks.  The queue itself is Dagster's; how many run at
once is in dagster.yaml.  A task is a run: its id is the run's, its retries are those of its steps and of crashes.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import IntEnum, StrEnum

import dagster as dg
from dagster._core.run_coordinator import QueuedRunCoordinator, SubmitRunContext

PRIORITY_TAG = "dagster/priority"
BACKFILL_TAG = "dagster/backfill"
AUTOMATION_TAGS = (
    "dagster/schedule_name",
    "dagster/sensor_name",
    "dagster/auto_materialize",
    "dagster/from_automation_condition",
)
"""One of these tags is on every run that no person has started."""
DAEMONS = ["SCHEDULER", "QUEUED_RUN_COORDINATOR"]
"""Without them no run starts automatically.  Of the one that evaluates sensors our own sensors' work tells."""
ENDS = {dg.DagsterEventType.RUN_FAILURE, dg.DagsterEventType.RUN_CANCELED}
FROM_OUTSIDE = "This run has been marked as failed from outside"  # all that Dagster says, unless it is told more


class Priority(IntEnum):
    """The higher, the sooner a queued run starts.  Running ones are never interrupted."""

    URGENT = 20  # somebody waits for it
    HIGH = 10  # live data: worth little a minute later
    NORMAL = 0
    LOW = -10  # backfills

    @property
    def tags(self) -> dict[str, str]:
        """The tags of a run with this priority."""
        return {PRIORITY_TAG: str(self.value)}


def default_priority(tags: Mapping[str, str]) -> Priority:
    """The priority of a run that names none, by who has asked for it.  Pure."""
    if BACKFILL_TAG in tags:
        return Priority.LOW
    return Priority.NORMAL if any(tag in tags for tag in AUTOMATION_TAGS) else Priority.URGENT


class PriorityRunCoordinator(QueuedRunCoordinator):
    """Dagster's queue, where each run has a priority: its own, or the default one."""

    def submit_run(self, context: SubmitRunContext) -> dg.DagsterRun:
        run = context.dagster_run
        if PRIORITY_TAG not in run.tags:
            self._instance.add_run_tags(run.run_id, default_priority(run.tags).tags)
        return super().submit_run(context)


class TaskStatus(StrEnum):
    PENDING = "pending"
    PROCESSING = "processing"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"


_RUN = dg.DagsterRunStatus
RUN_STATUSES: dict[TaskStatus, list[dg.DagsterRunStatus]] = {
    TaskStatus.PENDING: [_RUN.QUEUED, _RUN.NOT_STARTED],
    TaskStatus.PROCESSING: [_RUN.STARTING, _RUN.STARTED, _RUN.SUSPENDED, _RUN.CANCELING],
    TaskStatus.COMPLETED: [_RUN.SUCCESS],
    TaskStatus.FAILED: [_RUN.FAILURE],
    TaskStatus.CANCELLED: [_RUN.CANCELED],
}
"""What Dagster's statuses are to a task.  MANAGED runs are none of this instance's."""
UNFINISHED = [*RUN_STATUSES[TaskStatus.PENDING], *RUN_STATUSES[TaskStatus.PROCESSING]]


@dataclass(frozen=True, slots=True)
class QueueStats:
    """Numbers of runs."""

    pending: int
    processing: int
    completed: int
    failed: int
    cancelled: int


@dataclass(frozen=True, slots=True)
class Task:
    """A run, as the queue sees it."""

    id: str
    job: str
    status: TaskStatus
    priority: int
    retry_count: int
    """How often a step of it was tried again, at most; two retries are all that the assets allow."""
    error_message: str | None
    created_at: datetime
    started_at: datetime | None
    completed_at: datetime | None


def silent_daemons(instance: dg.DagsterInstance) -> tuple[str, ...]:
    """Those of Dagster's daemons that start runs, and have sent no heartbeat recently."""
    return tuple(name for name, status in instance.get_daemon_statuses(DAEMONS).items() if not status.healthy)


def queue_stats(instance: dg.DagsterInstance, *, since: datetime | None = None) -> QueueStats:
    """How many runs wait, run and have ended; with `since` only those created later, else all that are kept."""
    return QueueStats(
        **{
            status.value: instance.get_runs_count(dg.RunsFilter(statuses=statuses, created_after=since))
            for status, statuses in RUN_STATUSES.items()
        }
    )


def task(instance: dg.DagsterInstance, run_id: str) -> Task | None:
    """A run by its id; None where there is none."""
    record = instance.get_run_record_by_id(run_id)
    return None if record is None else _task(instance, record)


def failed_tasks(instance: dg.DagsterInstance, limit: int) -> list[Task]:
    """The latest `limit` of the runs that have failed, first the latest; without those that Dagster will try again."""
    records = instance.get_run_records(dg.RunsFilter(statuses=RUN_STATUSES[TaskStatus.FAILED]), limit=limit)
    return [_task(instance, record) for record in records if not is_begun_again(record.dagster_run)]


def runs_by_id(instance: dg.DagsterInstance, run_ids: Collection[str]) -> dict[str, dg.DagsterRun]:
    """Those of the runs that there still are."""
    if not run_ids:  # to Dagster a filter without ids means every run
        return {}
    return {run.run_id: run for run in instance.get_runs(dg.RunsFilter(run_ids=list(run_ids)))}


def is_begun_again(run: dg.DagsterRun) -> bool:
    """Whether Dagster will launch another run in the place of one that has failed."""
    return run.tags.get("dagster/will_retry") == "true"


def _task(instance: dg.DagsterInstance, record: dg.RunRecord) -> Task:
    run = record.dagster_run
    tries = [step.attempts for step in instance.get_run_step_stats(run.run_id) if step.attempts is not None]
    return Task(
        id=run.run_id,
        job=run.job_name,
        status=next(status for status, known in RUN_STATUSES.items() if run.status in known),
        priority=_priority(run.tags),
        retry_count=max(tries, default=1) - 1,
        error_message=why_it_ended(instance, run),
        created_at=record.create_timestamp.astimezone(UTC),
        started_at=_time(record.start_time),
        completed_at=_time(record.end_time),
    )


def _priority(tags: Mapping[str, str]) -> int:
    """A run's priority; what is no number counts as none, as it does for Dagster."""
    try:
        return int(tags.get(PRIORITY_TAG, Priority.NORMAL))
    except ValueError:
        return Priority.NORMAL


def why_it_ended(instance: dg.DagsterInstance, run: dg.DagsterRun) -> str | None:
    """What the last of its steps to fail said, else what is known of the run's end; None for one that has not failed."""
    if run.status not in (_RUN.FAILURE, _RUN.CANCELED):
        return None
    failures = instance.all_logs(run.run_id, of_type=dg.DagsterEventType.STEP_FAILURE)
    if failures:
        return _words(failures[-1].get_dagster_event())
    told = {dg.DagsterEventType.ENGINE_EVENT, *ENDS}
    events = [entry.get_dagster_event() for entry in instance.all_logs(run.run_id, of_type=told)]
    while events and events[-1].event_type not in ENDS:
        events.pop()  # what came after the end, such as that the run is tried again
    if len(events) > 1 and (events[-1].message or "").startswith(FROM_OUTSIDE):
        events.pop()  # of a worker that was killed, the event before tells the signal
    return events[-1].message if events else None


def _words(event: dg.DagsterEvent) -> str | None:
    """What a step failure says in one line: a Failure's description, else the error that was raised."""
    data = event.step_failure_data
    if data.user_failure_data is not None and data.user_failure_data.description:
        return data.user_failure_data.description
    error = data.error
    while error is not None and error.cause is not None:
        error = error.cause
    return event.message if error is None else error.message.strip()


def _time(timestamp: float | None) -> datetime | None:
    return None if timestamp is None else datetime.fromtimestamp(timestamp, UTC)
