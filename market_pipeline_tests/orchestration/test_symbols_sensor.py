"""The sensor that makes partitions of tracked symbols."""

import dagster as dg

from market_pipeline.partitions import SYMBOLS
from market_pipeline.sensors.symbols import missing_symbols, symbols_sensor
from market_pipeline_tests.orchestration.conftest import TRACKED, Runs


def test_what_is_tracked_and_no_partition_yet_is_added_and_nothing_is_ever_taken_away(runs: Runs) -> None:
    runs.instance.add_dynamic_partitions(SYMBOLS, ["AAPL", "GONE"])
    with dg.build_sensor_context(instance=runs.instance) as context:
        result = symbols_sensor(context)
    assert isinstance(result, dg.SensorResult)
    (request,) = result.dynamic_partitions_requests or ()
    assert (type(request), request.partition_keys) == (dg.AddDynamicPartitionsRequest, ["JPM", "MSFT", "XOM"])


def test_when_nothing_is_missing_the_tick_says_so(runs: Runs) -> None:
    runs.instance.add_dynamic_partitions(SYMBOLS, TRACKED)
    with dg.build_sensor_context(instance=runs.instance) as context:
        assert symbols_sensor(context) == dg.SkipReason("all 4 active symbols are partitions")


def test_missing_is_what_is_active_and_not_registered() -> None:
    assert missing_symbols(["B", "A", "C"], ["C", "D"]) == ["A", "B"]
