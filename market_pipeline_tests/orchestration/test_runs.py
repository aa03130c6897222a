"""What a run tells Dagster: which partitions are good, with which figures, and what a retry asks for again."""

import dagster as dg
import pytest

from market_pipeline.partitions import SYMBOLS
from market_pipeline_tests.orchestration.conftest import NOW, TRACKED, Runs, definitions_at, range_tags

FRIDAY = "2026-05-29"
PARTITION = "dagster/partition"


def test_a_run_without_a_partition_takes_the_current_session_and_says_what_it_did(runs: Runs) -> None:
    run = runs.of("stock_quotes", providers=["finnhub", "nasdaq"], strategy="FALLBACK_CHAIN")
    assert run.success
    ((partition, figures),) = run.materialised.items()
    assert partition == FRIDAY
    counted = {
        "rows": 4,
        "rows_inserted": 4,
        "rows_updated": 0,
        "rows_rejected": 0,
        "symbols_requested": 4,
        "symbols_fetched": 4,
        "symbols_failed": 0,
        "fallbacks": 0,
        "calls": 4,
        "vendors": {"finnhub": 4},
        "failed_sample": {},
        "dagster/partition_row_count": 4,
    }
    assert {name: figures[name] for name in counted} == counted
    assert figures["seconds"] > 0
    assert runs.rows("SELECT count(*), count(DISTINCT run_id) FROM stock_quotes") == [(4, 1)]


@pytest.mark.parametrize(
    ("fault", "outcome"), [("html", "malformed"), ("truncated", "unavailable"), ("reset", "unavailable")]
)
def test_another_vendor_takes_over_from_one_that_answers_nonsense_and_both_are_on_record(
    runs: Runs, fault: str, outcome: str
) -> None:
    runs.simulator.set_faults({"finnhub": {fault: 1}})
    run = runs.of("stock_quotes", symbols=["AAPL"], providers=["finnhub", "nasdaq"], strategy="FALLBACK_CHAIN")
    assert run.success
    figures = run.materialised[FRIDAY]
    assert (figures["vendors"], figures["fallbacks"], figures["calls"]) == ({"nasdaq": 1}, 1, 2)
    attempts = runs.rows("SELECT provider, outcome, symbols, run_id FROM fetch_attempts ORDER BY attempt_id")
    assert attempts == [
        ("finnhub", outcome, ["AAPL"], run.result.run_id),
        ("nasdaq", "success", ["AAPL"], run.result.run_id),
    ]


def test_symbols_that_fail_leave_the_others_materialised(runs: Runs) -> None:
    runs.track("ZZTOP")
    run = runs.of("company_info", providers=["finnhub", "nasdaq"])
    assert run.success
    assert set(run.materialised) == set(TRACKED)
    figures = run.materialised["AAPL"]
    assert (figures["symbols_requested"], figures["symbols_fetched"], figures["symbols_failed"]) == (5, 4, 1)
    assert list(figures["failed_sample"]) == ["ZZTOP"]
    assert runs.rows("SELECT symbol, state FROM failed_symbols") == [("ZZTOP", "unknown")]
    assert set(runs.instance.get_dynamic_partitions(SYMBOLS)) == {*TRACKED, "ZZTOP"}


def test_a_partition_that_was_named_and_fails_fails_the_run_and_the_others_stay_green(runs: Runs) -> None:
    runs.track("ZZTOP")
    runs.instance.add_dynamic_partitions(SYMBOLS, ["MSFT", "ZZTOP", "AAPL", "XOM"])
    run = runs.of("company_info", tags=range_tags("MSFT", "AAPL"), providers=["finnhub", "nasdaq"])
    assert not run.success
    assert set(run.materialised) == {"MSFT", "AAPL"}
    assert "1 of 3 partitions of company_info could not be fetched: ZZTOP" in run.failure
    assert runs.rows("SELECT symbol FROM company_info ORDER BY symbol") == [("AAPL",), ("MSFT",)]


def test_when_nobody_knows_any_symbol_the_step_fails_at_once(runs: Runs) -> None:
    runs.track("ZZTOP")
    run = runs.of("stock_quotes", symbols=["ZZTOP"], providers=["finnhub", "nasdaq"])
    assert not run.success
    assert (run.tries, run.materialised) == (1, {})
    assert f"1 of 1 partitions of stock_quotes could not be fetched: {FRIDAY}" in run.failure


