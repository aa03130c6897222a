"""The sensor that makes partitions of tracked symbols, and takes those away that nobody tracks and nobody works with."""

import dagster as dg
import pytest
from dagster._core.execution.backfill import BulkActionStatus, PartitionBackfill

from market_pipeline.partitions import SYMBOLS
from market_pipeline.sensors.symbols import Changes, changes, symbols_sensor
from market_pipeline.storage.universe import untrack
from market_pipeline_tests.orchestration.conftest import TRACKED, Runs, range_tags


def tick(runs: Runs) -> tuple[dict[str, list[str]], str | None]:
    """What a tick changes, by kind of request, and why it changes nothing; carried out as the daemon would."""
    done = runs.tick(symbols_sensor)
    found = {
        type(request).__name__[:3]: list(request.partition_keys) for request in done.dynamic_partitions_requests or ()
    }
    runs.instance.add_dynamic_partitions(SYMBOLS, found.get("Add", []))
    for key in found.get("Del", []):
        runs.instance.delete_dynamic_partition(SYMBOLS, key)
    return found, None if found else done.skip_message


def started(runs: Runs, job_name: str) -> dg.DagsterRun:
    return runs.enqueue(dg.RunRequest(job_name=job_name, run_key="by hand"))


def test_what_is_tracked_and_no_partition_yet_is_added(runs: Runs) -> None:
    runs.instance.add_dynamic_partitions(SYMBOLS, ["AAPL"])
    assert tick(runs) == ({"Add": ["JPM", "MSFT", "XOM"]}, None)
    assert tick(runs) == ({}, "all 4 active symbols are partitions")


def test_a_symbol_that_was_removed_keeps_its_partition_and_is_not_fetched(runs: Runs) -> None:
    tick(runs)
    with runs.database.connect() as connection:
        untrack(connection, ["JPM"])
    assert tick(runs) == ({}, "all 3 active symbols are partitions")
    assert set(runs.of("company_info").materialised) == {"AAPL", "MSFT", "XOM"}
    assert set(runs.of("company_info", tags=range_tags("AAPL", "XOM")).materialised) == {"AAPL", "MSFT", "XOM"}
    refused = runs.of("company_info", tags={"dagster/partition": "JPM"})
    assert "JPM is not an active symbol" in refused.failure
    assert runs.rows("SELECT DISTINCT symbol FROM company_info ORDER BY symbol") == [("AAPL",), ("MSFT",), ("XOM",)]


@pytest.mark.parametrize("job_name", ["company_info_job", "market_data_refresh"])
def test_a_partition_that_nobody_tracks_goes_when_no_run_works_with_partitions_by_symbol(
    runs: Runs, job_name: str
) -> None:
    tick(runs)
    runs.rows("DELETE FROM tracked_symbols WHERE symbol = 'JPM' RETURNING 1")
    running, harmless = started(runs, job_name), started(runs, "stock_quotes_job")
    changed, why = tick(runs)
    assert changed == {}
    assert why == f"JPM would be deleted, but run {running.run_id[:8]} of {job_name} is not over"
    runs.track("CVX")
    assert tick(runs) == ({"Add": ["CVX"]}, None), "which holds nothing else up"
    runs.instance.report_run_canceled(running)
    assert not harmless.is_finished
    assert tick(runs) == ({"Del": ["JPM"]}, None)
    assert runs.instance.get_dynamic_partitions(SYMBOLS) == ["AAPL", "MSFT", "XOM", "CVX"]


def test_a_backfill_under_way_keeps_partitions_too(runs: Runs) -> None:
    runs.instance.add_dynamic_partitions(SYMBOLS, [*TRACKED, "TYPED"])
    backfill = PartitionBackfill(
        backfill_id="abc", status=BulkActionStatus.REQUESTED, from_failure=False, tags={}, backfill_timestamp=0.0
    )
    runs.instance.add_backfill(backfill)
    assert tick(runs) == ({}, "TYPED would be deleted, but backfill abc is not over")
    runs.instance.update_backfill(backfill.with_status(BulkActionStatus.COMPLETED_SUCCESS))
    assert tick(runs) == ({"Del": ["TYPED"]}, None)


def test_partitions_follow_the_table_and_keep_those_of_inactive_symbols() -> None:
    assert changes({"A": True, "B": True, "C": False, "D": False}, ["C", "B", "X"]) == Changes(["A"], ["X"])
