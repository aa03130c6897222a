"""The assets that are fetched from vendors: one line each, over one factory.

A new data type is a line here.  What its asset does when it runs is in `refresh`; what it keeps is in `datasets`.
"""

from collections.abc import Iterator

import dagster as dg

from market_pipeline.assets.choices import named_partitions
from market_pipeline.assets.describe import KINDS, declared, description_of, metadata_of, tags_of
from market_pipeline.assets.refresh import refresh
from market_pipeline.assets.targets import RefreshConfig
from market_pipeline.datasets import DATASETS, Dataset
from market_pipeline.partitions import partitions_of
from market_pipeline.providers.registry import PROVIDERS
from market_pipeline.resources import Pipeline, configured_sessions
from market_pipeline.routes import ROUTES
from market_pipeline.timetable import cron_of


def market_data_asset(dataset: Dataset) -> dg.AssetsDefinition:
    """The asset of a data type: fetched from whoever answers, upserted into the table of its name."""
    sessions = configured_sessions()

    @dg.asset(
        **declared(dataset),
        deps=["tracked_symbols"] if dataset.per_symbol else [],
        partitions_def=partitions_of(dataset, sessions),
        description=f"{description_of(dataset)}\n\n{_vendors(dataset)}",
        kinds=KINDS,
        tags={**tags_of(dataset), "live": str(dataset.live).lower()},
        metadata={**metadata_of(dataset), "cadence": f"{cron_of(dataset.cadence, sessions)} ({sessions.timezone})"},
    )
    def _asset(
        context: dg.AssetExecutionContext, config: RefreshConfig, pipeline: dg.ResourceParam[Pipeline]
    ) -> Iterator[dg.AssetCheckResult]:
        yield from refresh(context.op_execution_context, dataset, config, pipeline, named_partitions(context, dataset))

    return _asset


def _vendors(dataset: Dataset) -> str:
    """Who is asked, with links, for a description."""
    vendors = [PROVIDERS[name] for name in ROUTES[dataset.name]]
    links = ", ".join(f"[{vendor.title}]({vendor.homepage})" for vendor in vendors)
    return f"Vendors, in the default order; recent success rates may change it: {links}."


stock_quotes = market_data_asset(DATASETS["stock_quotes"])
company_info = market_data_asset(DATASETS["company_info"])
historical_prices = market_data_asset(DATASETS["historical_prices"])
options_chain = market_data_asset(DATASETS["options_chain"])
earnings = market_data_asset(DATASETS["earnings"])
dividends = market_data_asset(DATASETS["dividends"])
fundamentals = market_data_asset(DATASETS["fundamentals"])
news = market_data_asset(DATASETS["news"])
economic_events = market_data_asset(DATASETS["economic_events"])
index_constituents = market_data_asset(DATASETS["index_constituents"])

MARKET_DATA_ASSETS = [
    stock_quotes,
    company_info,
    historical_prices,
    options_chain,
    earnings,
    dividends,
    fundamentals,
    news,
    economic_events,
    index_constituents,
]
