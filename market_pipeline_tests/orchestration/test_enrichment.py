"""The job enrichment: prices, features and quality of the active symbols, with how each of them is doing."""

from datetime import UTC, date, datetime
from typing import Any

import dagster as dg
import pytest

from market_pipeline.computing.prices import LastBar
from market_pipeline.enrichment.symbol import missing_sessions
from market_pipeline.sessions import Sessions
from market_pipeline.storage.universe import TrackedSymbol, track
from market_pipeline_tests.orchestration.conftest import NOW, Run, Runs, definitions_at

NEW_YORK = Sessions()
THURSDAY = "2026-05-28"


@pytest.fixture(autouse=True)
def _short(runs: Runs, environment: pytest.MonkeyPatch) -> None:
    """Four weeks of history, and retries without the wait between them."""
    environment.setenv("HISTORY_SESSIONS", "20")
    environment.setattr("market_pipeline.enrichment.pool.FIRST_WAIT", 0.01)


def enrich(runs: Runs, **config: Any) -> Run:
    job = definitions_at(lambda: NOW).resolve_job_def("enrichment")
    result = job.execute_in_process(instance=runs.instance, run_config=config, raise_on_error=False)
    return Run(result, runs.instance)


def statuses(runs: Runs, columns: str = "status, retry_count") -> dict[str, tuple[Any, ...]]:
    rows = runs.rows(
        f"SELECT symbol, {columns} FROM symbol_computation_status WHERE execution_id IN"
        " (SELECT execution_id FROM scheduler_execution_log WHERE job = 'enrichment') ORDER BY started_at"
    )
    return {symbol: tuple(found) for symbol, *found in rows}


def requests(runs: Runs) -> int:
    return sum(one["requests"] for one in runs.simulator.state()["vendors"].values())


def execute(runs: Runs, statement: str) -> None:
    with runs.database.connect() as connection:
        connection.execute(statement)


def test_every_active_symbol_gets_prices_features_and_quality_and_the_log_says_so(runs: Runs) -> None:
    run = enrich(runs)
    assert run.success
    columns = "status, retry_count, last_error, records_inserted, features_computed, asset_class"
    assert statuses(runs, columns) == dict.fromkeys(
        ("AAPL", "JPM", "MSFT", "XOM"), ("completed", 0, None, 20, 20, "stock")
    )
    assert runs.rows("SELECT count(*), max(session)::text FROM price_features") == [(80, THURSDAY)]
    measured = runs.rows("SELECT count(DISTINCT symbol) FROM data_quality WHERE data_type = 'historical_prices'")
    assert measured == [(4,)]
    log = "SELECT status, total_symbols, successful_symbols, failed_symbols, total_records_inserted FROM"
    assert runs.rows(f"{log} scheduler_execution_log") == [("completed", 4, 4, 0, 80)]
    for asset in ("historical_prices", "price_features"):
        assert len(runs.instance.get_materialized_partitions(dg.AssetKey(asset))) == 20


def test_the_next_night_asks_only_for_what_is_new_and_twice_a_night_for_nothing(runs: Runs) -> None:
    enrich(runs, symbols=["AAPL"])
    before = requests(runs)
    execute(runs, f"DELETE FROM historical_prices WHERE session = '{THURSDAY}'")
    execute(runs, "DELETE FROM cached_answers")
    run = enrich(runs, symbols=["AAPL"])
    assert run.success
    assert requests(runs) - before in (1, 2), "one for the bar; a vendor with a session asks for that first"
    assert runs.rows(f"SELECT count(*) FROM historical_prices WHERE session = '{THURSDAY}'") == [(1,)]
    before = requests(runs)
    assert enrich(runs, symbols=["AAPL"]).success
    assert requests(runs) == before
    assert statuses(runs, "status, records_processed, features_computed")["AAPL"] == ("completed", 0, 0)


def test_a_symbol_that_nobody_knows_fails_at_once_and_the_others_do_not(runs: Runs) -> None:
    runs.track("ZZTOP")
    run = enrich(runs)
    assert run.success
    assert statuses(runs)["ZZTOP"] == ("failed", 0)
    assert {status for symbol, (status, _) in statuses(runs).items() if symbol != "ZZTOP"} == {"completed"}
    ((error,),) = runs.rows("SELECT last_error FROM symbol_computation_status WHERE symbol = 'ZZTOP'")
    assert error.startswith("1d prices: yahoo: ")
    assert runs.rows("SELECT symbol FROM failed_symbols") == [("ZZTOP",)]


