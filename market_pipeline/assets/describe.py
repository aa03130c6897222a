"""What an asset declares, from the data type that it keeps: owner, description, columns, freshness, checks.

Here belongs what is the same for fetched and computed data.
"""

from collections.abc import Sequence
from typing import Any, TypedDict

import dagster as dg
from pydantic.fields import FieldInfo

from market_pipeline.assets.execution import RETRIES
from market_pipeline.checks import check_specs
from market_pipeline.datasets import DataType, PartitionedBy, column_type
from market_pipeline.settings import load_settings

OWNER = "team:market-data"
KINDS = {"postgres", "python"}
PARTITIONS = {
    PartitionedBy.SESSION: "a trading day",
    PartitionedBy.DAY: "a calendar day (UTC)",
    PartitionedBy.SYMBOL: "a symbol",
    PartitionedBy.INDEX: "an index",
}


class Declared(TypedDict):
    """Arguments of `dg.asset`."""

    name: str
    group_name: str
    owners: list[str]
    freshness_policy: dg.FreshnessPolicy
    pool: str
    check_specs: list[dg.AssetCheckSpec]
    backfill_policy: dg.BackfillPolicy
    retry_policy: dg.RetryPolicy
    output_required: bool


def declared(data_type: DataType) -> Declared:
    """What every asset of a data type declares in the same way."""
    windows = data_type.freshness
    return {
        "name": data_type.name,
        "group_name": data_type.family,
        "owners": [OWNER],
        "freshness_policy": dg.FreshnessPolicy.time_window(fail_window=windows.fail, warn_window=windows.warn),
        "pool": data_type.name,
        "check_specs": check_specs(data_type),
        "backfill_policy": dg.BackfillPolicy.single_run(),
        "retry_policy": RETRIES,
        # Partitions are logged one by one: an output would mark all partitions of the run as good.
        "output_required": False,
    }


def description_of(data_type: DataType) -> str:
    current = "the current one" if data_type.partitioned_by.is_dated else "all of them"
    return (
        f"{data_type.description}\n\nOne partition is {PARTITIONS[data_type.partitioned_by]}; rows are in the table"
        f" `{data_type.name}`, with the key ({', '.join(data_type.key)}). A run without a partition takes {current}."
    )


def tags_of(data_type: DataType) -> dict[str, str]:
    return {"partitioned_by": data_type.partitioned_by.value}


def metadata_of(data_type: DataType) -> dict[str, Any]:
    """The table, its key and its columns, for lineage and the catalogue; and where the monitor tells more."""
    columns = [
        dg.TableColumn(
            name,
            type=column_type(info.annotation),
            description=_with_unit(info),
            constraints=dg.TableColumnConstraints(nullable=not info.is_required(), unique=False),
        )
        for name, info in data_type.record.model_fields.items()
    ]
    told_more = f"http://127.0.0.1:{load_settings().monitor_port}/attempts?data_type={data_type.name}"
    return {
        **table_metadata(data_type.name, data_type.key, columns),
        "monitor": dg.MetadataValue.url(told_more),
    }


def _with_unit(field: FieldInfo) -> str | None:
    said = field.json_schema_extra
    return f"{field.description} ({said['unit']})" if isinstance(said, dict) and "unit" in said else field.description


def table_metadata(table: str, key: Sequence[str], columns: Sequence[dg.TableColumn]) -> dict[str, Any]:
    """A table as Dagster's catalogue shows it."""
    return {
        "dagster/table_name": f"public.{table}",
        "dagster/column_schema": dg.TableSchema(columns),
        "key": ", ".join(key),
    }
