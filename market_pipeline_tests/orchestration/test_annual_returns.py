"""Annual returns and the universe as assets: from what is stored, symbol by symbol."""

from datetime import date
from typing import Any

import dagster as dg
import pytest

from market_pipeline.assets.universe import tracked_symbols
from market_pipeline.datasets import DATASETS
from market_pipeline.providers.messages import Window
from market_pipeline.resources import open_pipeline
from market_pipeline.settings import load_settings
from market_pipeline_tests.orchestration.conftest import NOW, Run, Runs, definitions_at, pipeline_at

YEARS = (date(2024, 12, 30), date(2026, 5, 28))


def returns(runs: Runs, symbol: str | None = None, **config: Any) -> Run:
    return runs.of("annual_returns", None if symbol is None else {"dagster/partition": symbol}, **config)


def prices(*symbols: str, days: tuple[date, date] = YEARS) -> None:
    """Daily bars as a run stores them, without Dagster's four hundred events of them."""
    with open_pipeline(load_settings(), run_id="prices", clock=lambda: NOW) as pipeline:
        bars = DATASETS["historical_prices"]
        pipeline.market_data.refresh(bars, symbols, window=Window(*days), timeframe="1d", providers=["yahoo"])


def execute(runs: Runs, statement: str) -> None:
    with runs.database.connect() as connection:
        connection.execute(statement)


def test_each_year_has_its_return_and_the_present_one_is_partial(runs: Runs) -> None:
    prices("AAPL", "JPM")
    assert runs.of("dividends", symbols=["AAPL", "JPM"]).success
    run = returns(runs, symbols=["AAPL", "JPM"])
    assert {symbol: one["dagster/partition_row_count"] for symbol, one in run.materialised.items()} == {
        "AAPL": 3,
        "JPM": 3,
    }
    rows = runs.rows("SELECT year, is_partial, sessions FROM annual_returns WHERE symbol = 'JPM' ORDER BY year")
    assert rows == [(2024, True, 2), (2025, False, 250), (2026, True, 101)]
    ((price, total, dividends, base),) = runs.rows(
        "SELECT price_return, total_return, dividends, base_session::text FROM annual_returns"
        " WHERE symbol = 'JPM' AND year = 2025"
    )
    ((first, last),) = runs.rows(
        "SELECT max(close) FILTER (WHERE session = '2024-12-31')::float, max(close) FILTER (WHERE session = '2025-12-31')::float"
        " FROM historical_prices WHERE symbol = 'JPM'"
    )
    ((declared,),) = runs.rows(
        "SELECT sum(amount)::float FROM dividends WHERE symbol = 'JPM' AND extract(year FROM ex_date) = 2025"
    )
    assert base == "2024-12-31"
    assert price == pytest.approx(last / first - 1)
    assert dividends == pytest.approx(declared)
    assert total > price + dividends / first * 0.9
    assert runs.rows(
        "SELECT symbol FROM data_freshness WHERE data_type = 'annual_returns' AND status <> 'missing'"
    ) == [
        ("AAPL",),
        ("JPM",),
    ]


def test_without_dividends_of_a_symbol_its_total_return_is_unknown(runs: Runs) -> None:
    prices("AAPL", days=(date(2026, 5, 21), date(2026, 5, 28)))
    assert returns(runs, "AAPL").success
    assert runs.rows("SELECT total_return, dividends, price_return IS NULL FROM annual_returns") == [
        (None, None, False)
    ]


def test_a_split_is_no_return(runs: Runs) -> None:
    runs.track("UPS")
    prices("UPS", days=(date(2025, 12, 29), date(2026, 5, 28)))
    returns(runs, "UPS")
    ((before,),) = runs.rows("SELECT price_return FROM annual_returns WHERE year = 2026")
    execute(
        runs,
        "UPDATE historical_prices SET open = open * 1.5, high = high * 1.5, low = low * 1.5, close = close * 1.5,"
        " adjustment = 'raw' WHERE session < '2026-03-30'",
    )
    returns(runs, "UPS")
    assert runs.rows("SELECT price_return FROM annual_returns WHERE year = 2026") == [(pytest.approx(before),)]


def test_an_error_of_one_symbol_fails_its_partition_only(runs: Runs) -> None:
    prices("AAPL", "XOM", days=(date(2026, 5, 21), date(2026, 5, 28)))
    execute(runs, "UPDATE historical_prices SET close = 'NaN' WHERE symbol = 'XOM'")
    run = returns(runs, symbols=["AAPL", "XOM"])
    assert run.success
    assert set(run.materialised) == {"AAPL"}
    failed = returns(runs, "XOM")
    assert "could not compute 1 of 1 partitions of annual_returns: XOM. XOM : UnusableBars" in failed.failure


def test_a_symbol_without_bars_says_what_to_do(runs: Runs) -> None:
    run = returns(runs, "AAPL")
    assert (run.success, run.tries) == (False, 1)
    assert "There are no daily bars: materialise historical_prices first." in run.failure


def universe(runs: Runs) -> dict[str, Any]:
    definitions = dg.Definitions(assets=[tracked_symbols], resources={"pipeline": pipeline_at(lambda: NOW)})
    result = definitions.resolve_implicit_global_asset_job_def().execute_in_process(instance=runs.instance)
    (found,) = Run(result, runs.instance).materialised.values()
    return found


def test_members_of_an_index_become_tracked_only_where_that_is_set(runs: Runs, environment: pytest.MonkeyPatch) -> None:
    assert runs.of("index_constituents", {"dagster/partition": "^DJI"}).success
    assert (universe(runs)["added"], universe(runs)["dagster/row_count"]) == ([], 4)
    environment.setenv("TRACK_INDICES", "Nasdaq 100, Dow Jones")
    added = universe(runs)["added"]
    assert len(added) > 20
    assert {"AAPL", "JPM"}.isdisjoint(added), "they were there already"
    rows = runs.rows(f"SELECT indices, sector IS NOT NULL, active FROM tracked_symbols WHERE symbol = '{added[0]}'")
    assert rows == [(["Dow Jones"], True, True)]
    execute(runs, f"UPDATE tracked_symbols SET active = false WHERE symbol = '{added[0]}'")
    assert universe(runs)["added"] == []
    assert universe(runs)["active"] == universe(runs)["dagster/row_count"] - 1, "who was removed stays so"


def test_the_universe_is_materialised_once_at_first_and_then_follows_its_indices(runs: Runs) -> None:
    definitions, cursor, requested = definitions_at(lambda: NOW), None, []
    for happens in (None, lambda: universe(runs), lambda: runs.of("index_constituents", {"dagster/partition": "^DJI"})):
        if happens is not None:
            happens()
        found = dg.evaluate_automation_conditions(defs=definitions, instance=runs.instance, cursor=cursor)
        requested.append(found.get_num_requested(dg.AssetKey("tracked_symbols")))
        cursor = found.cursor
    assert requested == [1, 0, 1]
