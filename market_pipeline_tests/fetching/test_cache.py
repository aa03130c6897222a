"""What is not asked for again because a vendor has answered it lately.  Over HTTP, against a simulated market."""

import logging
import signal
import subprocess
import sys
import time
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from market_pipeline.datasets import DATASETS, MARKET_WIDE, Dataset, Strategy
from market_pipeline.ingestion.delivery import Refreshed
from market_pipeline.providers.messages import Window
from market_pipeline.storage.answers import STALE
from market_pipeline.storage.data_types import declare_data_types
from market_pipeline.storage.universe import TrackedSymbol, track
from market_pipeline_tests.fetching.conftest import NOW, SESSION, Fault, World

PROFILES, PRICES, QUOTES = (DATASETS[name] for name in ("company_info", "historical_prices", "stock_quotes"))
EVENING = datetime(2026, 11, 20, 23, tzinfo=UTC)
WEEKS = Window(date(2026, 10, 20), date(2026, 11, 13))
SECOND = timedelta(seconds=1)
THREE = ["AAPL", "MSFT", "XOM"]


def refresh(
    world: World,
    dataset: Dataset,
    symbols: list[str],
    *,
    now: datetime = NOW,
    run_id: str | None = None,
    repeats: str | None = None,
    **asked: Any,
) -> Refreshed:
    """A refresh by a new run, unless it is named, in the vendors' default order."""
    market_data = world.market_data(run_id, now, repeats=repeats)
    return market_data.refresh(dataset, symbols, strategy=Strategy.FALLBACK_CHAIN, **asked)


def prices(world: World, window: Window, symbols: list[str] | None = None, **asked: Any) -> Refreshed:
    world.simulator.control.set_clock(EVENING, speed=0)
    given = {"now": EVENING, "timeframe": "1d", "providers": ["nasdaq"], **asked}
    return refresh(world, PRICES, ["AAPL"] if symbols is None else symbols, window=window, **given)


def profiles(world: World, **asked: Any) -> Refreshed:
    return refresh(world, PROFILES, THREE, **{"providers": ["finnhub"], **asked})


def requests(world: World) -> int:
    return sum(vendor["requests"] for vendor in world.simulator.control.state()["vendors"].values())


@pytest.mark.parametrize("dataset", DATASETS.values(), ids=DATASETS)
def test_an_answer_serves_other_runs_until_its_time_is_up_and_live_quotes_never_do(
    world: World, dataset: Dataset
) -> None:
    asked = {
        "window": None if dataset.dated_by is None else SESSION,
        "timeframe": dataset.timeframes[0] if dataset.timeframes else None,
    }
    symbols = ["AAPL", "MSFT"] if dataset.per_symbol else list(dataset.subjects)
    world.simulator.control.set_clock(EVENING, speed=0)

    def asks_somebody(age: timedelta) -> bool:
        before = requests(world)
        done = refresh(world, dataset, symbols, now=EVENING + age, **asked)
        assert set(done.settled) == set(symbols)
        return requests(world) > before

    assert asks_somebody(timedelta())
    ttl = dataset.cache_ttl or timedelta()
    assert asks_somebody(ttl - SECOND if ttl else SECOND) == (dataset.cache_ttl is None)
    assert asks_somebody(ttl + 2 * SECOND)


def test_live_quotes_are_the_only_ones_without_a_time_and_stock_data_serves_for_an_hour() -> None:
    assert [dataset.name for dataset in DATASETS.values() if dataset.cache_ttl is None] == ["stock_quotes"]
    assert PRICES.cache_ttl == timedelta(hours=1)


def test_a_hit_leaves_rows_as_they_are_and_tells_whose_they_are(world: World) -> None:
    first = profiles(world)
    again = profiles(world, now=NOW + timedelta(hours=1), providers=())
    assert (first.cached, sorted(first.report.answered)) == ({}, THREE)
    assert {
        symbol: (one.provider, one.records, one.answered_at) for symbol, one in again.cached.items()
    } == dict.fromkeys(THREE, ("finnhub", 1, NOW))
    assert (again.order, again.report.requested, again.report.attempts, again.written.rows) == ((), 0, 0, 0)
    assert world.rows("SELECT DISTINCT fetched_at FROM company_info") == [(NOW,)]


