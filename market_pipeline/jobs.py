"""Jobs: one per data type, the main one over all of them, and the maintenance of what they leave behind.

Here belong jobs and nothing that they do.
"""

from typing import Any

import dagster as dg
from pydantic import Field

from market_pipeline.assets.choices import SeriesConfig
from market_pipeline.assets.refresh import refresh
from market_pipeline.assets.targets import RefreshConfig
from market_pipeline.checks import evaluation
from market_pipeline.datasets import DATA_TYPES, DATASETS, Dataset
from market_pipeline.enrichment.run import enrich
from market_pipeline.maintenance import delete_old_history
from market_pipeline.resources import Pipeline, utc_now
from market_pipeline.settings import MOST_DAYS_KEPT, load_settings
from market_pipeline.staleness_check import check_freshness
from market_pipeline.storage.prepare import prepared_database
from market_pipeline.timetable import is_warmed

DATA_TYPE_JOBS = {
    data_type.name: dg.define_asset_job(
        f"{data_type.name}_job",
        selection=[data_type.name],
        description=f"Refreshes {data_type.title.lower()}: the current partition, unless one is named.",
        tags={"market_pipeline/data_type": data_type.name},
    )
    for data_type in DATA_TYPES
}


def _refresh_op(dataset: Dataset) -> dg.OpDefinition:
    """An op that refreshes a data type's current partition and reports it as materialised."""

    @dg.op(name=f"refresh_{dataset.name}", description=dataset.description)
    def _op(context: dg.OpExecutionContext, config: RefreshConfig, pipeline: dg.ResourceParam[Pipeline]) -> None:
        for found in refresh(context, dataset, config, pipeline, keys=None):
            context.log_event(evaluation(dataset, found))  # type: ignore[arg-type]  # it takes them, and does not say so

    return _op


_REFRESH_OPS = {name: _refresh_op(dataset) for name, dataset in DATASETS.items()}


def _same_for_all(config: RefreshConfig) -> dict[str, Any]:
    settings = config.model_dump(mode="json", exclude_none=True)
    return {f"refresh_{name}": {"config": settings} for name in DATASETS}


@dg.job(
    # An asset job cannot do it: its assets must be partitioned alike, and these are by session, by day and by symbol.
    description="Refreshes the current partition of all data types, one after the other. If one fails, the others still run.",
    config=dg.ConfigMapping(
        config_schema=RefreshConfig.to_config_schema().as_field(),
        config_fn=lambda config: {"ops": _same_for_all(RefreshConfig(**config))},
    ),
)
def market_data_refresh() -> None:
    for refresh_data_type in _REFRESH_OPS.values():
        refresh_data_type()


@dg.job(
    description="Fetches what the answer cache lacks before the exchange opens, of data types that do not wait for the open."
)
def warm_cache() -> None:
    for dataset in filter(is_warmed, DATASETS.values()):
        _REFRESH_OPS[dataset.name]()


class MaintenanceConfig(dg.Config):
    """How much is kept."""

    days_to_keep: int | None = Field(
        default=None, ge=1, le=MOST_DAYS_KEPT, description="days of history; unset for RETENTION_DAYS"
    )


@dg.op(name="delete_old_history", description="Deletes old rows of the tracking tables, then old runs.")
def _delete_old_history(context: dg.OpExecutionContext, config: MaintenanceConfig) -> None:
    settings = load_settings()
    days = settings.retention_days if config.days_to_keep is None else config.days_to_keep
    deleted = delete_old_history(prepared_database(settings), context.instance, days, now=utc_now())
    context.log.info("deleted what is older than %d days: %s", days, deleted)


@dg.job(description="Deletes old tracking data, and old Dagster runs with their events. Market data stays.")
def maintenance_job() -> None:
    _delete_old_history()


@dg.op(name="check_freshness", description="Updates the stored freshness statuses, and records Dagster's verdicts.")
def _check_freshness(context: dg.OpExecutionContext) -> None:
    found = check_freshness(prepared_database(load_settings()), context.instance, utc_now())
    context.log.info("%s", ", ".join(f"{count} {status}" for status, count in found.items()))


@dg.job(
    description="Updates the freshness status of each symbol in `data_freshness`; `current_freshness` is always current."
)
def staleness_check_job() -> None:
    _check_freshness()


@dg.op(description="Prices up to the last session, features of them and their quality, symbol by symbol.")
def enrich_symbols(context: dg.OpExecutionContext, config: SeriesConfig, pipeline: dg.ResourceParam[Pipeline]) -> None:
    enrich(context, config, pipeline)


@dg.job(
    description="Brings the active symbols up to date, a few at a time: prices, features of them, their quality.",
    config=dg.ConfigMapping(
        config_schema=SeriesConfig.to_config_schema().as_field(),
        config_fn=lambda config: {"ops": {"enrich_symbols": {"config": config}}},
    ),
)
def enrichment() -> None:
    enrich_symbols()
