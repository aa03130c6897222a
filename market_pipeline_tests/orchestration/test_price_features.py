"""Features as an asset: computed from stored bars, only where something has changed, one symbol's error aside."""

from typing import Any

import dagster as dg
import pytest

from market_pipeline.computing.features import price_features
from market_pipeline.computing.prices import read_bars
from market_pipeline.simulator.market import SyntheticMarket
from market_pipeline.storage.universe import TrackedSymbol, track
from market_pipeline_tests.orchestration.conftest import NOW, Run, Runs, definitions_at, range_tags

MARKET = SyntheticMarket()
WEEK = ("2026-05-21", "2026-05-28")
SPRING = ("2026-02-02", "2026-05-28")
SPLIT = "2026-03-30"  # three shares of UPS for two


@pytest.fixture(autouse=True)
def _tracked(runs: Runs) -> None:
    runs.track("UPS")


def prices(runs: Runs, *symbols: str, days: tuple[str, str] = SPRING, **config: object) -> None:
    run = runs.of("historical_prices", range_tags(*days), symbols=list(symbols), providers=["yahoo"], **config)
    assert run.success


def features(runs: Runs, days: tuple[str, str] | None = None, **config: object) -> Run:
    return runs.of("price_features", None if days is None else range_tags(*days), **config)


def execute(runs: Runs, statement: str) -> None:
    with runs.database.connect() as connection:
        connection.execute(statement)


def stored(runs: Runs, columns: str = "session, close, rsi_14", symbol: str = "UPS") -> list[tuple[Any, ...]]:
    return runs.rows(f"SELECT {columns} FROM price_features WHERE symbol = '{symbol}' ORDER BY bar_start")


def test_a_run_without_a_partition_computes_what_there_is_and_says_where_it_came_from(runs: Runs) -> None:
    prices(runs, "AAPL", "MSFT")
    run = features(runs, symbols=["AAPL", "MSFT"])
    assert run.success
    sessions = {str(day) for (day,) in runs.rows("SELECT DISTINCT session FROM historical_prices")}
    assert len(sessions) > 60
    assert set(run.materialised) == sessions
    last = run.materialised["2026-05-28"]
    assert (last["dagster/partition_row_count"], last["series_computed"], last["series_failed"]) == (2, 2, 0)
    with runs.database.connect() as connection:
        bars = read_bars(connection, "AAPL", "1d")
    due = price_features(bars, "1d").iloc[-1]
    ((*found, providers, run_id),) = stored(runs, "rsi_14, sma_50, sma_200, providers, run_id", "AAPL")[-1:]
    assert found == [due["rsi_14"], due["sma_50"], None]
    assert (providers, run_id) == (["yahoo"], run.result.run_id)
    statuses = runs.rows("SELECT symbol, timeframe, status FROM symbol_computation_status WHERE features_computed > 0")
    assert sorted(statuses) == [("AAPL", "1d", "completed"), ("MSFT", "1d", "completed")]
    times = runs.rows("SELECT computation_time_ms FROM enrichment_compute_log")
    assert all(milliseconds > 0 for (milliseconds,) in times)
    checks = run.result.get_asset_check_evaluations()
    assert {check.check_name for check in checks if check.passed} == {"behind_prices", "impossible_values", "holes"}
    (incomplete,) = (check for check in checks if not check.passed)
    assert incomplete.description == "2 of 5 series have rows."
    freshness = runs.rows("SELECT symbol, data_point_count FROM feature_freshness WHERE status <> 'missing'")
    assert sorted(freshness) == [("AAPL", len(sessions)), ("MSFT", len(sessions))]


def test_a_new_session_computes_its_own_row_and_the_same_as_all_at_once(runs: Runs) -> None:
    prices(runs, "UPS", days=("2026-02-02", "2026-05-27"))
    features(runs, symbols=["UPS"])
    prices(runs, "UPS", days=("2026-05-28", "2026-05-28"))
    run = features(runs, ("2026-05-28", "2026-05-28"), symbols=["UPS"])
    assert set(run.materialised) == {"2026-05-28"}
    assert run.materialised["2026-05-28"]["rows"] == 1
    figures = "log_return, volatility_20, sma_50, ema_26, rsi_14, macd_signal, atr_14, volume_ratio_20"
    step_by_step = stored(runs, figures)[-1]
    assert features(runs, symbols=["UPS"], full=True).success
    assert stored(runs, figures)[-1] == pytest.approx(step_by_step)


