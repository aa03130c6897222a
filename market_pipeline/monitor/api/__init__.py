"""The HTTP API as JSON: one module a group of paths.

Here belong paths, parameters and shapes.  Facts come from `market_pipeline.tracking` and from Dagster's instance.
"""

from market_pipeline.monitor.api import admin, data, enrichment, providers, scheduler, symbols, work

ROUTERS = tuple(module.router for module in (admin, data, enrichment, providers, scheduler, symbols, work))
