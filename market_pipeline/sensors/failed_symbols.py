"""Symbols that no vendor answered for are asked for again: one run per data type, partition and length of bars.

Here belongs when such a run is asked for.  When a symbol is due, and after how many failures it is given up, is the rule
of `tracking.failed_symbols`; what the run fetches is the data type's job's.

A group of symbols has at most one run at a time: while it is queued or running, the group waits.  A run that ended without
a word about a symbol (killed, cancelled, refused) counts as a failure of that symbol, so that it is due again after the
usual delay, and not for ever.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import groupby

import dagster as dg

from market_pipeline.datasets import DATASETS
from market_pipeline.jobs import DATA_TYPE_JOBS
from market_pipeline.partitions import day_of, is_key, range_of
from market_pipeline.queue import Priority
from market_pipeline.resources import Clock, configured_sessions, utc_now
from market_pipeline.sensors.requests import Purpose, newest_run, refresh_request
from market_pipeline.sessions import Sessions
from market_pipeline.settings import load_settings
from market_pipeline.storage.database import Connection
from market_pipeline.storage.prepare import prepared_database
from market_pipeline.tracking.failed_symbols import (
    Failure,
    RetryCandidate,
    mark_expired,
    record_failures,
    retry_candidates,
)

GROUP_TAG = "market_pipeline/retry_of"
DUE_TAG = "market_pipeline/due"
RUNS_A_TICK = 20  # a tick may take 60 s; the rest follows with the next one


@dataclass(frozen=True, slots=True)
class Group:
    """Symbols that one run can ask for."""

    data_type: str
    partition_key: str
    timeframe: str
    candidates: tuple[RetryCandidate, ...] = field(compare=False)

    @property
    def name(self) -> str:
        return "/".join(filter(None, (self.data_type, self.partition_key, self.timeframe)))

    @property
    def due(self) -> datetime:
        """When the last of its symbols became due: a later due symbol, or a later failure, makes another one of it."""
        return max(one.next_retry_at for one in self.candidates)


@dataclass(frozen=True, slots=True)
class LastRun:
    """The newest run that a group was retried by."""

    run_id: str
    finished: bool
    due: datetime
    """`Group.due` when it was asked for: symbols that were due by then are in it."""


@dataclass(slots=True)
class Plan:
    """What a tick does."""

    retry: list[Group] = field(default_factory=list)
    under_way: list[Group] = field(default_factory=list)
    broken_off: list[tuple[Group, LastRun]] = field(default_factory=list)
    """Symbols that their retry has ended without a word about."""
    expired: list[Group] = field(default_factory=list)


def plan(groups: Iterable[Group], last_runs: Mapping[str, LastRun], *, sessions: Sessions, now: datetime) -> Plan:
    """What is to become of the groups that are due, by the newest run of each group's name.  Pure."""
    found = Plan()
    for group in groups:
        last = last_runs.get(group.name)
        if not can_be_fetched(group, sessions, now):
            found.expired.append(group)
        elif last is None:
            found.retry.append(group)
        elif not last.finished:
            found.under_way.append(group)
        else:
            left = [one for one in group.candidates if _untouched_by(last, one)]
            found.broken_off += [(replace(group, candidates=tuple(left)), last)] if left else []
            rest = tuple(one for one in group.candidates if one not in left)
            found.retry += [replace(group, candidates=rest)] if rest else []
    del found.retry[RUNS_A_TICK:]
    return found


def can_be_fetched(group: Group, sessions: Sessions, now: datetime) -> bool:
    """Whether there is a run that could fetch it: live data of a session that is over is lost."""
    dataset = DATASETS[group.data_type]
    if not dataset.partitioned_by.is_dated:
        return group.partition_key == ""
    keys = range_of(group.partition_key)
    if not all(is_key(dataset, sessions, key) for key in keys):
        return False
    return not dataset.live or day_of(keys[0]) >= sessions.current(now)


def grouped(candidates: Iterable[RetryCandidate]) -> list[Group]:
    """One group per run, the one with the longest due symbol first.  Pure."""

    def run(one: RetryCandidate) -> tuple[str, str, str]:
        return one.data_type, one.partition_key, one.timeframe

    found = [Group(*key, tuple(members)) for key, members in groupby(sorted(candidates, key=run), key=run)]
    return sorted(found, key=lambda group: min(one.next_retry_at for one in group.candidates))


def _untouched_by(run: LastRun, symbol: RetryCandidate) -> bool:
    return symbol.next_retry_at <= run.due and symbol.last_failed_at < run.due


def failed_symbols_sensor(clock: Clock = utc_now) -> dg.SensorDefinition:
    """The sensor, by a clock of the caller's."""

    @dg.sensor(
        name="failed_symbols_sensor",
        jobs=list(DATA_TYPE_JOBS.values()),
        minimum_interval_seconds=30,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Retries failed symbols after 5, 15 and 60 minutes.",
    )
    def _sensor(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        now = clock()
        with prepared_database(load_settings()).connect(autocommit=True, name="failed symbols sensor") as connection:
            groups = grouped(one for one in retry_candidates(connection, now) if one.data_type in DATASETS)
            planned = plan(groups, _last_runs(context.instance, groups), sessions=configured_sessions(), now=now)
            _write_down(connection, planned, now)
        if not planned.retry:
            return dg.SkipReason(_nothing_to_do(planned))
        return dg.SensorResult(run_requests=[_request(group) for group in planned.retry])

    return _sensor


def _last_runs(instance: dg.DagsterInstance, groups: Iterable[Group]) -> dict[str, LastRun]:
    runs = {group.name: newest_run(instance, GROUP_TAG, group.name) for group in groups}
    return {
        name: LastRun(run.run_id, run.is_finished, datetime.fromisoformat(run.tags[DUE_TAG]))
        for name, run in runs.items()
        if run is not None
    }


def _write_down(connection: Connection, planned: Plan, now: datetime) -> None:
    mark_expired(connection, [one for group in planned.expired for one in group.candidates])
    for group, last in planned.broken_off:
        record_failures(
            connection,
            group.data_type,
            group.partition_key,
            [Failure(symbol=one.symbol, errors=one.errors, unknown=False) for one in group.candidates],
            run_id=last.run_id,
            now=now,
            timeframe=group.timeframe,
        )


def _request(group: Group) -> dg.RunRequest:
    due, dataset = group.due.isoformat(), DATASETS[group.data_type]
    return refresh_request(
        dataset,
        [one.symbol for one in group.candidates],
        purpose=Purpose.RETRY,
        priority=Priority.HIGH if dataset.live else Priority.NORMAL,
        partition=group.partition_key,
        timeframe=group.timeframe,
        run_key=f"{group.name}@{due}",
        tags={GROUP_TAG: group.name, DUE_TAG: due},
    )


def _nothing_to_do(planned: Plan) -> str:
    said = [
        *(f"{group.name} is being retried" for group in planned.under_way),
        *(f"the retry of {group.name} broke off: due again later" for group, _ in planned.broken_off),
        *(f"{group.name} can no longer be fetched" for group in planned.expired),
    ]
    return "; ".join(said) or "nothing is due"