def test_when_nothing_has_changed_nothing_is_computed(runs: Runs) -> None:
    prices(runs, "UPS", days=WEEK)
    features(runs, symbols=["UPS"])
    run = features(runs, WEEK, symbols=["UPS"])
    assert run.success
    assert {figures["rows"] for figures in run.materialised.values()} == {0}
    assert {figures["dagster/partition_row_count"] for figures in run.materialised.values()} == {1}


def test_a_bar_that_changes_changes_what_follows_it_and_nothing_before(runs: Runs) -> None:
    prices(runs, "UPS")
    features(runs, symbols=["UPS"])
    before = dict(stored(runs, "session::text, ema_12"))
    execute(
        runs,
        "UPDATE historical_prices SET close = close * 1.1, high = high * 1.1, fetched_at = fetched_at + interval '1 hour'"
        " WHERE session = '2026-05-20'",
    )
    run = features(runs, ("2026-05-20", "2026-05-20"), symbols=["UPS"])
    assert set(run.materialised) == {"2026-05-20"}
    after = dict(stored(runs, "session::text, ema_12"))
    assert {day for day, value in after.items() if value != before[day]} == {
        day for day in after if day >= "2026-05-20"
    }


@pytest.mark.parametrize("fetched", ["after the split", "before the split", "unadjusted"])
def test_a_split_leaves_no_return_behind_whenever_its_bars_were_fetched(runs: Runs, fetched: str) -> None:
    prices(runs, "UPS")
    if fetched == "before the split":  # as they were told then, per share of then
        execute(
            runs,
            "UPDATE historical_prices SET open = open * 1.5, high = high * 1.5, low = low * 1.5, close = close * 1.5,"
            f" volume = volume / 1.5, fetched_at = '2026-03-27 22:00+00' WHERE session < '{SPLIT}'",
        )
    if fetched == "unadjusted":
        execute(
            runs,
            "UPDATE historical_prices SET open = open * 1.5, high = high * 1.5, low = low * 1.5, close = close * 1.5,"
            f" volume = volume / 1.5, adjustment = 'raw' WHERE session < '{SPLIT}'",
        )
    features(runs, symbols=["UPS"])
    returns = [value for (value,) in stored(runs, "simple_return") if value is not None]
    assert max(map(abs, returns)) < 0.15
    for session, close in stored(runs, "session, close"):
        bar = MARKET.bar("UPS", session, as_of=NOW, adjustment="split")
        assert bar is not None
        assert close == pytest.approx(float(bar.close), rel=1e-4)


def test_a_split_that_becomes_known_changes_all_features_of_its_symbol(runs: Runs) -> None:
    prices(runs, "UPS")
    execute(runs, "UPDATE historical_prices SET split_factor = NULL, adjustment = 'raw'")
    features(runs, symbols=["UPS"])
    assert {basis for (basis,) in stored(runs, "split_basis")} == {1}
    execute(runs, f"UPDATE historical_prices SET split_factor = 1.5 WHERE session = '{SPLIT}'")
    features(runs, ("2026-05-28", "2026-05-28"), symbols=["UPS"])
    assert {basis for (basis,) in stored(runs, "split_basis")} == {1, 1.5}, "of other sessions only what follows"
    features(runs, symbols=["UPS"])
    assert {basis for (basis,) in stored(runs, "split_basis")} == {1.5}


def test_an_error_of_one_symbol_is_logged_and_fails_neither_the_run_nor_the_others(runs: Runs) -> None:
    prices(runs, "AAPL", "UPS", days=WEEK)
    execute(runs, "UPDATE historical_prices SET low = 'NaN' WHERE symbol = 'UPS' AND session = '2026-05-27'")
    run = features(runs, symbols=["AAPL", "UPS"])
    assert run.success
    assert run.materialised["2026-05-28"]["series_failed"] == 1
    query = "SELECT symbol, timeframe, resolved, retry_count, error_message FROM feature_computation_failures"
    ((*failure, message),) = runs.rows(query)
    assert failure == ["UPS", "1d", False, 0]
    assert "the 1d bar of UPS at 2026-05-27" in str(message)
    features(runs, symbols=["UPS"])
    assert [row[3] for row in runs.rows(query)] == [1], "failing again counts up"
    execute(runs, "UPDATE historical_prices SET low = open WHERE low = 'NaN'")
    assert features(runs, symbols=["UPS"]).success
    assert [row[2] for row in runs.rows(query)] == [True]
    assert len(stored(runs)) == len(stored(runs, symbol="AAPL"))


