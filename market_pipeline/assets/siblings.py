"""Runs of a backfill that fill a partition each, which `dagster job backfill` makes even where a data type wants ranges.

Here belongs finding them.  What a run fetches for the others is decided in `targets`; that they find it is the answer
cache's doing.
"""

import dagster as dg

from market_pipeline.partitions import PARTITION_TAG
from market_pipeline.queue import BACKFILL_TAG, UNFINISHED

LOOKED_AT = 500  # runs, at 2 ms each: two years of sessions; those behind them a later run finds


def siblings(instance: dg.DagsterInstance, run: dg.DagsterRun) -> frozenset[str]:
    """The partitions of the unfinished runs of its job and backfill, its own among them; none where it fills a range."""
    if not {BACKFILL_TAG, PARTITION_TAG} <= set(run.tags):
        return frozenset()
    same = dg.RunsFilter(job_name=run.job_name, statuses=UNFINISHED, tags={BACKFILL_TAG: run.tags[BACKFILL_TAG]})
    found = instance.get_runs(same, limit=LOOKED_AT, ascending=True)
    return frozenset(one.tags[PARTITION_TAG] for one in found if PARTITION_TAG in one.tags)
