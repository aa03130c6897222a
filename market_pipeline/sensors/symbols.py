"""Tracked symbols are the partitions of the assets that are kept by symbol.

Here belongs which partitions there are.  They follow the table `tracked_symbols`, never the other way round: a symbol that
is not fetched any more keeps its partition, since its history is worth seeing; one that was deleted from the table, or typed
into the UI, has none.  Fetching data for new symbols is `onboarding`'s.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import dagster as dg

from market_pipeline.datasets import DATASETS, PartitionedBy
from market_pipeline.jobs import DATA_TYPE_JOBS
from market_pipeline.partitions import SYMBOLS, symbol_partitions
from market_pipeline.queue import UNFINISHED
from market_pipeline.settings import load_settings
from market_pipeline.storage.prepare import prepared_database
from market_pipeline.storage.universe import tracked_symbols

BY_DAY = {DATA_TYPE_JOBS[name].name for name, one in DATASETS.items() if one.partitioned_by is not PartitionedBy.SYMBOL}
"""Jobs that have nothing to do with partitions by symbol."""


@dataclass(frozen=True, slots=True)
class Changes:
    """Partitions to add and to delete."""

    add: list[str]
    delete: list[str]


def changes(active: Mapping[str, bool], registered: Iterable[str]) -> Changes:
    """What makes the registered partitions those of the tracked symbols, by whether they are active.  Pure."""
    known = set(registered)
    return Changes(
        add=sorted(symbol for symbol, wanted in active.items() if wanted and symbol not in known),
        delete=sorted(known - active.keys()),
    )


@dg.sensor(
    minimum_interval_seconds=30,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Registers tracked symbols as partitions, and removes those of deleted symbols.",
)
def symbols_sensor(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
    with prepared_database(load_settings()).connect(name="symbols sensor") as connection:
        tracked = {one.symbol: one.active for one in tracked_symbols(connection, include_inactive=True)}
    found = changes(tracked, context.instance.get_dynamic_partitions(SYMBOLS))
    in_use = partitions_in_use(context.instance) if found.delete else None
    wanted = [symbol_partitions.build_add_request(found.add)] if found.add else []
    unwanted = [symbol_partitions.build_delete_request(found.delete)] if found.delete and in_use is None else []
    if wanted or unwanted:
        return dg.SensorResult(dynamic_partitions_requests=[*wanted, *unwanted])
    if in_use is not None:
        return dg.SkipReason(f"{', '.join(found.delete[:20])} would be deleted, but {in_use}")
    return dg.SkipReason(f"all {sum(tracked.values())} active symbols are partitions")


def partitions_in_use(instance: dg.DagsterInstance) -> str | None:
    """Who may be working with partitions by symbol, in words; None when nobody does.

    A run whose partition goes away under it fails, and so does a backfill that has yet to start its runs.
    """
    for run in instance.get_runs(dg.RunsFilter(statuses=UNFINISHED)):
        if run.job_name not in BY_DAY:
            return f"run {run.run_id[:8]} of {run.job_name} is not over"
    for backfill in instance.get_backfills(limit=50):
        if backfill.status.value in ("REQUESTED", "CANCELING", "FAILING"):
            return f"backfill {backfill.backfill_id} is not over"
    return None