def test_only_what_was_not_answered_is_asked_for(world: World) -> None:
    profiles(world)
    done = refresh(world, PROFILES, [*THREE, "JPM"], providers=["finnhub"])
    assert (sorted(done.cached), done.report.answered) == (THREE, {"JPM": "finnhub"})
    assert world.requests("finnhub") == 4


def test_named_vendors_are_asked_unless_it_was_them_who_answered(world: World) -> None:
    profiles(world)
    assert profiles(world, providers=["nasdaq"]).report.vendors == {"nasdaq": 3}
    assert sorted(profiles(world, providers=["nasdaq", "finnhub"]).cached) == THREE


def test_without_the_cache_everything_is_asked_again_and_the_run_s_own_retry_asks_for_the_rest_only(
    world: World, fault: Fault
) -> None:
    profiles(world)
    fault("finnhub:garbage=MSFT")
    assert set(profiles(world, use_cache=False, run_id="anew").report.failed) == {"MSFT"}
    fault("")
    retried = profiles(world, use_cache=False, run_id="anew")
    assert (sorted(retried.cached), list(retried.report.answered)) == (["AAPL", "XOM"], ["MSFT"])


def test_a_run_s_own_quotes_serve_its_retry_and_those_of_the_crashed_run_that_it_repeats(world: World) -> None:
    def quotes(run_id: str, repeats: str | None = None, symbols: list[str] = THREE) -> Refreshed:
        asked = {"window": SESSION, "providers": ["finnhub"], "use_cache": False}
        return refresh(world, QUOTES, symbols, run_id=run_id, repeats=repeats, **asked)

    quotes("tick", symbols=["AAPL"])
    assert list(quotes("tick").cached) == ["AAPL"]
    assert sorted(quotes("another try", repeats="tick").cached) == THREE
    assert quotes("next tick").cached == {}


@pytest.mark.parametrize(
    ("answered", "hit"),
    [
        ([WEEKS], True),
        ([Window(date(2026, 1, 5), date(2026, 11, 20))], True),
        ([Window(date(2026, 10, 20), date(2026, 11, 6)), Window(date(2026, 11, 7), date(2026, 11, 20))], True),
        ([Window(date(2026, 10, 20), date(2026, 11, 5)), Window(date(2026, 11, 7), date(2026, 11, 20))], False),
        ([Window(date(2026, 10, 21), date(2026, 11, 20))], False),
    ],
)
def test_answers_serve_the_days_that_they_cover_together(world: World, answered: list[Window], hit: bool) -> None:
    for window in answered:
        prices(world, window)
    done = prices(world, WEEKS)
    assert list(done.cached) == (["AAPL"] if hit else [])
    assert sum(done.rows_by_day.values()) == 19, "sessions, in either case"


def test_daily_bars_do_not_serve_hourly_ones(world: World) -> None:
    for timeframe in ("1d", "1h"):
        prices(world, SESSION, timeframe=timeframe, providers=["yahoo"])
    world.rows("DELETE FROM cached_answers WHERE timeframe = '1h' RETURNING symbol")
    assert prices(world, SESSION, timeframe="1h", providers=["yahoo"]).cached == {}


def test_bars_that_ended_before_the_last_day_asked_for_are_no_reason_not_to_ask(world: World) -> None:
    two_days = Window(date(2026, 11, 19), date(2026, 11, 20))
    morning = refresh(world, PRICES, ["AAPL"], window=two_days, timeframe="1d", providers=["nasdaq"])
    assert list(morning.rows_by_day) == [two_days.start]
    later = prices(world, two_days, now=NOW + timedelta(minutes=50))
    assert (later.cached, sorted(later.rows_by_day)) == ({}, [two_days.start, two_days.end])


