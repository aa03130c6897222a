"""What only says how it went may fail at any moment: the fetch goes on, the data is stored, and the log says so."""

import logging
from collections import Counter
from functools import partial

import pytest

from market_pipeline.datasets import DATASETS, Strategy
from market_pipeline.ingestion.delivery import Refreshed
from market_pipeline_tests.fetching.conftest import SESSION, Fault, World
from market_pipeline_tests.fetching.test_routing_scenarios import TEN, at_request


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        pytest.param(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'market_pipeline gate'",
            "the gate's database cannot be asked",
            id="the gate's connection",
        ),
        pytest.param("DROP TABLE provider_windows CASCADE", "the gate failed", id="the gate's tables"),
        pytest.param("DROP FUNCTION gate_report", "the gate failed", id="the gate's functions"),
        pytest.param("DROP TABLE fetch_attempts CASCADE", "fetch attempts cannot be recorded", id="attempts"),
        pytest.param("DROP TABLE provider_stats CASCADE", "fetch attempts cannot be recorded", id="statistics"),
        pytest.param("DROP TABLE failed_symbols CASCADE", "failures of stock_quotes", id="failures"),
        pytest.param("DROP TABLE cached_answers CASCADE", "the answer cache does not work", id="the answer cache"),
        pytest.param("DROP TABLE data_freshness CASCADE", "the freshness of stock_quotes", id="freshness"),
    ],
)
def test_the_fetch_is_completed(
    world: World, fault: Fault, caplog: pytest.LogCaptureFixture, statement: str, told: str
) -> None:
    fault("nasdaq:garbage=WMT")  # somebody has to be owed
    market_data = world.market_data(nasdaq={"priority": 1}, cboe={"enabled": False})
    at_request(market_data, "nasdaq", {4: partial(world.rows, statement)})
    with caplog.at_level(logging.WARNING):
        done: Refreshed = market_data.refresh(
            DATASETS["stock_quotes"],
            TEN,
            window=SESSION,
            providers=["nasdaq"],
            strategy=Strategy.FALLBACK_CHAIN,
        )
        world.opened.close()  # the recorder writes what it still holds
    assert set(done.report.answered) == set(TEN) - {"WMT"}
    assert world.rows("SELECT count(*) FROM stock_quotes") == [(9,)]
    assert world.requests("nasdaq") == 10
    said = Counter(told in record.getMessage() for record in caplog.records)
    assert said[True] == 1, "once, however many calls find it so"
    caplog.clear()  # what the gate says of its faults would fail any other test


def test_whoever_holds_the_tables_of_tracking_holds_up_no_fetch(world: World, caplog: pytest.LogCaptureFixture) -> None:
    tables = "fetch_attempts, provider_stats, provider_windows, failed_symbols, cached_answers, data_freshness"
    with world.database.connect() as somebody:
        somebody.execute("SET idle_in_transaction_session_timeout = '60s'")  # or the test would wait for ever
        somebody.execute(f"LOCK TABLE {tables}".encode())
        done = world.quotes(TEN, "nasdaq", strategy=Strategy.MOST_RELIABLE)
        world.opened.close()  # the recorder gives up as well
        assert done.report.vendors == {"nasdaq": 10}
        assert somebody.execute("SELECT count(*) FROM stock_quotes").fetchone() == (10,)
    assert len([line for line in caplog.messages if "lock timeout" in line]) == 6, "each says so, once"
    world.quotes(["PG"], "nasdaq")
    world.opened.close()
    assert world.rows("SELECT count(*) FROM fetch_attempts") == [(11,)], "what could not be recorded then is there now"


def test_without_its_tables_from_the_start_a_fetch_works_too(world: World, caplog: pytest.LogCaptureFixture) -> None:
    for table in ("provider_windows", "provider_stats", "fetch_attempts", "failed_symbols", "cached_answers"):
        world.rows(f"DROP TABLE {table} CASCADE")
    done = world.quotes(TEN, "nasdaq", strategy=Strategy.MOST_RELIABLE)
    assert done.report.vendors == {"nasdaq": 10}
    caplog.clear()
