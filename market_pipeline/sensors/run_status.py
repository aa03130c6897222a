"""Executions that their own process did not close are closed: of runs that crashed, were cancelled, killed or deleted.

Here belongs what becomes of an execution that the log calls running, by what Dagster says of its run.  A sensor on run events
would see most of them sooner, and those never that no event tells of: a machine that went away, a deleted run.

A run whose worker is gone while Dagster calls it running is reported as failed, so that it takes no place in the queue any
more and is run again where `run_retries` allows it.  Dagster sees that by itself for workers that its code server started, not
for a killed `dagster job execute`, nor when the code server went too.  So is one whose worker went before its first step
had opened an execution, or between two steps, of which Dagster's own events tell.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

import dagster as dg

from market_pipeline.queue import UNFINISHED, runs_by_id, why_it_ended
from market_pipeline.settings import load_settings
from market_pipeline.storage.prepare import prepared_database
from market_pipeline.tracking.executions import close_execution
from market_pipeline.tracking.history import RunningExecution, running_executions

SILENT = timedelta(minutes=2)
"""How long nobody must have held an execution before its worker counts as gone: a step waits half a minute between tries."""
EXECUTIONS_A_TICK = 200  # a tick may take 60 s; the rest follows with the next one
GONE = "the worker of the run is gone: it was killed, or its machine was"

_PREPARING = {dg.DagsterEventType.RESOURCE_INIT_STARTED, dg.DagsterEventType.RESOURCE_INIT_SUCCESS}

Action = Literal["leave", "close", "report"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What to do with an execution: leave it, close it, or report its run as failed before it is closed."""

    action: Action
    error: str | None = None


def verdict(execution: RunningExecution, status: dg.DagsterRunStatus | None, why: str | None) -> Verdict:
    """What is to become of an execution whose run has `status`, None where there is no such run.  Pure.

    `why` is what is known about a run that has failed.
    """
    if execution.held:
        return Verdict("leave")
    if status is None:
        return Verdict("close", "its run was deleted")
    if status is dg.DagsterRunStatus.SUCCESS:
        return Verdict("close")
    if status is dg.DagsterRunStatus.CANCELED:
        return Verdict("close", "the run was cancelled")
    if status not in UNFINISHED:
        return Verdict("close", why or "the run failed")
    return Verdict("report", GONE) if execution.silence >= SILENT else Verdict("leave")


def lost_between_steps(instance: dg.DagsterInstance, at: datetime, busy: Collection[str]) -> list[dg.DagsterRun]:
    """The runs but `busy` ones whose last event is none of a step, and older than SILENT: from step to step it takes seconds.

    Of runs whose steps are all done by one process: with Celery they wait for a worker as long as it takes.
    """
    candidates = instance.get_runs(dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTED], updated_before=at - SILENT))
    lost = []
    for run in candidates:
        last = None if run.run_id in busy else _last_event(instance, run.run_id)
        if last is not None and _is_between_steps(last) and at.timestamp() - last.timestamp >= SILENT.total_seconds():
            lost.append(run)
    return lost


def _last_event(instance: dg.DagsterInstance, run_id: str) -> dg.EventLogEntry | None:
    newest = instance.get_records_for_run(run_id, limit=1, ascending=False).records
    return newest[0].event_log_entry if newest else None


def _is_between_steps(event: dg.EventLogEntry) -> bool:
    return event.step_key is None or (event.is_dagster_event and event.dagster_event_type in _PREPARING)


@dg.sensor(
    minimum_interval_seconds=30,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Closes executions whose runs crashed or were cancelled, killed or deleted.",
)
def run_status_sensor(context: dg.SensorEvaluationContext) -> dg.SkipReason:
    """Asks for no run, so that each tick is a skipped one, with what it did as the reason."""
    closed, settings = [], load_settings()
    with prepared_database(settings).connect(autocommit=True, name="run status sensor") as connection:
        open_ones = running_executions(connection, EXECUTIONS_A_TICK)
        runs = runs_by_id(context.instance, {one.run_id for one in open_ones})
        for one in open_ones:
            run = runs.get(one.run_id)
            why = None if run is None else why_it_ended(context.instance, run)
            found = verdict(one, None if run is None else run.status, why)
            if found.action == "report" and run is not None:
                context.instance.report_run_failed(run, found.error)
            if found.action != "leave":
                close_execution(connection, one.execution_id, found.error)
                closed.append(f"run {one.run_id[:8]}: {found.error or 'it has ended'}")
    if settings.celery_broker_url is None:
        for lost in lost_between_steps(context.instance, datetime.now(UTC), {one.run_id for one in open_ones}):
            context.instance.report_run_failed(lost, GONE)
            closed.append(f"run {lost.run_id[:8]}: {GONE}")
    return dg.SkipReason("; ".join(closed) or f"nothing to close; {len(open_ones)} executions are running")
