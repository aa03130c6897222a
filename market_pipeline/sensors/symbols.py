"""Tracked symbols become partitions of the assets that are kept by symbol."""

from collections.abc import Iterable

import dagster as dg

from market_pipeline.partitions import SYMBOLS, symbol_partitions
from market_pipeline.settings import load_settings
from market_pipeline.storage.prepare import prepared_database
from market_pipeline.storage.universe import active_symbols


def missing_symbols(active: Iterable[str], registered: Iterable[str]) -> list[str]:
    """Active symbols that are no partition yet.  Pure.  Partitions of inactive ones stay: their history is worth seeing."""
    return sorted(set(active) - set(registered))


@dg.sensor(
    minimum_interval_seconds=30,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Registers tracked symbols as partitions of the assets that are kept by symbol.",
)
def symbols_sensor(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
    with prepared_database(load_settings()).connect(name="symbols sensor") as connection:
        active = active_symbols(connection)
    missing = missing_symbols(active, context.instance.get_dynamic_partitions(SYMBOLS))
    if not missing:
        return dg.SkipReason(f"all {len(active)} active symbols are partitions")
    return dg.SensorResult(dynamic_partitions_requests=[symbol_partitions.build_add_request(missing)])
