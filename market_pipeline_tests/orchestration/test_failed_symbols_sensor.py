"""The sensor that retries what failed: when, in which runs, never twice, and what it does about runs that broke off."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta

import dagster as dg
import pytest

from market_pipeline.datasets import DATASETS
from market_pipeline.sensors.failed_symbols import GROUP_TAG, RUNS_A_TICK, failed_symbols_sensor, grouped, plan
from market_pipeline.sessions import Sessions
from market_pipeline.settings import load_settings
from market_pipeline.storage.prepare import prepared_database
from market_pipeline.tracking.failed_symbols import RetryCandidate
from market_pipeline_tests.orchestration.conftest import NOW, Run, Runs, config_of, range_tags

FRIDAY = "2026-05-29"
DOWN = "*:html=1"


def after(minutes: float) -> datetime:
    return NOW + timedelta(minutes=minutes)


@pytest.fixture(autouse=True)
def _rested(runs: Runs) -> Iterator[None]:
    """Vendors are let rest by the gate after failures; here they are asked whenever somebody wants to."""
    yield
    runs.simulator.reset()


def requests(runs: Runs, minutes: float) -> list[dg.RunRequest]:
    runs.rows("SELECT count(gate_reset(provider)) FROM provider_gates")
    return list(runs.tick(failed_symbols_sensor(lambda: after(minutes))).run_requests or ())


def says(runs: Runs, minutes: float) -> str | None:
    return runs.tick(failed_symbols_sensor(lambda: after(minutes))).skip_message


def retry(runs: Runs, minutes: float) -> Run:
    (request,) = requests(runs, minutes)
    return runs.requested(request, now=after(minutes))


def test_what_failed_is_retried_after_5_then_15_then_60_minutes_and_then_given_up(runs: Runs) -> None:
    runs.simulator.set_faults(DOWN)
    assert not runs.of("company_info", symbols=["AAPL", "MSFT"], providers=["finnhub", "nasdaq"]).success
    assert says(runs, 4.9) == "nothing is due"
    for minutes in (5, 20, 80):
        assert requests(runs, minutes - 0.1) == []
        run = retry(runs, minutes)
        assert not run.success
        assert requests(runs, minutes + 4.9) == []
    assert runs.rows("SELECT symbol, state FROM failed_symbols ORDER BY symbol") == [
        ("AAPL", "exhausted"),
        ("MSFT", "exhausted"),
    ]
    assert requests(runs, 100_000) == []


def test_a_retry_asks_for_what_failed_and_for_nothing_else(runs: Runs) -> None:
    assert runs.of("company_info", symbols=["JPM", "XOM"]).success
    runs.simulator.set_faults(DOWN)
    assert not runs.of("company_info", symbols=["AAPL", "MSFT"], providers=["finnhub", "nasdaq"]).success
    runs.simulator.set_faults({})
    (request,) = requests(runs, 5)
    assert config_of(request)["symbols"] == ["AAPL", "MSFT"]
    run = runs.requested(request, now=after(5))
    assert set(run.materialised) == {"AAPL", "MSFT"}
    assert runs.rows("SELECT count(*) FROM failed_symbols") == [(0,)]
    assert runs.rows("SELECT count(*) FROM company_info") == [(4,)]
    assert says(runs, 6) == "nothing is due"


def test_of_indices_only_the_one_that_failed_is_asked_for(runs: Runs) -> None:
    prepared_database(load_settings())  # which is told there that indices are no tracked symbols
    runs.fail("index_constituents", "^DJI", at=NOW)
    (request,) = requests(runs, 5)
    assert config_of(request)["symbols"] == ["^DJI"]
    assert set(runs.requested(request, now=after(5)).materialised) == {"^DJI"}


def test_what_failed_together_is_retried_together_by_data_type_and_partition(runs: Runs) -> None:
    runs.simulator.set_faults(DOWN)
    runs.of("company_info", symbols=["AAPL", "JPM", "MSFT"])
    runs.of("stock_quotes", symbols=["AAPL", "XOM"])
    runs.of(
        "historical_prices",
        tags=range_tags("2026-05-26", "2026-05-28"),
        symbols=["AAPL", "JPM"],
        timeframes=["1d", "1h"],
    )
    runs.of("economic_events")
    runs.rows("UPDATE failed_symbols SET next_retry_at = last_failed_at + interval '5 minutes' RETURNING 1")
    found = {request.tags[GROUP_TAG]: request for request in requests(runs, 5)}
    assert set(found) == {
        "company_info",
        f"stock_quotes/{FRIDAY}",
        "historical_prices/2026-05-26...2026-05-28/1d",
        "historical_prices/2026-05-26...2026-05-28/1h",
        "economic_events/2026-05-28...2026-06-12",
    }
    runs.simulator.set_faults({})
    for request in found.values():
        assert runs.requested(request, now=after(5)).success
    assert runs.rows("SELECT * FROM failed_symbols") == []


def test_a_group_is_asked_for_once_while_its_run_waits_or_runs_also_when_more_becomes_due(runs: Runs) -> None:
    runs.simulator.set_faults(DOWN)
    runs.of("company_info", symbols=["AAPL"], providers=["finnhub", "nasdaq"])
    (request,) = requests(runs, 5)
    assert requests(runs, 5.2)[0].run_key == request.run_key, "a tick that was not completed is repeated as it was"
    queued = runs.enqueue(request)
    assert says(runs, 6) == "company_info is being retried"
    runs.fail("company_info", "MSFT", at=NOW + timedelta(minutes=2))
    assert requests(runs, 8) == []
    runs.instance.report_run_canceled(queued)
    (other,) = requests(runs, 8)
    assert other.run_key != request.run_key
    assert config_of(other)["symbols"] == ["MSFT"]


def test_a_retry_that_broke_off_counts_as_a_failure(runs: Runs) -> None:
    runs.fail("company_info", "AAPL", at=NOW)
    (request,) = requests(runs, 5)
    runs.instance.report_run_canceled(runs.enqueue(request))
    assert says(runs, 7) == "the retry of company_info broke off: due again later"
    due = runs.rows("SELECT attempts, next_retry_at, errors FROM failed_symbols")
    assert due == [(2, after(22), {"finnhub": "unavailable: HTTP 503"})]
    assert requests(runs, 21) == []
    (again,) = requests(runs, 22)
    assert again.run_key != request.run_key


def test_quotes_of_a_session_that_is_over_expire_and_bars_of_it_do_not(runs: Runs) -> None:
    runs.fail("stock_quotes", "AAPL", at=NOW, partition_key=FRIDAY)
    runs.fail("historical_prices", "AAPL", at=NOW, partition_key=FRIDAY, timeframe="1d")
    saturday, monday = 24 * 60, 3 * 24 * 60
    assert {request.job_name for request in requests(runs, saturday)} == {"stock_quotes_job", "historical_prices_job"}
    assert [request.job_name for request in requests(runs, monday)] == ["historical_prices_job"]
    assert runs.rows("SELECT data_type, state FROM failed_symbols ORDER BY data_type") == [
        ("historical_prices", "waiting"),
        ("stock_quotes", "expired"),
    ]


@pytest.mark.parametrize("key", ["2026-05-30", "2026-05-29...2026-05-30", "20260529", "AAPL", ""])
def test_what_is_no_partition_expires_and_stops_no_other_retry(runs: Runs, key: str) -> None:
    runs.fail("historical_prices", "AAPL", at=NOW, partition_key=key, timeframe="1d")
    runs.fail("company_info", "AAPL", at=NOW)
    assert [request.job_name for request in requests(runs, 5)] == ["company_info_job"]
    assert runs.rows("SELECT data_type FROM failed_symbols WHERE state = 'expired'") == [("historical_prices",)]


def test_a_tick_asks_for_a_bounded_number_of_runs_the_longest_due_first() -> None:
    sessions = Sessions().between(date(2026, 1, 5), date(2026, 4, 1))
    due = [
        RetryCandidate(
            data_type="historical_prices",
            partition_key=session.isoformat(),
            timeframe="1d",
            symbol="AAPL",
            attempts=1,
            next_retry_at=NOW - timedelta(minutes=number),
            last_failed_at=NOW - timedelta(hours=1),
            errors={},
        )
        for number, session in enumerate(sessions)
    ]
    found = plan(grouped(due), {}, sessions=Sessions(), now=NOW)
    assert [group.partition_key for group in found.retry] == [
        session.isoformat() for session in reversed(sessions[-RUNS_A_TICK:])
    ]


@pytest.mark.parametrize("data_type", DATASETS)
def test_each_data_type_can_be_retried(runs: Runs, data_type: str) -> None:
    runs.simulator.set_faults(DOWN)
    runs.of(data_type)
    assert runs.rows("SELECT count(*) > 0 FROM failed_symbols") == [(True,)]
    runs.simulator.set_faults({})
    for request in requests(runs, 70):
        assert runs.requested(request, now=after(70)).success
    assert runs.rows("SELECT * FROM failed_symbols") == []
