"""Dagster resources: the pipeline's plain objects, made for a run.

Here belong thin shells that read settings and assemble; what the objects do is no business of Dagster's.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import dagster as dg

from market_pipeline.market_data import MarketData, open_market_data
from market_pipeline.sessions import Sessions
from market_pipeline.settings import load_settings
from market_pipeline.simulator.address import simulator_for
from market_pipeline.storage.database import Database
from market_pipeline.storage.prepare import prepared_database


@dataclass(frozen=True, slots=True)
class Pipeline:
    """What an asset works with."""

    database: Database
    market_data: MarketData
    sessions: Sessions


class PipelineResource(dg.ConfigurableResource[Pipeline]):
    """The database, ready to use, and the vendors of the configured world, for the length of a run."""

    @contextmanager
    def yield_for_execution(self, context: dg.InitResourceContext) -> Iterator[Pipeline]:
        """Raises what `prepared_database` raises; a vendor that cannot be reached is found out by asking it."""
        settings = load_settings()
        database = prepared_database(settings)
        run_id = context.run_id or "no run"
        with (
            simulator_for(settings) as simulator_url,
            open_market_data(database, settings, run_id=run_id, simulator_url=simulator_url) as market_data,
        ):
            yield Pipeline(database, market_data, Sessions(settings.exchange))