def test_a_vendor_that_is_down_for_a_moment_costs_a_retry_and_no_symbol(runs: Runs, environment: Any) -> None:
    for vendor in ("polygon", "nasdaq", "cboe", "twelve_data", "tiingo", "fmp", "alpha_vantage", "finnhub", "eodhd"):
        environment.setenv(f"{vendor.upper()}_ENABLED", "false")
    environment.setattr("market_pipeline.fetching.calls.TRIES", 1)
    runs.simulator.set_faults("yahoo:error_rate=0.5")
    run = enrich(runs, symbols=["AAPL", "MSFT", "XOM"])
    assert run.success
    found = statuses(runs, "status, retry_count, last_error")
    assert {status for status, _, _ in found.values()} == {"completed"}
    retried = {symbol: (count, error) for symbol, (_, count, error) in found.items() if count > 0}
    assert retried
    assert all(count <= 3 and "yahoo: " in error for count, error in retried.values())


def test_an_outage_is_tried_four_times_and_then_owed(runs: Runs, environment: Any) -> None:
    for vendor in ("polygon", "nasdaq", "cboe", "twelve_data", "tiingo", "fmp", "alpha_vantage", "finnhub", "eodhd"):
        environment.setenv(f"{vendor.upper()}_ENABLED", "false")
    environment.setattr("market_pipeline.fetching.calls.TRIES", 1)
    runs.simulator.set_faults("yahoo:error_rate=1")
    before = runs.simulator.vendor("yahoo")["requests"]
    run = enrich(runs, symbols=["AAPL"])
    assert not run.success
    assert "none of 1 symbols could be enriched; AAPL: 1d prices: yahoo: " in run.failure
    assert (run.tries, statuses(runs)["AAPL"]) == (1, ("failed", 3))
    assert runs.simulator.vendor("yahoo")["faults"]["error_rate"] == 4, "no other layer tries again"
    assert runs.simulator.vendor("yahoo")["requests"] > before
    assert runs.rows("SELECT symbol, state, partition_key FROM failed_symbols") == [
        ("AAPL", "waiting", "2026-04-30...2026-05-28")
    ]


def test_features_that_cannot_be_computed_are_logged_and_the_symbol_has_failed(runs: Runs) -> None:
    enrich(runs, symbols=["AAPL", "MSFT"])
    execute(
        runs,
        "UPDATE historical_prices SET high = 'NaN', fetched_at = fetched_at + interval '1 second'"
        " WHERE symbol = 'MSFT' AND session = '2026-05-20'",
    )
    run = enrich(runs, symbols=["AAPL", "MSFT"])
    assert run.success
    assert statuses(runs)["MSFT"] == ("failed", 0)
    ((symbol, timeframe, resolved, execution),) = runs.rows(
        "SELECT symbol, timeframe, resolved, execution_id FROM feature_computation_failures"
    )
    assert (symbol, timeframe, resolved) == ("MSFT", "1d", False)
    assert runs.rows(f"SELECT job FROM scheduler_execution_log WHERE execution_id = '{execution}'") == [("enrichment",)]


def test_a_run_can_be_narrowed_by_symbol_class_and_bar_length(runs: Runs) -> None:
    with runs.database.connect() as connection:
        track(connection, [TrackedSymbol("KO", asset_class="etf", timeframes=("1d", "1h"))])
    assert enrich(runs, asset_class="etf", timeframes=["1h"]).success
    assert set(statuses(runs)) == {"KO"}
    assert runs.rows("SELECT DISTINCT symbol, timeframe FROM price_features") == [("KO", "1h")]
    refused = enrich(runs, symbols=["NOPE"])
    assert "not tracked (or not active): NOPE" in refused.failure


@pytest.mark.parametrize(
    ("last", "now", "due"),
    [
        (None, "2026-05-29 02:00", ["2026-05-26", "2026-05-27", "2026-05-28"]),
        (("2026-05-28", "2026-05-28 21:00"), "2026-05-29 02:00", []),
        (("2026-05-28", "2026-05-28 18:00"), "2026-05-29 02:00", ["2026-05-28"]),
        (("2026-05-27", "2026-05-28 02:00"), "2026-05-29 02:00", ["2026-05-28"]),
        (("2026-05-28", "2026-05-28 21:00"), "2026-05-29 18:00", []),
        (("2026-05-28", "2026-05-28 21:00"), "2026-05-31 01:30", ["2026-05-29"]),
        (("2026-05-29", "2026-05-29 21:00"), "2026-05-31 01:30", []),
        (("2026-05-22", "2026-05-22 21:00"), "2026-05-26 01:30", []),
    ],
    ids=[
        "no bars yet",
        "all there",
        "fetched while open",
        "a new session",
        "the exchange is open",
        "a weekend after a session",
        "a weekend with all there",
        "Memorial Day",
    ],
)
def test_what_is_missing_is_since_the_last_bar(last: tuple[str, str] | None, now: str, due: list[str]) -> None:
    bar = None if last is None else LastBar(date.fromisoformat(last[0]), _at(last[1]))
    assert [str(day) for day in missing_sessions(bar, NEW_YORK, _at(now), 3)] == due


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)
