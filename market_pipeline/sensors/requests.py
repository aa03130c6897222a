"""How a sensor asks for data: the run of a data type's job for some symbols.

Here belongs what the sensors' requests have in common.  When something is asked for is each sensor's own decision.
"""

from collections.abc import Mapping, Sequence
from enum import StrEnum

import dagster as dg

from market_pipeline.assets.targets import RefreshConfig
from market_pipeline.datasets import MARKET_WIDE, Dataset
from market_pipeline.jobs import DATA_TYPE_JOBS
from market_pipeline.partitions import range_of, range_tags
from market_pipeline.queue import UNFINISHED, Priority

PURPOSE_TAG = "market_pipeline/purpose"


class Purpose(StrEnum):
    """Why a sensor asked for a run; together such runs never take all places, see dagster.yaml."""

    RETRY = "retry"
    ONBOARDING = "onboarding"
    FRESHNESS = "freshness"


def refresh_request(
    dataset: Dataset,
    symbols: Sequence[str],
    *,
    purpose: Purpose,
    priority: Priority,
    run_key: str,
    partition: str = "",
    timeframe: str = "",
    tags: Mapping[str, str] | None = None,
) -> dg.RunRequest:
    """One run for `symbols` over `partition`: a key, a range as `range_key` writes it, or "" for the current one.

    The whole market is no symbol that a run could be narrowed to.
    """
    named = [symbol for symbol in symbols if symbol != MARKET_WIDE]
    config = RefreshConfig(symbols=named, timeframes=[timeframe] if timeframe else [])
    keys = range_of(partition) if partition else None
    a_range = keys is not None and keys[0] != keys[1]
    span = range_tags(*keys) if keys is not None and a_range else {}
    return dg.RunRequest(
        job_name=DATA_TYPE_JOBS[dataset.name].name,
        run_key=run_key,
        run_config=dg.RunConfig(ops={dataset.name: config}),
        partition_key=partition if partition and not a_range else None,
        tags={**(tags or {}), **priority.tags, PURPOSE_TAG: purpose.value, **span},
    )


def unfinished(instance: dg.DagsterInstance, purpose: Purpose) -> Sequence[dg.DagsterRun]:
    """The runs for a purpose that are queued or running."""
    return instance.get_runs(dg.RunsFilter(tags={PURPOSE_TAG: purpose.value}, statuses=UNFINISHED))


def newest_run(instance: dg.DagsterInstance, tag: str, value: str) -> dg.DagsterRun | None:
    """The last run that was asked for with a tag."""
    return next(iter(instance.get_runs(dg.RunsFilter(tags={tag: value}), limit=1)), None)
