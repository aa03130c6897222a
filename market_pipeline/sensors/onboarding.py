"""New symbols get what the others have already: reference data, and their price history.

Here belongs what is asked for when symbols are added.  Not their partitions (`symbols`), nor what the schedules fetch for
every active symbol from now on.

New symbols are taken in batches, in the order in which they were added: a batch is one run per data type, whether it has
one symbol or a hundred, and the next one waits for it.  500 new symbols are 25 runs, never more than five of them at once.
"""

from collections.abc import Iterator, Mapping, Sequence, Set
from datetime import datetime

import dagster as dg
import orjson

from market_pipeline.datasets import DATASETS, Dataset, PartitionedBy
from market_pipeline.jobs import DATA_TYPE_JOBS
from market_pipeline.partitions import key_of, range_key
from market_pipeline.queue import Priority
from market_pipeline.resources import Clock, configured_sessions, utc_now
from market_pipeline.sensors.requests import Purpose, refresh_request, unfinished
from market_pipeline.sessions import Sessions
from market_pipeline.settings import load_settings
from market_pipeline.storage.prepare import prepared_database
from market_pipeline.storage.universe import NewSymbol, new_symbols, symbols_kept
from market_pipeline.timetable import settled_sessions

BATCH = 100  # symbols: at a free plan's few calls a minute their history takes half an hour, far from a run's two hours
REFERENCE = [one for one in DATASETS.values() if one.partitioned_by is PartitionedBy.SYMBOL]
HISTORY = [one for one in DATASETS.values() if one.partitioned_by is PartitionedBy.SESSION and not one.live]


def requests(
    batch: Sequence[NewSymbol],
    kept: Mapping[str, Set[str]],
    *,
    sessions: Sessions,
    history_sessions: int,
    now: datetime,
) -> Iterator[dg.RunRequest]:
    """A run per data type for a batch of new symbols.  Pure.

    `kept` has the symbols that each data type has rows of: reference data that is there is kept up by its schedule.
    """
    name = f"{batch[0].symbol}@{batch[0].tracked_since.isoformat()}+{len(batch)}"
    symbols = [new.symbol for new in batch]
    for dataset in REFERENCE:
        missing = [symbol for symbol in symbols if symbol not in kept[dataset.name]]
        if missing:
            yield _request(dataset, missing, name)
    days = settled_sessions(sessions, now, history_sessions)
    for dataset in HISTORY if days else []:
        span = range_key([key_of(day) for day in days])
        yield _request(dataset, symbols, name, partition=span)


def _request(dataset: Dataset, symbols: Sequence[str], batch: str, partition: str = "") -> dg.RunRequest:
    return refresh_request(
        dataset,
        symbols,
        purpose=Purpose.ONBOARDING,
        priority=Priority.LOW,  # behind what keeps the others up to date
        run_key=f"{dataset.name}/{batch}",
        partition=partition,
    )


def read_cursor(text: str | None) -> NewSymbol | None:
    """The last symbol that was taken care of; None before the first one."""
    if text is None:
        return None
    since, symbol = orjson.loads(text)
    return NewSymbol(datetime.fromisoformat(since), symbol)


def written_cursor(last: NewSymbol) -> str:
    return orjson.dumps([last.tracked_since.isoformat(), last.symbol]).decode()


def onboarding_sensor(clock: Clock = utc_now) -> dg.SensorDefinition:
    """The sensor, by a clock of the caller's."""

    @dg.sensor(
        name="onboarding_sensor",
        jobs=[DATA_TYPE_JOBS[dataset.name] for dataset in (*REFERENCE, *HISTORY)],
        minimum_interval_seconds=30,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Fetches reference data and price history for new symbols, a hundred at a time.",
    )
    def _sensor(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        under_way = unfinished(context.instance, Purpose.ONBOARDING)
        if under_way:
            return dg.SkipReason(f"{len(under_way)} runs of the previous batch have not ended")
        settings = load_settings()
        with prepared_database(settings).connect(name="onboarding sensor") as connection:
            batch = new_symbols(connection, read_cursor(context.cursor), BATCH)
            if not batch:
                return dg.SkipReason("no new symbols")
            kept = {dataset.name: symbols_kept(connection, dataset) for dataset in REFERENCE}
        runs = requests(
            batch,
            kept,
            sessions=configured_sessions(),
            history_sessions=settings.history_sessions,
            now=clock(),
        )
        return dg.SensorResult(run_requests=list(runs), cursor=written_cursor(batch[-1]))

    return _sensor
