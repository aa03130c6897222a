"""Schedules: each data type at its cadence, for the partitions of the moment.

Here belong the ticks.  When a data type is due is declared by its dataset; which days are sessions is the calendar's.
"""

from datetime import UTC, datetime

import dagster as dg

from market_pipeline.assets.targets import RefreshConfig
from market_pipeline.datasets import Dataset
from market_pipeline.jobs import DATA_TYPE_JOBS
from market_pipeline.sessions import Sessions


def why_not_now(dataset: Dataset, sessions: Sessions, now: datetime) -> str | None:
    """Why a tick at `now` has nothing to do, in words for a person; None when it is due.  Pure."""
    if not dataset.cadence.market_hours_only or sessions.is_open(now):
        return None
    return f"{sessions.exchange} is closed: it opens again at {sessions.next_open(now):%Y-%m-%d %H:%M} UTC"


def is_full(dataset: Dataset, tick: datetime) -> bool:
    """Whether a tick is the week's first of a data type that is otherwise only kept up: it asks for the whole history."""
    return dataset.days_around is not None and tick.isoweekday() == 7 and tick.hour < 6


def data_type_schedule(dataset: Dataset, sessions: Sessions) -> dg.ScheduleDefinition:
    """Runs the data type's job at its cadence, without a partition: the run takes the current one."""

    @dg.schedule(
        name=f"{dataset.name}_schedule",
        job=DATA_TYPE_JOBS[dataset.name],
        cron_schedule=dataset.cadence.cron,
        execution_timezone=dataset.cadence.timezone,
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description=f"{dataset.title}, at the cadence that the dataset declares.",
    )
    def _schedule(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        tick = context.scheduled_execution_time
        reason = why_not_now(dataset, sessions, tick.astimezone(UTC))
        if reason is not None:
            return dg.SkipReason(reason)
        config = dg.RunConfig(ops={dataset.name: RefreshConfig(full=is_full(dataset, tick))})
        return dg.RunRequest(run_key=tick.astimezone(UTC).isoformat(), run_config=config)

    return _schedule