def test_when_every_symbol_fails_the_run_does_and_says_why(runs: Runs) -> None:
    prices(runs, "UPS", days=WEEK)
    execute(runs, "UPDATE historical_prices SET close = 'NaN'")
    run = features(runs, symbols=["UPS"])
    assert not run.success
    assert (run.tries, run.materialised) == (1, {})
    assert "could not compute price_features. UPS 1d: UnusableBars: the 1d bar of UPS" in run.failure


def test_a_session_without_bars_fails_and_says_what_to_do(runs: Runs) -> None:
    prices(runs, "UPS", days=WEEK)
    run = features(runs, ("2026-05-19", "2026-05-21"), symbols=["UPS"])
    assert set(run.materialised) == {"2026-05-21"}
    assert "2 of 3 partitions of price_features: 2026-05-19, 2026-05-20. There are no bars" in run.failure


@pytest.mark.parametrize(
    ("config", "told"),
    [
        ({"timeframes": ["5m"]}, "no such timeframe: 5m. Price features are kept for 1d, 1h."),
        ({"symbols": ["NOPE"]}, "not tracked (or not active): NOPE"),
        ({"asset_class": "bond"}, "no active symbol is of asset_class 'bond'"),
        (
            {"sector": "Technology", "index": "Dow Jones"},
            "no active symbol is of index 'Dow Jones', sector 'Technology'",
        ),
    ],
)
def test_what_cannot_be_is_refused_at_once(runs: Runs, config: dict[str, object], told: str) -> None:
    run = features(runs, **config)
    assert (run.success, run.tries) == (False, 1)
    assert told in run.failure


def test_a_run_can_be_narrowed_to_a_sector_of_an_index(runs: Runs) -> None:
    with runs.database.connect() as connection:
        track(connection, [TrackedSymbol("UPS", sector="Industrials", indices=("S&P 500",)), TrackedSymbol("CAT")])
    prices(runs, "UPS", "CAT", days=WEEK)
    assert features(runs, index="S&P 500", sector="Industrials").success
    assert runs.rows("SELECT DISTINCT symbol FROM price_features") == [("UPS",)]


def test_bars_of_several_lengths_have_features_of_their_own(runs: Runs) -> None:
    prices(runs, "UPS", days=WEEK, timeframes=["1d", "1h"])
    features(runs, symbols=["UPS"], timeframes=["1d", "1h"])
    counts = dict(runs.rows("SELECT timeframe, count(*) FROM price_features GROUP BY timeframe"))
    assert counts["1h"] == 7 * counts["1d"] == 7 * 5


def test_features_follow_prices_wherever_these_were_materialised(runs: Runs) -> None:
    """The condition that the asset declares, evaluated as the sensor does."""
    definitions = definitions_at(lambda: NOW)

    def requested(cursor: object = None) -> tuple[set[str], object]:
        found = dg.evaluate_automation_conditions(defs=definitions, instance=runs.instance, cursor=cursor)  # type: ignore[arg-type]
        return found.get_requested_partitions(dg.AssetKey("price_features")), found.cursor

    first, cursor = requested()
    assert first == set()
    prices(runs, "UPS", days=WEEK)
    second, cursor = requested(cursor)
    sessions = {"2026-05-21", "2026-05-22", "2026-05-26", "2026-05-27", "2026-05-28"}
    assert second == sessions
    features(runs, WEEK, symbols=["UPS"])
    third, cursor = requested(cursor)
    assert third == set(), "nothing has changed since"
    prices(runs, "UPS", days=("2026-05-26", "2026-05-26"), use_cache=False)
    fourth, _ = requested(cursor)
    assert fourth == {"2026-05-26"}
