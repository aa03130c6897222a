"""Schedules: each job at its time.

Here belong the ticks: when one runs its job, with which tags and config, and why another is skipped.  When a data type is due
is declared by its dataset; which hours are the exchange's is the calendar's (`timetable`).
"""

from collections.abc import Callable
from datetime import UTC, datetime

import dagster as dg
from dagster._core.definitions.target import ExecutableDefinition

from market_pipeline.assets.targets import RefreshConfig
from market_pipeline.datasets import DATASETS, Dataset
from market_pipeline.jobs import DATA_TYPE_JOBS, enrichment, maintenance_job, staleness_check_job, warm_cache
from market_pipeline.queue import RUN_STATUSES, UNFINISHED, Priority, TaskStatus
from market_pipeline.sessions import Sessions
from market_pipeline.timetable import ENRICHMENT_AT, cron_of, warming_cron, why_not_now, why_not_warm


def schedules(sessions: Sessions) -> list[dg.ScheduleDefinition]:
    """All of them, in the time zone of the exchange; the enrichment's is UTC."""
    return [
        *(data_type_schedule(dataset, sessions) for dataset in DATASETS.values()),
        warm_cache_schedule(sessions),
        annual_returns_schedule(sessions),
        scheduled(
            enrichment,
            f"{ENRICHMENT_AT.minute} {ENRICHMENT_AT.hour} * * *",
            timezone=str(ENRICHMENT_AT.tzinfo),
            description=f"Brings every active symbol up to date at {ENRICHMENT_AT:%H:%M} UTC.",
        ),
        scheduled(
            maintenance_job,
            "0 2 * * 0",  # nothing live competes for the database
            timezone=str(sessions.timezone),
            description="Deletes old history on Sunday at 02:00.",
            priority=Priority.LOW,
        ),
        scheduled(
            staleness_check_job,
            "0 * * * *",
            timezone=str(sessions.timezone),
            description="Updates the stored freshness statuses every hour.",
            priority=Priority.LOW,
        ),
    ]


def scheduled(
    job: ExecutableDefinition,
    cron: str,
    *,
    timezone: str,
    description: str,
    priority: Priority = Priority.NORMAL,
    why_not: Callable[[datetime], str | None] = lambda now: None,
    config: Callable[[datetime], dg.RunConfig] = lambda tick: dg.RunConfig(),
) -> dg.ScheduleDefinition:
    """The schedule of a job: one run a tick, none where `why_not` (told UTC) has a reason or the last one has not ended.

    It is named after the job, and runs from the start.  `config` is told the tick in `timezone`.
    """
    name = f"{job.name.removesuffix('_job')}_schedule"

    @dg.schedule(
        name=name,
        job=job,
        cron_schedule=cron,
        execution_timezone=timezone,
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description=description,
    )
    def _schedule(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        tick = context.scheduled_execution_time
        now = tick.astimezone(UTC)
        reason = why_not(now) or _unfinished(context.instance, name)
        if reason is not None:
            return dg.SkipReason(reason)
        return dg.RunRequest(run_key=now.isoformat(), run_config=config(tick), tags=priority.tags)

    return _schedule


def _unfinished(instance: dg.DagsterInstance, schedule: str) -> str | None:
    """That the run of an earlier tick waits or runs: another one would only make the queue longer."""
    mine = dg.RunsFilter(tags={"dagster/schedule_name": schedule}, statuses=UNFINISHED)
    run = next(iter(instance.get_runs(mine, limit=1)), None)
    if run is None:
        return None
    how = "waits in the queue" if run.status in RUN_STATUSES[TaskStatus.PENDING] else "is running"
    return f"the run of an earlier tick still {how}: {run.run_id}"


def data_type_schedule(dataset: Dataset, sessions: Sessions) -> dg.ScheduleDefinition:
    """Runs the data type's job at its cadence, without a partition: the run takes the current one."""
    return scheduled(
        DATA_TYPE_JOBS[dataset.name],
        cron_of(dataset.cadence, sessions),
        timezone=str(sessions.timezone),
        description=f"Refreshes {dataset.title.lower()} at the cadence that the data type declares.",
        priority=Priority.HIGH if dataset.live else Priority.NORMAL,
        why_not=lambda now: why_not_now(dataset.cadence, sessions, now),
        config=lambda tick: dg.RunConfig(
            ops={dataset.name: RefreshConfig(full=is_full(dataset, tick), use_cache=False)}
        ),
    )


def is_full(dataset: Dataset, tick: datetime) -> bool:
    """Whether a tick is the week's first of a data type that is otherwise only kept up: it asks for the whole history."""
    return dataset.days_around is not None and tick.isoweekday() == 7 and tick.hour < 6


def warm_cache_schedule(sessions: Sessions) -> dg.ScheduleDefinition:
    """Runs the job a while before the exchange opens."""
    return scheduled(
        warm_cache,
        warming_cron(sessions),
        timezone=str(sessions.timezone),
        description="Half an hour before the exchange opens, so that the session begins with fresh data.",
        why_not=lambda now: why_not_warm(sessions, now),
    )


def annual_returns_schedule(sessions: Sessions) -> dg.ScheduleDefinition:
    return scheduled(
        DATA_TYPE_JOBS["annual_returns"],
        "30 6 * * *",
        timezone=str(sessions.timezone),
        description="Computes annual returns of every active symbol, after the dividends of the day.",
    )
