"""Runs that failed without a word about their symbols: these are retried, as if every vendor had failed them.

A run whose worker died, or which could not reach the database, tells nobody what it was about, and Dagster begins it again at
once, and once: an outage of half a minute outlasts that.  `failed_symbols` has the patience.

Here belongs which runs are meant and what they were about; when the symbols are retried is `tracking.failed_symbols`'s.

Failures are taken in the order of their events' ids, which PostgreSQL gives: times are those of workers' clocks, and one that is
behind would hide its failure.  Each is looked at in two ticks, because an id is given a moment before the event can be read, and
the event is there a moment before its run is marked.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple, Self

import dagster as dg

from market_pipeline.assets.targets import RefreshConfig, target_of
from market_pipeline.datasets import DATASETS, Dataset
from market_pipeline.jobs import DATA_TYPE_JOBS
from market_pipeline.partitions import PARTITION_TAG, RANGE_TAGS, SYMBOLS
from market_pipeline.queue import is_begun_again, why_it_ended
from market_pipeline.resources import Clock, configured_sessions, utc_now
from market_pipeline.sessions import Sessions
from market_pipeline.settings import load_settings
from market_pipeline.storage.database import Connection
from market_pipeline.storage.prepare import prepared_database
from market_pipeline.tracking.failed_symbols import Failure, record_failures
from market_pipeline.tracking.unheard import unheard_of

PIPELINE = "pipeline"  # stands in `failed_symbols.errors` where otherwise a vendor does
FIRST_LOOK = timedelta(days=1)  # of a sensor that has never run: older failures have been made up for, or seen
RUNS_A_TICK = 50  # a tick may take 60 s; the rest follows with the next one


class _Cursor(NamedTuple):
    """Ids of events: up to `settled` all have been looked at twice, up to `seen` once."""

    settled: int
    seen: int

    @classmethod
    def read(cls, text: str | None) -> Self | None:
        """None where there is none yet, or one that an older version has left, a time."""
        ids = re.fullmatch(r"(\d+) (\d+)", text or "")
        return None if ids is None else cls(int(ids[1]), int(ids[2]))

    def __str__(self) -> str:
        return f"{self.settled} {self.seen}"


def failed_runs_sensor(clock: Clock = utc_now) -> dg.SensorDefinition:
    """The sensor, by a clock of the caller's."""

    @dg.sensor(
        name="failed_runs_sensor",
        minimum_interval_seconds=30,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Has symbols retried whose runs failed before they could report on them.",
    )
    def _sensor(context: dg.SensorEvaluationContext) -> dg.SkipReason:
        """Asks for no run, so that each tick is a skipped one, with what it found as the reason."""
        now, cursor = clock(), _Cursor.read(context.cursor)
        failures = dg.RunStatusChangeRecordsFilter(
            dg.DagsterEventType.RUN_FAILURE,
            after_storage_id=None if cursor is None else cursor.settled,
            after_timestamp=(now - FIRST_LOOK).timestamp() if cursor is None else None,
        )
        events = context.instance.fetch_run_status_changes(failures, RUNS_A_TICK, ascending=True).records
        said = []
        with prepared_database(load_settings()).connect(autocommit=True, name="failed runs sensor") as connection:
            for record in _failed(context.instance, events):
                said += [
                    f"run {record.dagster_run.run_id[:8]}: {count} of {name} will be retried"
                    for name, count in _record(context.instance, connection, record, now).items()
                ]
        if events:
            settled = events[0].storage_id - 1 if cursor is None else cursor.seen
            context.update_cursor(str(_Cursor(settled, events[-1].storage_id)))
        return dg.SkipReason("; ".join(said) or "no run has failed without a word")

    return _sensor


def _failed(instance: dg.DagsterInstance, events: Sequence[dg.EventLogRecord]) -> Sequence[dg.RunRecord]:
    """The runs that events of failures tell of, as far as they are there and marked as failed."""
    if not events:
        return []
    ids = [event.run_id for event in events]
    return instance.get_run_records(dg.RunsFilter(run_ids=ids, statuses=[dg.DagsterRunStatus.FAILURE]))


def _record(
    instance: dg.DagsterInstance, connection: Connection, record: dg.RunRecord, now: datetime
) -> dict[str, int]:
    """Write down the symbols of a failed run; how many, by data type.  None of one that Dagster begins again."""
    run, sessions = record.dagster_run, configured_sessions()
    recorded: dict[str, int] = {}
    if is_begun_again(run):
        return recorded
    why, asked_at = why_it_ended(instance, run) or "the run failed", _asked_at(instance, record)
    for dataset in _datasets(run):
        keys = _keys(dataset, run.tags, instance.get_dynamic_partitions(SYMBOLS))
        config = _config(dataset, run.run_config)
        for partition, timeframe, symbols in _unheard(connection, dataset, config, keys, sessions, asked_at):
            failures = [Failure(symbol=symbol, errors={PIPELINE: why}, unknown=False) for symbol in symbols]
            record_failures(
                connection, dataset.name, partition, failures, run_id=run.run_id, now=now, timeframe=timeframe
            )
            recorded[dataset.name] = recorded.get(dataset.name, 0) + len(symbols)
    return recorded


def _unheard(
    connection: Connection,
    dataset: Dataset,
    config: RefreshConfig,
    keys: Sequence[str] | None,
    sessions: Sessions,
    asked_at: datetime,
) -> Iterator[tuple[str, str | None, list[str]]]:
    """Partition, length of bars and symbols that a run was about, of which nothing was heard since it was asked for."""
    try:
        wanted = target_of(connection, dataset, config, keys, sessions=sessions, now=asked_at)
    except dg.Failure:
        return  # it was refused, and will be
    for fetch in wanted.fetches:
        symbols = unheard_of(
            connection,
            dataset.name,
            fetch.symbols,
            partition_key=wanted.partition,
            timeframe=fetch.timeframe,
            window=fetch.window,
            since=asked_at,
        )
        if symbols:
            yield wanted.partition, fetch.timeframe, symbols


def _asked_at(instance: dg.DagsterInstance, record: dg.RunRecord) -> datetime:
    """When the run was asked for; of one that took the place of a crashed one, when that one was."""
    root = record.dagster_run.root_run_id
    first = None if root is None else instance.get_run_record_by_id(root)
    return (record if first is None else first).create_timestamp.astimezone(UTC)


def _datasets(run: dg.DagsterRun) -> list[Dataset]:
    """The data types that a run was to fetch: by its job, or by the assets that somebody has chosen in the UI."""
    chosen = {key.to_user_string() for key in run.asset_selection or ()}
    return [
        dataset for name, dataset in DATASETS.items() if run.job_name == DATA_TYPE_JOBS[name].name or name in chosen
    ]


def _config(dataset: Dataset, run_config: Mapping[str, Any]) -> RefreshConfig:
    """What a run of a data type was told; the defaults where that is nothing.  Pure."""
    return RefreshConfig(**run_config.get("ops", {}).get(dataset.name, {}).get("config", {}))


def _keys(dataset: Dataset, tags: Mapping[str, str], symbols: Sequence[str]) -> Sequence[str] | None:
    """The partitions that a run names by its tags; of a range of days its ends are enough.  Pure."""
    if PARTITION_TAG in tags:
        return [tags[PARTITION_TAG]]
    if not set(RANGE_TAGS) <= set(tags):
        return None
    first, last = (tags[name] for name in RANGE_TAGS)
    if dataset.partitioned_by.is_dated:
        return [first] if first == last else [first, last]
    return symbols[symbols.index(first) : symbols.index(last) + 1] if {first, last} <= set(symbols) else []
