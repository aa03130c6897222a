"""What is stale is refreshed, whatever the reason that its schedule did not do it: a machine that was off, say.

Here belongs when such a refresh is asked for, and that there are never too many: a data type whose job is under way anyway,
that was refreshed this hour already, or that no vendor can be asked for, waits; so do all while FRESHNESS_RUNS of these runs
are queued or running.  What is stale follows from the data types' declarations (`tracking.freshness`).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import groupby

import dagster as dg

from market_pipeline.datasets import DATASETS, Dataset, PartitionedBy
from market_pipeline.fetching.vendors import may_be_asked
from market_pipeline.jobs import DATA_TYPE_JOBS, market_data_refresh
from market_pipeline.partitions import current_days, key_of, range_key
from market_pipeline.providers.registry import PROVIDERS
from market_pipeline.queue import UNFINISHED, Priority
from market_pipeline.resources import Clock, configured_sessions, utc_now
from market_pipeline.routes import ROUTES
from market_pipeline.sensors.requests import (
    Purpose,
    newest_run,
    refresh_request,
    unfinished,
)
from market_pipeline.sessions import Sessions
from market_pipeline.settings import Settings, load_provider_settings, load_settings
from market_pipeline.storage.prepare import prepared_database
from market_pipeline.timetable import settled_sessions
from market_pipeline.tracking.gates import GateStatus, gate_status, nobody_can_be_asked
from market_pipeline.tracking.overdue import Overdue, overdue

REFRESHED = [name for name, one in DATASETS.items() if one.refreshed_when_stale]
BY_SESSION = [name for name, one in DATASETS.items() if one.partitioned_by is PartitionedBy.SESSION]
"""Data types that are refreshed when they are no more than aging: the schedule's next run takes its own session only, and one
that was missed would stay a gap."""
SYMBOLS_A_RUN = 500  # the oldest; the rest follows in the next hour
CATCH_UP = 10  # days or sessions that a refresh reaches back at most: more than a holiday, less than a backfill


@dataclass(frozen=True, slots=True)
class Group:
    """Stale symbols that one run can refresh, the oldest first."""

    data_type: str
    timeframe: str
    overdue: tuple[Overdue, ...] = field(compare=False)

    def run_key(self, now: datetime) -> str:
        """One run an hour: of what is stale after it, no more is to be had."""
        return "/".join(filter(None, (self.data_type, self.timeframe, now.astimezone(UTC).strftime("%Y-%m-%dT%H"))))


@dataclass(slots=True)
class Plan:
    """What a tick does."""

    refresh: list[Group] = field(default_factory=list)
    waiting: dict[str, str] = field(default_factory=dict)
    """Data types that are stale and have to wait, and why."""


def grouped(overdue: Iterable[Overdue], last_settled: datetime) -> list[Group]:
    """One group per run, the one with the oldest data first.  Pure.

    Not of data types that do without, nor by session where nothing has come since: `last_settled` is the close of the last
    session that can be fetched.
    """

    def run(one: Overdue) -> tuple[str, str]:
        return one.data_type, one.timeframe

    def helps(one: Overdue) -> bool:
        ends = one.last_computed_at
        return one.data_type not in BY_SESSION or ends is None or ends < last_settled

    kept = [one for one in overdue if one.data_type in REFRESHED and helps(one)]
    places = {run(one): place for place, one in reversed(list(enumerate(kept)))}
    members = groupby(sorted(kept, key=run), key=run)
    found = [Group(*key, tuple(one)[:SYMBOLS_A_RUN]) for key, one in members]
    return sorted(found, key=lambda group: places[group.data_type, group.timeframe])


def plan(groups: Iterable[Group], reasons: Mapping[Group, str], room: int) -> Plan:
    """Which groups are refreshed now: those without a reason against it, while there is room.  Pure."""
    found = Plan()
    for group in groups:
        reason = reasons.get(group) or (
            None if len(found.refresh) < room else "FRESHNESS_RUNS refreshes are queued or running"
        )
        if reason is None:
            found.refresh.append(group)
        else:
            found.waiting[group.data_type] = reason
    return found


def partition(dataset: Dataset, stale: Sequence[Overdue], sessions: Sessions, now: datetime) -> str:
    """The days to fetch: from where the oldest of the data ends, CATCH_UP of them at most; "" where there are none.  Pure.

    Of a data type by session these are the sessions that are over: of the open one there is nothing yet.
    """
    known = [one.last_computed_at for one in stale if one.last_computed_at is not None]
    if dataset.partitioned_by is PartitionedBy.SESSION:
        days = settled_sessions(sessions, now, CATCH_UP)
        since = sessions.current(min(known)) if known else days[-1]
    elif dataset.partitioned_by is PartitionedBy.DAY:
        days = current_days(dataset, sessions, now)
        since = min(known).astimezone(UTC).date() if known else days[0]
        days = _days(min(days[0], max(since, days[0] - timedelta(days=CATCH_UP))), days[-1])
    else:
        return ""
    return range_key([key_of(day) for day in days if day >= min(since, days[-1])])


def _days(first: date, last: date) -> list[date]:
    return [first + timedelta(days=ahead) for ahead in range((last - first).days + 1)]


def freshness_sensor(clock: Clock = utc_now) -> dg.SensorDefinition:
    """The sensor, by a clock of the caller's."""

    @dg.sensor(
        name="freshness_sensor",
        jobs=[DATA_TYPE_JOBS[name] for name in REFRESHED],
        minimum_interval_seconds=300,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Refreshes stale data, a few data types at a time, unless no vendor can be called for it.",
    )
    def _sensor(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        now, settings, sessions = clock(), load_settings(), configured_sessions()
        (settled,) = settled_sessions(sessions, now, 1)
        with prepared_database(settings).connect(name="freshness sensor") as connection:
            groups, gates = grouped(overdue(connection, BY_SESSION), sessions.closes(settled)), gate_status(connection)
        if not groups:
            return dg.SkipReason("nothing is stale")
        room = settings.freshness_runs - len(unfinished(context.instance, Purpose.FRESHNESS))
        found = plan(groups, _reasons(context.instance, groups, gates, settings, now), room)
        if not found.refresh:
            return dg.SkipReason("; ".join(f"{data_type} is stale: {why}" for data_type, why in found.waiting.items()))
        return dg.SensorResult(run_requests=[_request(group, sessions, now) for group in found.refresh])

    return _sensor


def _reasons(
    instance: dg.DagsterInstance,
    groups: Iterable[Group],
    gates: Sequence[GateStatus],
    settings: Settings,
    now: datetime,
) -> dict[Group, str]:
    """Why groups have to wait, of those that have to."""
    simulated = settings.data_world == "simulated"
    vendors = [name for name, one in PROVIDERS.items() if may_be_asked(one, load_provider_settings(name), simulated)]
    all_refreshed = _under_way(instance, market_data_refresh.name)
    found = {}
    for group in groups:
        able = [PROVIDERS[name] for name in ROUTES.get(group.data_type, ()) if name in vendors]
        if all_refreshed or _under_way(instance, DATA_TYPE_JOBS[group.data_type].name):
            found[group] = "its job is already queued or running"
        elif newest_run(instance, "dagster/run_key", group.run_key(now)) is not None:
            found[group] = "it was refreshed within this hour"
        elif nobody_can_be_asked(gates, group.data_type, able):
            found[group] = "no vendor can be called for it now"
    return found


def _under_way(instance: dg.DagsterInstance, job_name: str) -> bool:
    return bool(instance.get_runs(dg.RunsFilter(job_name=job_name, statuses=UNFINISHED), limit=1))


def _request(group: Group, sessions: Sessions, now: datetime) -> dg.RunRequest:
    dataset = DATASETS[group.data_type]
    return refresh_request(
        dataset,
        [one.symbol for one in group.overdue],
        purpose=Purpose.FRESHNESS,
        priority=Priority.LOW,
        run_key=group.run_key(now),
        partition=partition(dataset, group.overdue, sessions, now),
        timeframe=group.timeframe,
    )