def test_when_every_vendor_is_down_the_step_is_tried_three_times_and_the_symbols_are_owed(runs: Runs) -> None:
    runs.simulator.set_faults("*:error_rate=1")
    run = runs.of("stock_quotes", symbols=["AAPL", "MSFT"], providers=["finnhub", "nasdaq"])
    assert not run.success
    assert (run.tries, run.materialised) == (3, {})
    asked = sum(runs.simulator.vendor(vendor)["requests"] for vendor in ("finnhub", "nasdaq"))
    assert asked <= 3 * (4 + 2), "retries of calls, two at most in so small a fetch, are not retried in turn"
    assert runs.rows("SELECT symbol, state, run_id FROM failed_symbols ORDER BY symbol") == [
        (symbol, "waiting", run.result.run_id) for symbol in ("AAPL", "MSFT")
    ]


def test_a_retry_asks_only_for_what_is_missing(runs: Runs) -> None:
    symbols = "AAPL AMZN CAT DIS GE HD IBM JNJ JPM KO MSFT NVDA PFE WMT XOM".split()
    runs.track(*symbols)
    runs.instance.add_dynamic_partitions(SYMBOLS, symbols)
    runs.simulator.set_faults("finnhub:html=0.3")
    run = runs.of("company_info", tags=range_tags(symbols[0], symbols[-1]), providers=["finnhub"])
    counts = runs.simulator.vendor("finnhub")
    served = counts["served"]["company_info"]
    assert run.tries > 1
    assert set(served.values()) == {1}, "a symbol that was answered is not asked for again"
    assert counts["requests"] == len(served) + counts["faults"]["html"]
    assert set(run.materialised) == set(served)
    assert len(served) > len(symbols) * 0.7, "the retries brought more than the first try"


def test_a_range_of_sessions_is_one_run_with_one_request_a_symbol(runs: Runs) -> None:
    week = range_tags("2026-05-23", "2026-05-28")  # from a Saturday, over Memorial Day, to Thursday
    run = runs.of("historical_prices", tags=week, symbols=["aapl", "MSFT"], providers=["nasdaq"])
    sessions = ["2026-05-26", "2026-05-27", "2026-05-28"]
    assert run.success
    assert sorted(map(str, run.materialised)) == sessions
    assert runs.instance.get_materialized_partitions(dg.AssetKey("historical_prices")) == set(sessions)
    assert {figures["dagster/partition_row_count"] for figures in run.materialised.values()} == {2}
    assert runs.rows("SELECT symbol, count(*) FROM historical_prices GROUP BY symbol ORDER BY symbol") == [
        ("AAPL", 3),
        ("MSFT", 3),
    ]
    assert run.materialised["2026-05-26"]["calls"] == 2


def test_a_session_without_its_bar_yet_fails_and_those_before_it_are_good(runs: Runs) -> None:
    run = runs.of("historical_prices", tags=range_tags("2026-05-28", FRIDAY), symbols=["AAPL"], providers=["nasdaq"])
    assert not run.success
    assert set(run.materialised) == {"2026-05-28"}
    assert f"1 of 2 partitions of historical_prices could not be fetched: {FRIDAY}" in run.failure


def test_a_range_ends_where_it_says_also_on_a_day_that_is_no_session(runs: Runs) -> None:
    run = runs.of("historical_prices", tags=range_tags("2026-05-21", "2026-05-24"), symbols=["AAPL"])
    assert run.success
    assert set(run.materialised) == {"2026-05-21", "2026-05-22"}
    assert runs.rows("SELECT max(session)::text FROM historical_prices") == [("2026-05-22",)]


def test_a_symbol_that_was_added_a_moment_ago_can_be_named_as_a_partition(runs: Runs) -> None:
    run = runs.of("company_info", tags={PARTITION: "JPM"})
    assert run.success
    assert set(run.materialised) == {"JPM"}
    assert runs.instance.get_dynamic_partitions(SYMBOLS) == ["JPM"]


def test_the_main_job_does_the_other_data_types_when_some_fail(runs: Runs) -> None:
    runs.track("ZZTOP")
    job = definitions_at(lambda: NOW).resolve_job_def("market_data_refresh")
    result = job.execute_in_process(
        instance=runs.instance, run_config={"symbols": ["ZZTOP"], "strategy": "FALLBACK_CHAIN"}, raise_on_error=False
    )
    assert not result.success
    assert runs.rows("SELECT count(*) > 0 FROM economic_events") == [(True,)]
    assert runs.instance.get_latest_materialization_event(dg.AssetKey("economic_events")) is not None
    assert runs.rows("SELECT count(*) FROM stock_quotes") == [(0,)]
