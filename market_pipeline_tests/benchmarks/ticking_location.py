"""A code location in which one vendor's quotes are due every minute, whatever the exchange says, and nothing else is due."""

import dagster as dg

from market_pipeline.assets.targets import RefreshConfig
from market_pipeline.definitions import build_definitions
from market_pipeline.jobs import DATA_TYPE_JOBS
from market_pipeline.queue import Priority
from market_pipeline.schedules import scheduled

VENDOR = "tiingo"  # several symbols a request, and the simulator makes its answers up at little cost


def due_every_minute() -> dg.Definitions:
    whole = build_definitions()
    schedule = scheduled(
        DATA_TYPE_JOBS["stock_quotes"],
        "* * * * *",
        timezone="UTC",
        description="Quotes, by night and on Sundays as well.",
        priority=Priority.HIGH,
        config=lambda tick: dg.RunConfig(ops={"stock_quotes": RefreshConfig(use_cache=False, providers=[VENDOR])}),
    )
    return dg.Definitions(
        assets=whole.assets,
        jobs=whole.jobs,
        schedules=[schedule],
        executor=whole.executor,
        resources=whole.resources,
    )


defs = due_every_minute()
