"""The nine market data assets: one line each, over one factory.

A new data type is a line here.  What its asset does when it runs is in `refresh`; what it keeps is in `datasets`.
"""

import warnings
from collections.abc import Iterator, Sequence
from datetime import timedelta

import dagster as dg

from market_pipeline.assets.refresh import refresh
from market_pipeline.assets.targets import RefreshConfig
from market_pipeline.datasets import DATASETS, Dataset, PartitionedBy, column_type
from market_pipeline.partitions import partitions_of
from market_pipeline.resources import Pipeline
from market_pipeline.sessions import Sessions
from market_pipeline.settings import load_settings
from market_pipeline.timetable import cron_of

OWNER = "team:market-data"

# Twice more, for what passes by itself.  A retry asks only for what is missing, and a permanent failure says so.
RETRIES = dg.RetryPolicy(max_retries=2, delay=10, backoff=dg.Backoff.EXPONENTIAL, jitter=dg.Jitter.PLUS_MINUS)


# Beta in this version of Dagster, and the only way to cover a range of partitions with one run.
warnings.filterwarnings("ignore", message="Parameter `backfill_policy`", category=dg.BetaWarning)


def market_data_asset(dataset: Dataset) -> dg.AssetsDefinition:
    """The asset of a data type: fetched from whoever answers, upserted into the table of its name."""
    sessions = Sessions(load_settings().exchange)

    @dg.asset(
        name=dataset.name,
        partitions_def=partitions_of(dataset, sessions),
        backfill_policy=dg.BackfillPolicy.single_run(),
        group_name=dataset.family,
        description=_description(dataset),
        kinds={"postgres", "python"},
        owners=[OWNER],
        tags={"partitioned_by": dataset.partitioned_by.value, "live": str(dataset.live).lower()},
        metadata=_metadata(dataset, sessions),
        freshness_policy=_freshness(dataset.freshness.warn, dataset.freshness.fail),
        retry_policy=RETRIES,
        pool=dataset.name,
        output_required=False,  # partitions are logged one by one, see `refresh`
    )
    def _asset(
        context: dg.AssetExecutionContext, config: RefreshConfig, pipeline: dg.ResourceParam[Pipeline]
    ) -> Iterator[dg.Output[None]]:
        refresh(context.op_execution_context, dataset, config, pipeline, _named_partitions(context, dataset))
        yield from ()  # a generator may end without an output, which would mark all partitions of the run as good

    return _asset


def _named_partitions(context: dg.AssetExecutionContext, dataset: Dataset) -> Sequence[str] | None:
    """The partitions that the run names, as it names them; None where it names none.

    Dagster rounds a day that is no partition, such as a Sunday, up to the next one, which nobody asked for.
    """
    if context.has_partition_key:
        return [context.partition_key]
    if not context.has_partition_key_range:
        return None
    last = context.partition_key_range.end
    by_symbol = dataset.partitioned_by is PartitionedBy.SYMBOL  # in the order of their registration
    return [key for key in context.partition_keys if by_symbol or key <= last]


def _description(dataset: Dataset) -> str:
    partition = {"session": "trading day", "day": "calendar day (UTC)", "symbol": "symbol"}[
        dataset.partitioned_by.value
    ]
    return (
        f"{dataset.description}\n\nOne partition is a {partition}; rows are in the table `{dataset.name}`, by"
        f" ({', '.join(dataset.key)}). Run without a partition it takes the current one."
    )


def _freshness(warn: timedelta, fail: timedelta) -> dg.FreshnessPolicy:
    return dg.FreshnessPolicy.time_window(fail_window=fail, warn_window=warn)


def _metadata(dataset: Dataset, sessions: Sessions) -> dict[str, object]:
    columns = [
        dg.TableColumn(
            name,
            type=column_type(info.annotation),
            description=info.description,
            constraints=dg.TableColumnConstraints(nullable=not info.is_required(), unique=False),
        )
        for name, info in dataset.record.model_fields.items()
    ]
    return {
        "dagster/table_name": f"public.{dataset.name}",
        "dagster/column_schema": dg.TableSchema(columns),
        "key": ", ".join(dataset.key),
        "cadence": f"{cron_of(dataset.cadence, sessions)} ({sessions.timezone})",
    }


stock_quotes = market_data_asset(DATASETS["stock_quotes"])
company_info = market_data_asset(DATASETS["company_info"])
historical_prices = market_data_asset(DATASETS["historical_prices"])
options_chain = market_data_asset(DATASETS["options_chain"])
earnings = market_data_asset(DATASETS["earnings"])
dividends = market_data_asset(DATASETS["dividends"])
fundamentals = market_data_asset(DATASETS["fundamentals"])
news = market_data_asset(DATASETS["news"])
economic_events = market_data_asset(DATASETS["economic_events"])

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
]
