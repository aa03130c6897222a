"""How a sensor asks for data: the run of a data type's job for some symbols.

Here belongs what the sensors' requests have in common.  When something is asked for is each sensor's own decision.
"""

from collections.abc import Mapping, Sequence

import dagster as dg

from market_pipeline.assets.targets import RefreshConfig
from market_pipeline.datasets import Dataset
from market_pipeline.jobs import DATA_TYPE_JOBS
from market_pipeline.partitions import range_of
from market_pipeline.sessions import Sessions
from market_pipeline.settings import load_settings

PURPOSE = "market_pipeline/purpose"
"""The tag that tells why a run was asked for: retry, onboarding, freshness."""
NOT_FINISHED = [
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]
RANGE_START, RANGE_END = "dagster/asset_partition_range_start", "dagster/asset_partition_range_end"


def refresh_request(
    dataset: Dataset,
    symbols: Sequence[str],
    *,
    run_key: str,
    tags: Mapping[str, str],
    partition: str = "",
    timeframe: str = "",
) -> dg.RunRequest:
    """One run for `symbols` over `partition`: a key, a range as `range_key` writes it, or "" for the current one.

    Data types that are about the whole market take no symbols.
    """
    config = RefreshConfig(
        symbols=list(symbols) if dataset.per_symbol else [], timeframes=[timeframe] if timeframe else []
    )
    keys = range_of(partition) if partition else None
    a_range = keys is not None and keys[0] != keys[1]
    return dg.RunRequest(
        job_name=DATA_TYPE_JOBS[dataset.name].name,
        run_key=run_key,
        run_config=dg.RunConfig(ops={dataset.name: config}),
        partition_key=partition if partition and not a_range else None,
        tags={**tags, RANGE_START: keys[0], RANGE_END: keys[1]} if keys is not None and a_range else tags,
    )


def unfinished(instance: dg.DagsterInstance, tags: Mapping[str, str]) -> Sequence[dg.DagsterRun]:
    """The runs with these tags that are queued or running."""
    return instance.get_runs(dg.RunsFilter(tags={PURPOSE: tags[PURPOSE]}, statuses=NOT_FINISHED))


def newest_run(instance: dg.DagsterInstance, tag: str, value: str) -> dg.DagsterRun | None:
    """The last run that was asked for with a tag."""
    return next(iter(instance.get_runs(dg.RunsFilter(tags={tag: value}), limit=1)), None)


def configured_sessions() -> Sessions:
    return Sessions(load_settings().exchange)
