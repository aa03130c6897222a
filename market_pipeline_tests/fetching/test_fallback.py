"""Who is asked when a vendor fails, how often, and what is remembered of it.  Over HTTP, against a simulated market."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from market_pipeline.datasets import DATASETS, Strategy
from market_pipeline.providers.messages import Window
from market_pipeline.storage.writer import Provenance, Writer
from market_pipeline_tests.fetching.conftest import NOW, SESSION, Fault, World

YESTERDAY = Window(date(2026, 11, 19), date(2026, 11, 19))
TEN = ["AAPL", "MSFT", "NVDA", "AMZN", "META", "GOOGL", "JPM", "XOM", "JNJ", "WMT"]


def test_a_healthy_vendor_is_asked_once_for_a_batch_and_nobody_else_is(world: World) -> None:
    done = world.quotes(TEN, "yahoo", "finnhub")
    assert done.report.vendors == {"yahoo": 10}
    assert (done.written.inserted, done.report.fallbacks, done.report.attempts) == (10, 0, 1)
    assert world.requests("yahoo") == 3, "cookie, crumb and one batch"
    assert world.requests("finnhub") == 0


def test_a_vendor_that_is_down_costs_one_call_and_the_next_one_answers(world: World, fault: Fault) -> None:
    fault("fmp:error_rate=1")
    done = world.quotes(TEN, "fmp", "finnhub")
    assert done.report.vendors == {"finnhub": 10}
    assert done.report.fallbacks == 10
    assert world.requests("fmp") == 1


@pytest.mark.parametrize(
    ("plan", "outcome"),
    [
        ("finnhub:error_rate=1", "unavailable"),
        ("finnhub:reset=1", "unavailable"),
        ("finnhub:truncated=1", "unavailable"),
        ("finnhub:html=1", "malformed"),
        ("finnhub:throttle=1", "rate_limited"),
    ],
)
def test_each_way_to_fail_is_recorded_as_what_it_is_and_survived(
    world: World, fault: Fault, plan: str, outcome: str
) -> None:
    fault(plan)
    done = world.quotes(["AAPL"], "finnhub", "nasdaq")
    assert done.report.vendors == {"nasdaq": 1}
    world.opened.close()  # the recorder writes what it still holds
    assert world.rows("SELECT provider, outcome FROM fetch_attempts ORDER BY attempt_id") == [
        ("finnhub", outcome),
        ("nasdaq", "success"),
    ]


def test_garbage_for_one_symbol_is_that_symbols_problem_only(world: World, fault: Fault) -> None:
    fault("finnhub:garbage=MSFT")
    done = world.quotes(["AAPL", "MSFT", "NVDA"], "finnhub", "nasdaq")
    assert done.report.answered == {"AAPL": "finnhub", "NVDA": "finnhub", "MSFT": "nasdaq"}


def test_a_throttling_vendor_is_left_alone_after_it_has_said_so(world: World, fault: Fault) -> None:
    fault("finnhub:throttle=1")
    done = world.quotes(TEN, "finnhub", "nasdaq")
    assert done.report.vendors == {"nasdaq": 10}
    assert world.requests("finnhub") <= 5, "the calls that were under way when the first one was refused"


def test_a_rejected_key_takes_the_vendor_off(world: World) -> None:
    market_data = world.market_data()
    vendor = market_data._vendors["finnhub"]
    vendor.client._key = "invalid"  # the key that the simulator refuses
    done = market_data.refresh(DATASETS["stock_quotes"], TEN, window=SESSION, providers=["finnhub", "nasdaq"])
    assert done.report.vendors == {"nasdaq": 10}
    assert world.requests("finnhub") <= 5


def test_when_nobody_answers_the_last_vendor_gets_three_tries_and_the_symbols_are_owed(
    world: World, fault: Fault
) -> None:
    fault("finnhub:error_rate=1;nasdaq:error_rate=1")
    done = world.quotes(["AAPL"], "finnhub", "nasdaq")
    assert (world.requests("finnhub"), world.requests("nasdaq")) == (1, 3)
    assert set(done.report.failed["AAPL"]) == {"finnhub", "nasdaq"}
    assert world.rows("SELECT symbol, state, attempts, next_retry_at FROM failed_symbols") == [
        ("AAPL", "waiting", 1, world.watch.now + timedelta(minutes=5))
    ]


def test_retries_come_after_5_15_and_60_minutes_then_it_is_given_up_and_success_clears_it(
    world: World, fault: Fault
) -> None:
    def at(minutes: int) -> datetime:
        return NOW + timedelta(minutes=minutes)

    def ask(minutes: int) -> tuple[Any, ...]:
        market_data = world.market_data(now=at(minutes))
        market_data.refresh(DATASETS["stock_quotes"], ["AAPL"], window=SESSION, providers=["nasdaq"])
        world.rows("SELECT gate_reset('nasdaq')")  # its rest is another test's
        return next(iter(world.rows("SELECT state, next_retry_at FROM failed_symbols")), ())

    fault("nasdaq:error_rate=1")
    assert ask(0) == ("waiting", at(5))
    assert ask(4) == ("waiting", at(5)), "asked before its time it has lost nothing"
    assert ask(5) == ("waiting", at(20))
    assert ask(20) == ("waiting", at(80))
    assert ask(80) == ("exhausted", None)
    assert ask(90) == ("exhausted", None)
    fault("")
    assert ask(91) == ()


def test_what_is_owed_of_daily_bars_stays_owed_when_the_hourly_ones_come(world: World, fault: Fault) -> None:
    def bars(timeframe: str) -> list[tuple[Any, ...]]:
        world.market_data().refresh(
            DATASETS["historical_prices"], ["AAPL"], window=YESTERDAY, timeframe=timeframe, providers=["yahoo"]
        )
        return world.rows("SELECT symbol, timeframe FROM failed_symbols")

    fault("yahoo:error_rate=1")
    assert bars("1d") == [("AAPL", "1d")]
    fault("")
    world.rows("SELECT gate_reset('yahoo')")
    assert bars("1h") == [("AAPL", "1d")]
    assert bars("1d") == []


def test_a_symbol_nobody_knows_is_marked_so_and_not_due_again(world: World) -> None:
    done = world.quotes(["AAPL", "ZZTOP"], "finnhub", "nasdaq")
    assert done.report.unknown == {"ZZTOP"}
    assert set(done.report.answered) == {"AAPL"}
    assert world.rows("SELECT symbol, state, next_retry_at FROM failed_symbols") == [("ZZTOP", "unknown", None)]


def test_refused_by_its_own_limits_a_symbol_waits_without_losing_an_attempt(world: World) -> None:
    market_data = world.market_data(finnhub={"limits": "1/3600"})
    market_data.refresh(DATASETS["stock_quotes"], ["AAPL"], window=SESSION, providers=["finnhub"])
    market_data.refresh(DATASETS["stock_quotes"], ["MSFT"], window=SESSION, providers=["finnhub"])
    ((symbol, attempts, due),) = world.rows("SELECT symbol, attempts, next_retry_at FROM failed_symbols")
    assert (symbol, attempts) == ("MSFT", 0)
    assert due > NOW


def test_doing_it_again_changes_nothing(world: World) -> None:
    first = world.quotes(TEN, "yahoo")
    again = world.quotes(TEN, "yahoo")
    assert (first.written.inserted, again.written.inserted, again.written.unchanged) == (10, 0, 10)
    assert world.rows("SELECT count(*) FROM stock_quotes") == [(10,)]


def test_round_robin_deals_the_symbols_out(world: World) -> None:
    done = world.quotes(TEN, "finnhub", "nasdaq", strategy=Strategy.ROUND_ROBIN)
    assert done.report.vendors == {"finnhub": 5, "nasdaq": 5}
    assert done.report.fallbacks == 0


def test_round_robin_starts_with_another_vendor_each_time_whichever_process_asks(world: World) -> None:
    firsts = [world.quotes(["AAPL"], "finnhub", "nasdaq", strategy=Strategy.ROUND_ROBIN).order[0] for _ in range(4)]
    assert firsts == ["finnhub", "nasdaq", "finnhub", "nasdaq"]


def test_a_vendor_hardly_known_is_asked_for_a_few_symbols_first(world: World) -> None:
    asked = {"window": SESSION, "strategy": Strategy.MOST_RELIABLE, "providers": ["finnhub", "nasdaq"]}
    quotes = DATASETS["stock_quotes"]
    first = world.market_data().refresh(quotes, TEN, **asked)
    assert first.report.vendors == {"finnhub": 10}, "nobody is known yet"
    world.opened.close()  # the recorder writes what it still holds
    world.market_data().refresh(quotes, TEN[:5], **asked)
    world.opened.close()
    again = world.market_data(chance=0.9).refresh(quotes, TEN, **asked)
    assert again.report.vendors == {"finnhub": 9, "nasdaq": 1}


def test_without_the_vendors_records_the_default_order_is_taken(world: World) -> None:
    with world.database.connect(autocommit=True) as connection:
        connection.execute("ALTER TABLE provider_stats RENAME TO lost")
    done = world.quotes(["AAPL"], "finnhub", "nasdaq", strategy=Strategy.MOST_RELIABLE)
    assert done.report.answered == {"AAPL": "finnhub"}


def test_a_price_series_stays_with_its_vendor_and_a_bar_from_another_one_shows(world: World, fault: Fault) -> None:
    def prices(*providers: str) -> dict[str, str]:
        places = {name: {"priority": place} for place, name in enumerate(providers, start=1)}
        done = world.market_data(**places).refresh(
            DATASETS["historical_prices"],
            ["AAPL"],
            window=YESTERDAY,
            timeframe="1d",
            strategy=Strategy.FALLBACK_CHAIN,
            providers=providers,
            use_cache=False,
        )
        return done.report.answered

    assert prices("nasdaq", "yahoo") == {"AAPL": "nasdaq"}
    assert prices("yahoo", "nasdaq") == {"AAPL": "nasdaq"}, "though Yahoo comes first now"
    fault("nasdaq:error_rate=1")
    assert prices("yahoo", "nasdaq") == {"AAPL": "yahoo"}
    bars = world.rows("SELECT provider, series_provider, mixed FROM historical_prices")
    assert bars == [("yahoo", "nasdaq", True)]


def test_rows_that_are_no_records_are_quarantined_and_counted(world: World) -> None:
    bad = {"symbol": "AAPL", "price": -1, "as_of": datetime(2026, 11, 20, tzinfo=UTC), "session": SESSION.start}
    dataset = DATASETS["stock_quotes"]
    rejected = dataset.check([bad]).rejected
    with world.database.connect(autocommit=True) as connection:
        for run in ("one", "two"):
            Writer(connection).quarantine(dataset, rejected, Provenance("acme", NOW, run))
    ((provider, reason, payload, run, seen),) = world.rows(
        "SELECT provider, reason, payload, run_id, times_seen FROM rejected_records"
    )
    assert (provider, run, seen, payload["price"]) == ("acme", "two", 2, -1)
    assert "price: Input should be greater than 0" in reason


def test_a_vendor_that_tells_of_another_session_has_not_answered(world: World) -> None:
    tomorrow = Window(date(2026, 11, 23), date(2026, 11, 23))
    done = world.quotes(["AAPL"], "finnhub", window=tomorrow)
    assert done.report.answered == {}
    assert "another session" in str(done.report.failed["AAPL"]["finnhub"])
    chain = world.market_data().refresh(
        DATASETS["options_chain"], ["AAPL"], window=tomorrow, providers=["cboe"], strategy=Strategy.FALLBACK_CHAIN
    )
    assert set(chain.report.failed) == {"AAPL"}, "though a share without options would be an answer"
