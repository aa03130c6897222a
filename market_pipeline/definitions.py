"""The code location: assembly only, and no I/O at import."""

from collections.abc import Mapping
from typing import Any

import dagster as dg

from market_pipeline.assets.derived import DERIVED_ASSETS
from market_pipeline.assets.market_data import MARKET_DATA_ASSETS
from market_pipeline.assets.universe import tracked_symbols
from market_pipeline.jobs import (
    DATA_TYPE_JOBS,
    enrichment,
    maintenance_job,
    market_data_refresh,
    staleness_check_job,
    warm_cache,
)
from market_pipeline.resources import PipelineResource
from market_pipeline.schedules import schedules
from market_pipeline.sensors import SENSORS
from market_pipeline.sessions import Sessions
from market_pipeline.settings import load_settings
from market_pipeline.workers import executor


def build_definitions(resource_overrides: Mapping[str, Any] | None = None) -> dg.Definitions:
    """Everything Dagster is told; `resource_overrides` replaces resources by name, for tests."""
    settings = load_settings()
    return dg.Definitions(
        assets=[tracked_symbols, *MARKET_DATA_ASSETS, *DERIVED_ASSETS],
        jobs=[
            *DATA_TYPE_JOBS.values(),
            market_data_refresh,
            enrichment,
            warm_cache,
            maintenance_job,
            staleness_check_job,
        ],
        schedules=schedules(Sessions(settings.exchange)),
        sensors=SENSORS,
        executor=executor(settings),
        resources={"pipeline": PipelineResource(), **(resource_overrides or {})},
    )


defs = build_definitions()