def test_an_empty_answer_is_an_answer(world: World) -> None:
    sunday = Window(date(2026, 1, 4), date(2026, 1, 4))
    first = refresh(world, DATASETS["economic_events"], [MARKET_WIDE], window=sunday)
    asked = requests(world)
    again = refresh(world, DATASETS["economic_events"], [MARKET_WIDE], window=sunday)
    assert (first.report.records, again.cached[MARKET_WIDE].records, requests(world)) == (0, 0, asked)


KILLED = """
import sys, time
from pathlib import Path
from market_pipeline.datasets import DATASETS
from market_pipeline.ingestion.market_data import open_market_data
from market_pipeline.settings import ProviderSettings, Settings
from market_pipeline.storage.database import Database

url, simulator = sys.argv[1:]
settings = Settings(_env_file=None, simulator_rate_factor=1000, fetch_concurrency=1)
own = lambda name: ProviderSettings(_env_file=None)
with open_market_data(Database(url), settings, run_id="killed", simulator_url=simulator, provider_settings=own) as data:
    data.refresh(DATASETS["company_info"], sys.stdin.read().split(), providers=["finnhub"])
"""


def test_after_a_kill_only_what_was_not_answered_is_asked_for(world: World, fault: Fault) -> None:
    symbols = "AAPL AMZN CAT DIS GE HD IBM JNJ JPM KO MSFT NVDA PFE WMT XOM".split()
    with world.database.connect() as connection:
        declare_data_types(connection)
        track(connection, map(TrackedSymbol, symbols))
    fault("finnhub:latency=0.1")
    arguments = [sys.executable, "-c", KILLED, world.database.url, world.simulator.control.url]
    with subprocess.Popen(arguments, stdin=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        process.stdin.write(" ".join(symbols))
        process.stdin.close()
        while len(world.rows("SELECT symbol FROM company_info")) < 3:
            assert process.poll() is None
            time.sleep(0.02)
        process.send_signal(signal.SIGKILL)
    written = {symbol for (symbol,) in world.rows("SELECT symbol FROM company_info")}
    fault("")
    done = refresh(world, PROFILES, symbols, providers=["finnhub"], now=datetime.now(UTC))
    assert len(written) < len(symbols)
    assert len(written - done.cached.keys()) <= 1, "the one that was written a moment before"
    assert set(done.settled) == set(symbols)
    fresh = {symbol for (symbol,) in world.rows("SELECT symbol FROM data_freshness WHERE status = 'fresh'")}
    assert fresh == set(symbols), "of which the killed run could no longer tell"


def test_when_nobody_answers_old_rows_serve_say_so_and_are_owed_until_somebody_does(world: World, fault: Fault) -> None:
    profiles(world)
    later = NOW + timedelta(days=2)
    fault("finnhub:html=1")
    old = profiles(world, now=later)
    assert {one.answered_at for one in old.stale.values()} == {NOW}
    assert (sorted(old.stale), old.settled, old.unserved) == (THREE, [], {})
    assert world.rows("SELECT DISTINCT flags, fetched_at FROM company_info") == [([STALE], NOW)]
    assert world.rows("SELECT symbol, state FROM failed_symbols ORDER BY symbol") == [(one, "waiting") for one in THREE]
    profiles(world, now=later)
    assert world.rows("SELECT DISTINCT flags FROM company_info") == [([STALE],)], "once"
    fault("")
    world.rows("SELECT gate_reset('finnhub')")
    assert sorted(profiles(world, now=later).report.answered) == THREE
    assert world.rows("SELECT DISTINCT flags FROM company_info") == [([],)]
    assert world.rows("SELECT * FROM failed_symbols") == []


def test_rows_that_the_next_answer_does_not_have_are_no_longer_stale_either(world: World, fault: Fault) -> None:
    def figures(now: datetime, *providers: str) -> Refreshed:
        return refresh(world, DATASETS["fundamentals"], ["AAPL"], now=now, providers=providers)

    figures(NOW, "yahoo")
    fault("*:html=1")
    assert list(figures(NOW + timedelta(days=2), "yahoo").stale) == ["AAPL"]
    assert world.rows("SELECT count(*) FROM fundamentals WHERE 'stale' <> ALL (flags)") == [(0,)]
    fault("")
    world.rows("SELECT gate_reset('finnhub')")
    figures(NOW + timedelta(days=3), "finnhub")
    assert world.rows("SELECT count(*) FROM fundamentals WHERE 'stale' = ANY (flags)") == [(0,)]


def test_what_is_too_old_or_live_does_not_serve_at_all(world: World, fault: Fault) -> None:
    def failed(age: timedelta, dataset: Dataset = PROFILES, window: Window | None = None) -> set[str]:
        done = refresh(world, dataset, ["AAPL"], now=NOW + age, providers=["finnhub"], window=window)
        assert done.stale == {}
        return set(done.unserved)

    bound = PROFILES.stale_if_error or timedelta()
    assert not failed(timedelta())
    assert not failed(timedelta(), QUOTES, SESSION)
    fault("finnhub:html=1")
    assert failed(bound + SECOND) == {"AAPL"}
    assert failed(SECOND, QUOTES, SESSION) == {"AAPL"}
    assert world.rows("SELECT DISTINCT flags FROM company_info") == [([],)]


def test_a_symbol_that_is_unknown_by_now_is_not_served_by_what_it_was(world: World) -> None:
    profiles(world)
    world.rows("UPDATE cached_answers SET symbol = 'ZZTOP' WHERE symbol = 'AAPL' RETURNING symbol")
    done = refresh(world, PROFILES, ["ZZTOP"], now=NOW + timedelta(days=2), providers=["finnhub"])
    assert (done.stale, set(done.unserved)) == ({}, {"ZZTOP"})


@pytest.mark.parametrize("broken", ["cached_answers", "cache_usage"])
def test_a_cache_that_fails_costs_calls_and_is_told_of_once(
    world: World, caplog: pytest.LogCaptureFixture, broken: str
) -> None:
    with world.database.connect(autocommit=True) as connection:
        connection.execute(f"DROP TABLE {broken} CASCADE")  # type: ignore[arg-type]
    with caplog.at_level(logging.WARNING, logger="market_pipeline.storage.answers"):
        done = profiles(world)
    assert sorted(done.report.answered) == THREE
    (said,) = caplog.messages
    assert "the answer cache does not work, fetching goes on without it" in said
    assert broken in said


def test_hits_and_misses_are_counted_by_data_type(world: World) -> None:
    now = datetime.now(UTC)
    profiles(world, now=now)
    profiles(world, now=now)
    refresh(world, PROFILES, [*THREE, "JPM"], providers=["finnhub"], now=now)
    profiles(world, now=now, use_cache=False)
    refresh(world, QUOTES, THREE, window=SESSION, providers=["finnhub"], now=now)
    columns = "data_type, answers, fresh, hits, misses, stale, hit_rate"
    assert world.rows(f"SELECT {columns} FROM cache_stats ORDER BY data_type") == [
        ("company_info", 4, 4, 6, 4, 0, 60.0),
        ("stock_quotes", 3, 0, 0, 0, 0, None),
    ]


def test_answers_are_forgotten_when_they_can_serve_nobody_any_more_and_not_before(world: World) -> None:
    def kept_after(dataset: Dataset, *ages: timedelta, **asked: Any) -> int:
        for age in ages:
            refresh(world, dataset, ["AAPL" if age else "MSFT"], now=NOW + age, **asked)
        ((count,),) = world.rows(f"SELECT count(*) FROM cached_answers WHERE data_type = '{dataset.name}'")
        return int(count)

    bound = PROFILES.stale_if_error or timedelta()
    assert kept_after(PROFILES, timedelta(), bound - SECOND) == 2, "the older one may still serve stale"
    assert kept_after(PROFILES, bound + SECOND) == 1
    a_day = timedelta(days=1)
    assert kept_after(QUOTES, timedelta(), a_day - SECOND, window=SESSION) == 2, "a retry may still come"
    assert kept_after(QUOTES, a_day + SECOND, window=SESSION) == 1
