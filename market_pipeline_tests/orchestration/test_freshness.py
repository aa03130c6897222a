"""What runs leave in `data_freshness`."""

from datetime import UTC, datetime

import psycopg
import pytest

from market_pipeline.ingestion import market_data
from market_pipeline_tests.orchestration.conftest import NOW, Runs

FRESHNESS = """
    SELECT symbol, timeframe, last_computed_at, data_point_count, status FROM data_freshness
    WHERE last_computed_at IS NOT NULL ORDER BY symbol, timeframe
"""


def test_right_after_a_run_the_symbols_it_settled_are_fresh_and_no_others(runs: Runs) -> None:
    runs.track("ZZTOP")  # no vendor knows it
    assert runs.of("stock_quotes", symbols=["AAPL", "ZZTOP"], providers=["finnhub"]).success
    assert runs.rows(FRESHNESS) == [("AAPL", "", NOW, 1, "fresh")]
    assert runs.rows("SELECT max(fresh_until) FROM data_freshness") == [(datetime(2026, 5, 29, 18, 5, tzinfo=UTC),)]
    missing = (
        "SELECT symbol FROM current_freshness WHERE data_type = 'stock_quotes' AND status = 'missing' ORDER BY symbol"
    )
    assert runs.rows(missing) == [("JPM",), ("MSFT",), ("XOM",), ("ZZTOP",)]


def test_filling_in_past_sessions_makes_nobodys_data_fresh(runs: Runs) -> None:
    tags = {"dagster/partition": "2026-05-20"}
    assert runs.of("historical_prices", tags=tags, symbols=["AAPL"], providers=["nasdaq"]).success
    assert runs.rows(FRESHNESS) == [("AAPL", "1d", datetime(2026, 5, 20, 20, tzinfo=UTC), 1, "stale")]


def test_an_answer_about_the_whole_market_is_one_row(runs: Runs) -> None:
    assert runs.of("economic_events").success
    ((symbol, timeframe, at, count, _),) = runs.rows(FRESHNESS)
    assert (symbol, timeframe, at) == ("*", "", NOW)
    assert count == runs.rows("SELECT count(*) FROM economic_events")[0][0]


def test_a_run_whose_freshness_cannot_be_recorded_says_so_and_is_good(
    runs: Runs, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fails(*_: object, **__: object) -> None:
        raise psycopg.errors.LockNotAvailable("somebody holds the table")

    monkeypatch.setattr(market_data, "record_freshness", fails)
    assert runs.of("stock_quotes", symbols=["AAPL"], providers=["finnhub"]).success
    assert "freshness of stock_quotes could not be recorded: somebody holds the table" in caplog.text
