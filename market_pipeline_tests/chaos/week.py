"""A trading week: what the schedules ask for on each of its days, in the order of time.

A daemon's clock cannot be moved.  So the schedules are evaluated here at the week's own ticks, and what they ask for is placed
in that order, as fast as the pipeline takes it.  What a run takes by itself, the days that are current at the tick, is named
instead; of live data, which is asked for now or never, the ticks alone are replayed.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta

import dagster as dg
from dagster._utils.schedules import cron_string_iterator

from market_pipeline.datasets import DATASETS, Dataset
from market_pipeline.partitions import current_days
from market_pipeline.schedules import data_type_schedule
from market_pipeline.sessions import Sessions
from market_pipeline.timetable import cron_of, settled_sessions
from market_pipeline_tests.chaos.plan import Order

EXCHANGE = "XNYS"
SESSIONS = 5  # of a week
DAYS = 7  # of it: what is due at the weekend is a part of it


def week(universe: Sequence[str], now: datetime, days: int = DAYS) -> Iterator[Order]:
    """What is asked for from the first of the last five sessions on: the first order of each data type on each day."""
    sessions = Sessions(EXCHANGE)
    first = settled_sessions(sessions, now, SESSIONS)[0]
    with dg.DagsterInstance.ephemeral() as instance:
        for off in range(days):
            asked = [
                (tick, dataset, request)
                for dataset in DATASETS.values()
                for tick, request in _first_of(dataset, sessions, first + timedelta(days=off), instance)
                if tick < now
            ]
            for tick, dataset, request in sorted(asked, key=lambda one: one[0]):
                yield _order(dataset, request, universe, sessions, tick.astimezone(UTC))


def _first_of(
    dataset: Dataset, sessions: Sessions, day: date, instance: dg.DagsterInstance
) -> Iterator[tuple[datetime, dg.RunRequest]]:
    """The first tick of a day at which the data type's schedule asks for a run, and that run; nothing where there is none."""
    schedule, cron = data_type_schedule(dataset, sessions), cron_of(dataset.cadence, sessions)
    end = sessions.starts(day + timedelta(days=1))
    for tick in cron_string_iterator(sessions.starts(day).timestamp(), cron, str(sessions.timezone)):
        if tick >= end:
            return
        for request in schedule.evaluate_tick(_Tick(tick, instance)).run_requests or ():
            yield tick, request
            return


class _Tick(dg.ScheduleEvaluationContext):
    """A tick as a daemon would evaluate it, on an instance that is there: to open one for each tick takes a second."""

    def __init__(self, at: datetime, instance: dg.DagsterInstance) -> None:
        super().__init__(instance_ref=None, scheduled_execution_time=at)
        self._there = instance

    @property
    def instance(self) -> dg.DagsterInstance:
        return self._there


def _order(
    dataset: Dataset, request: dg.RunRequest, universe: Sequence[str], sessions: Sessions, tick: datetime
) -> Order:
    return Order(
        dataset.name,
        tuple(universe) if dataset.per_symbol else dataset.subjects,
        () if dataset.live else tuple(current_days(dataset, sessions, tick)),
        dataset.timeframes or ("",),
        run_config=request.run_config,
        tags=request.tags,
    )
