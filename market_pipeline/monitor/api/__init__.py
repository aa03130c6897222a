"""The HTTP API as JSON: one module a group of paths.

Here belong paths, parameters and shapes.  Facts come from `market_pipeline.tracking` and from Dagster's instance.
"""

from market_pipeline.monitor.api import (
    admin,
    data,
    enrichment_control,
    enrichment_dashboard,
    providers,
    scheduler,
    symbols,
    work,
)

_MODULES = (admin, data, enrichment_control, enrichment_dashboard, providers, scheduler, symbols, work)
ROUTERS = tuple(module.router for module in _MODULES)
