"""What runs leave in the execution log: who did what, symbol by symbol, and how it ended."""

import threading
import time
from typing import Any

import dagster as dg
import pytest

from market_pipeline.assets.execution import is_tried_again
from market_pipeline.datasets import DATASETS
from market_pipeline.tracking.executions import ExecutionLog
from market_pipeline_tests.orchestration.conftest import NOW, TRACKED, Run, Runs, definitions_at

FRIDAY = "2026-05-29"
SYMBOLS = "AAPL AMZN CAT DIS GE HD IBM JNJ JPM KO MSFT NVDA PFE WMT XOM".split()


def executions(runs: Runs) -> list[tuple[Any, ...]]:
    return runs.rows(
        "SELECT data_type, job, partition_key, status, total_symbols, successful_symbols, failed_symbols,"
        " total_records_processed FROM scheduler_execution_log ORDER BY data_type"
    )


def statuses(runs: Runs) -> dict[str, tuple[Any, ...]]:
    rows = runs.rows(
        "SELECT symbol, status, retry_count, records_inserted FROM symbol_computation_status ORDER BY symbol"
    )
    return {symbol: tuple(rest) for symbol, *rest in rows}


def test_a_run_of_a_data_type_is_an_execution_of_its_symbols(runs: Runs) -> None:
    runs.track("ZZTOP")
    run = runs.of("stock_quotes", providers=["finnhub", "nasdaq"])
    assert run.success
    assert executions(runs) == [("stock_quotes", "stock_quotes_job", FRIDAY, "completed", 5, 4, 1, 4)]
    assert runs.rows("SELECT run_id FROM scheduler_execution_log") == [(run.result.run_id,)]
    assert statuses(runs) == {**dict.fromkeys(TRACKED, ("completed", 0, 1)), "ZZTOP": ("failed", 0, 0)}
    ((said,),) = runs.rows("SELECT error_message FROM symbol_computation_status WHERE symbol = 'ZZTOP'")
    assert all(vendor in said for vendor in ("finnhub: ", "nasdaq: "))


def test_bars_of_two_lengths_are_told_apart(runs: Runs) -> None:
    assert runs.of("historical_prices", symbols=["AAPL"], timeframes=["1d", "1h"], providers=["yahoo"]).success
    found = runs.rows("SELECT symbol, timeframe, status FROM symbol_computation_status ORDER BY timeframe")
    assert found == [("AAPL", "1d", "completed"), ("AAPL", "1h", "completed")]
    assert [row[4:7] for row in executions(runs)] == [(1, 1, 0)]


def test_each_data_type_of_the_main_job_is_an_execution(runs: Runs) -> None:
    job = definitions_at(lambda: NOW).resolve_job_def("market_data_refresh")
    result = job.execute_in_process(instance=runs.instance, raise_on_error=False)
    found = executions(runs)
    assert [row[0] for row in found] == sorted(DATASETS)
    assert {row[1] for row in found} == {"market_data_refresh"}
    failed = {event.step_key for event in result.get_step_failure_events()}
    assert {row[0]: row[3] for row in found} == {
        name: "failed" if f"refresh_{name}" in failed else "completed" for name in DATASETS
    }
    assert runs.rows(
        "SELECT symbol, one.status FROM symbol_computation_status AS one JOIN scheduler_execution_log USING (execution_id)"
        " WHERE data_type = 'economic_events'"
    ) == [("*", "completed")]


def test_the_tries_of_a_step_are_one_execution(runs: Runs) -> None:
    runs.track(*SYMBOLS)
    runs.instance.add_dynamic_partitions("symbols", SYMBOLS)
    runs.simulator.set_faults("finnhub:html=0.3")
    tags = {"dagster/asset_partition_range_start": SYMBOLS[0], "dagster/asset_partition_range_end": SYMBOLS[-1]}
    run = runs.of("company_info", tags=tags, providers=["finnhub"])
    assert run.tries > 1
    ((_, _, _, status, total, good, bad, _),) = executions(runs)
    assert (status, total) == ("completed" if run.success else "failed", len(SYMBOLS))
    assert (good, bad) == (len(run.materialised), len(SYMBOLS) - len(run.materialised))
    tried = statuses(runs)
    assert {symbol for symbol, row in tried.items() if row[0] == "completed"} == set(run.materialised)
    assert max(row[1] for row in tried.values()) == run.tries - 1, "the retry that worked on a symbol last"
    assert min(row[1] for row in tried.values()) == 0


def test_between_two_tries_the_execution_is_running_and_what_failed_waits_for_the_retry(
    runs: Runs, environment: pytest.MonkeyPatch
) -> None:
    runs.simulator.set_faults("*:html=1")
    seen = []

    def begin(log: ExecutionLog) -> None:
        seen.append((executions(runs), statuses(runs)))
        original(log)

    original = ExecutionLog.begin
    environment.setattr(ExecutionLog, "begin", begin)
    run = runs.of("stock_quotes", symbols=["AAPL"], providers=["finnhub"])
    assert (run.success, run.tries) == (False, 3)
    first, *between = seen
    assert first == ([], {})
    assert [(row[0][3], said["AAPL"][:2]) for row, said in between] == [
        ("running", ("retry", 0)),
        ("running", ("retry", 1)),
    ]
    assert statuses(runs)["AAPL"][:2] == ("failed", 2)
    ((*_, status, _, good, bad, _),) = executions(runs)
    assert (status, good, bad) == ("failed", 0, 1)


def test_a_run_that_is_refused_says_why_in_the_log_too(runs: Runs) -> None:
    assert not runs.of("stock_quotes", symbols=["NOPE"]).success
    ((status, said),) = runs.rows("SELECT status, error_message FROM scheduler_execution_log")
    assert (status, said.startswith("not tracked (or not active): NOPE")) == ("failed", True)


def test_while_a_fetch_is_under_way_the_log_shows_how_far_it_is(runs: Runs, environment: pytest.MonkeyPatch) -> None:
    environment.setattr("market_pipeline.tracking.executions.FOLLOW_SECONDS", 0)
    environment.setenv("FETCH_CONCURRENCY", "1")
    runs.simulator.set_faults("finnhub:latency=0.2")
    seen = set[tuple[str, int]]()
    ended = threading.Event()

    def watch() -> None:
        while not ended.is_set():
            seen.update(runs.rows("SELECT status, count(*) FROM symbol_computation_status GROUP BY status"))
            time.sleep(0.02)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        assert runs.of("stock_quotes", providers=["finnhub"]).success
    finally:
        ended.set()
        watcher.join()
    assert {("completed", done) for done in (1, 2, 3)} & seen
    assert {("in_progress", left) for left in (1, 2, 3)} & seen


def test_a_log_that_cannot_be_written_does_not_concern_the_run(runs: Runs) -> None:
    with runs.database.connect(autocommit=True) as connection:
        connection.execute(
            "DROP TABLE symbol_computation_status, feature_computation_failures, scheduler_execution_log CASCADE"
        )
    run: Run = runs.of("stock_quotes", providers=["finnhub"])
    assert run.success
    assert runs.rows("SELECT count(*) FROM stock_quotes") == [(len(TRACKED),)]


@pytest.mark.parametrize(
    ("error", "left", "again"),
    [
        (ValueError("a bug"), 1, True),
        (ValueError("a bug"), 0, False),
        (dg.Failure("vendors are down"), 2, True),
        (dg.Failure("no such partition", allow_retries=False), 2, False),
        (KeyboardInterrupt(), 2, False),
    ],
)
def test_who_is_tried_again(error: BaseException, left: int, again: bool) -> None:
    assert is_tried_again(error, left) is again
