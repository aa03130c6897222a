"""What a vendor can do wrong, one row each: who is asked how often, and that every symbol somebody knows is answered once.

Calls are made one at a time, so that the counts are exact.  Over HTTP, against a simulated market, with a real gate.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from itertools import count

import pytest

from market_pipeline.datasets import DATASETS, Strategy
from market_pipeline.ingestion.delivery import Refreshed
from market_pipeline.ingestion.market_data import MarketData
from market_pipeline.providers.messages import Answer, Request
from market_pipeline_tests.fetching.conftest import SESSION, Fault, World

SIX = ["AAPL", "MSFT", "NVDA", "AMZN", "META", "GOOGL"]
TEN = [*SIX, "JPM", "XOM", "JNJ", "WMT"]
TWENTY = [*TEN, "PG", "HD", "KO", "PEP", "CSCO", "ORCL", "ADBE", "CRM", "MCD", "DIS"]


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """Finnhub is asked first, then Nasdaq."""

    faults: dict[int, str] = field(default_factory=dict)
    """What goes wrong with Finnhub, from its n-th request on."""
    asked: tuple[int, int]
    """How often each is asked."""
    settled: tuple[int, int]
    """How many symbols each settles."""
    state: str
    """Of Finnhub's endpoint afterwards."""
    data_type: str = "stock_quotes"
    symbols: list[str] = field(default_factory=lambda: TEN)
    key: str | None = None
    sees_twice: int = 0
    """Symbols that both have answered honestly: Finnhub's answer was lost on the way."""


SCENARIOS = {
    "healthy": Scenario(asked=(10, 0), settled=(10, 0), state="closed"),
    "down from the start": Scenario(faults={1: "outage=0-"}, asked=(5, 10), settled=(0, 10), state="cooldown"),
    "dying midway": Scenario(faults={5: "outage=0-"}, asked=(9, 6), settled=(4, 6), state="cooldown"),
    "down for a moment": Scenario(
        faults={3: "error_rate=1", 6: "error_rate=0"}, asked=(10, 3), settled=(7, 3), state="closed"
    ),
    "flapping": Scenario(
        faults={number: f"error_rate={number % 2}" for number in range(1, 21)},
        symbols=TWENTY,
        asked=(11, 15),  # at the sixth failure more than half of at least ten calls have failed: its breaker is open
        settled=(5, 15),
        state="open",
    ),
    "slow": Scenario(
        faults={1: "slow=1,slow_seconds=60"}, symbols=TEN[:1], asked=(1, 1), settled=(0, 1), state="closed"
    ),
    "rate-limiting": Scenario(faults={4: "throttle=1"}, asked=(4, 7), settled=(3, 7), state="throttled"),
    "lying with 200": Scenario(faults={1: "lying=1"}, asked=(5, 10), settled=(0, 10), state="cooldown"),
    "a web page with 200": Scenario(faults={1: "html=1"}, asked=(5, 10), settled=(0, 10), state="cooldown"),
    "breaking off": Scenario(faults={1: "truncated=1"}, asked=(5, 10), settled=(0, 10), state="cooldown"),
    "resetting connections": Scenario(faults={1: "reset=1"}, asked=(5, 10), settled=(0, 10), state="cooldown"),
    "garbage for some symbols": Scenario(
        faults={1: "garbage=MSFT+NVDA"}, asked=(10, 2), settled=(8, 2), state="closed", sees_twice=2
    ),
    "wrong key": Scenario(key="invalid", asked=(1, 10), settled=(0, 10), state="key_rejected"),
    "not in the plan": Scenario(data_type="dividends", symbols=SIX, asked=(3, 6), settled=(0, 6), state="not_entitled"),
}


@pytest.fixture(autouse=True)
def _one_call_at_a_time(world: World) -> None:
    world.settings |= {"fetch_concurrency": 1, "request_timeout_seconds": 5}


def at_request(market_data: MarketData, vendor: str, actions: dict[int, Callable[[], object]]) -> None:
    """Have something happen right before the n-th request to a vendor is sent."""
    client = market_data._vendors[vendor].client
    send, numbers = client.send, count(1)

    def counting(request: Request) -> Answer:
        actions.get(next(numbers), lambda: None)()
        return send(request)

    client.send = counting  # type: ignore[method-assign]


def state(world: World, vendor: str) -> str:
    ((found,),) = world.rows(f"SELECT state FROM provider_status WHERE name = '{vendor}'")
    return str(found)


@pytest.mark.parametrize("scenario", SCENARIOS.values(), ids=SCENARIOS)
def test_who_is_asked_how_often_and_everybody_is_answered(world: World, scenario: Scenario) -> None:
    market_data = world.market_data(finnhub={"priority": 1}, nasdaq={"priority": 2})
    at_request(
        market_data,
        "finnhub",
        {
            number: lambda plan=plan: world.simulator.control.set_faults(f"finnhub:{plan}")
            for number, plan in scenario.faults.items()
        },
    )
    if scenario.key is not None:
        market_data._vendors["finnhub"].client._key = scenario.key
    done = market_data.refresh(
        DATASETS[scenario.data_type],
        scenario.symbols,
        window=SESSION if scenario.data_type == "stock_quotes" else None,
        providers=["finnhub", "nasdaq"],
        strategy=Strategy.FALLBACK_CHAIN,
    )
    assert (world.requests("finnhub"), world.requests("nasdaq")) == scenario.asked
    assert tuple(done.report.vendors.get(name, 0) for name in ("finnhub", "nasdaq")) == scenario.settled
    assert done.report.attempts == sum(scenario.asked)
    assert done.report.failed == {}
    served = Counter[str]()
    for name in ("finnhub", "nasdaq"):
        served.update(world.served(name, scenario.data_type))
    times = Counter(served[symbol] for symbol in scenario.symbols)
    assert (times[1], times[2]) == (len(scenario.symbols) - scenario.sees_twice, scenario.sees_twice)
    assert state(world, "finnhub") == scenario.state
    assert world.watch.slept == [], "while somebody else can be asked nobody is waited for"


def test_a_vendor_that_may_be_asked_again_in_a_moment_is_not_waited_for_while_another_one_answers(
    world: World, fault: Fault
) -> None:
    fault("finnhub:outage=0-")
    world.quotes(SIX, "finnhub", "nasdaq")
    world.rows("UPDATE provider_scopes SET away_until = now() + interval '1.5 s' WHERE state = 'cooldown'")
    done = world.quotes(TWENTY[10:], "finnhub", "nasdaq")
    assert done.report.vendors == {"nasdaq": 10}
    assert world.watch.slept == []


def test_a_limit_per_second_sets_the_pace_and_sends_nobody_elsewhere(world: World) -> None:
    world.watch.patient = True
    done = world.market_data(finnhub={"limits": "2/1", "priority": 1}, nasdaq={"priority": 2}).refresh(
        DATASETS["stock_quotes"],
        TEN[:5],
        window=SESSION,
        providers=["finnhub", "nasdaq"],
        strategy=Strategy.FALLBACK_CHAIN,
    )
    assert done.report.vendors == {"finnhub": 5}
    assert world.watch.slept


def test_while_all_are_down_a_few_calls_find_out_and_nothing_is_lost(world: World, fault: Fault) -> None:
    fault("*:outage=0-")
    done = world.quotes(TEN, "finnhub", "nasdaq")
    assert (world.requests("finnhub"), world.requests("nasdaq")) == (5, 5)
    assert len(world.watch.slept) == 2, "the last vendor's two retries, which are all that ten calls may have"
    assert set(done.report.failed) == set(TEN)
    owed = dict(world.rows("SELECT symbol, attempts FROM failed_symbols"))
    assert owed == {symbol: int(place < 5) for place, symbol in enumerate(TEN)}, "five were not asked about at all"


def test_while_all_are_cooling_it_returns_at_once_with_the_earliest_retry_and_burns_no_attempt(
    world: World, fault: Fault
) -> None:
    fault("*:outage=0-")
    world.quotes(TEN, "finnhub", "nasdaq")
    before = world.watch.now
    world.watch.slept.clear()
    done = world.quotes(["PG", "HD"], "finnhub", "nasdaq")
    assert (world.requests("finnhub"), world.requests("nasdaq")) == (5, 5), "nobody was asked"
    assert world.watch.slept == []
    assert done.report.retry_at is not None
    assert timedelta(0) < done.report.retry_at - before < timedelta(seconds=72)
    owed = world.rows("SELECT symbol, state, attempts, next_retry_at FROM failed_symbols WHERE symbol IN ('PG', 'HD')")
    assert owed == [
        ("HD", "waiting", 0, done.report.kept_back["HD"]),
        ("PG", "waiting", 0, done.report.kept_back["PG"]),
    ]


@pytest.mark.parametrize("concurrency", [1, 5])
def test_the_last_vendor_that_could_answer_is_never_put_away_for_good(
    world: World, fault: Fault, concurrency: int
) -> None:
    fault("finnhub:outage=0-")
    world.quotes(SIX, "finnhub")
    world.rows("UPDATE provider_scopes SET opened_at = now() - interval '61 s', away_until = now() + interval '1 hour'")
    fault("")
    healthy = world.quotes(SIX, "finnhub", "tiingo")
    assert healthy.report.vendors == {"tiingo": 6}, "while somebody else answers it has its rest"
    places = {"finnhub": {"priority": 1}, "tiingo": {"priority": 2}}
    world.settings["fetch_concurrency"] = concurrency
    market_data = world.market_data(**places)
    market_data._vendors["tiingo"].client._key = "invalid"
    done = market_data.refresh(
        DATASETS["stock_quotes"],
        TEN,
        window=SESSION,
        providers=["finnhub", "tiingo"],
        strategy=Strategy.FALLBACK_CHAIN,
    )
    assert done.report.vendors == {"finnhub": 10}
    assert done.report.attempts <= 10 + concurrency, "of the calls about the key those that were under way at once"


def test_at_midnight_a_quota_that_was_spent_is_there_again(world: World) -> None:
    limits = {"finnhub": {"limits": "4/86400", "priority": 1}, "nasdaq": {"limits": "3/86400", "priority": 2}}

    def ask(symbols: list[str]) -> Refreshed:
        return world.market_data(**limits).refresh(
            DATASETS["stock_quotes"],
            symbols,
            window=SESSION,
            providers=["finnhub", "nasdaq"],
            strategy=Strategy.FALLBACK_CHAIN,
        )

    today = ask(TEN)
    assert today.report.vendors == {"finnhub": 4, "nasdaq": 3}
    assert (world.requests("finnhub"), world.requests("nasdaq")) == (4, 3)
    assert world.watch.slept == [], "nobody waits until midnight"
    assert today.report.retry_at is not None
    due = datetime.now(UTC) + (today.report.retry_at - world.watch.now)  # by the database's clock, which is no test's
    assert (due + timedelta(seconds=30)).time() < time(0, 1)
    owed = world.rows("SELECT symbol, attempts FROM failed_symbols ORDER BY symbol")
    assert owed == [("JNJ", 0), ("WMT", 0), ("XOM", 0)]
    world.rows("UPDATE provider_windows SET newest = newest - 1")  # a day has passed
    tomorrow = ask(["XOM", "JNJ", "WMT"])
    assert tomorrow.report.vendors == {"finnhub": 3}
    assert world.rows("SELECT * FROM failed_symbols") == []


def test_a_limit_that_is_spent_is_waited_for_when_nobody_is_left(world: World) -> None:
    world.watch.patient = True
    market_data = world.market_data(finnhub={"limits": "4/4"})
    done = market_data.refresh(DATASETS["stock_quotes"], TEN, window=SESSION, providers=["finnhub"])
    assert done.report.vendors == {"finnhub": 10}
    assert world.requests("finnhub") == 10
    assert done.report.least_seconds == pytest.approx(6), "ten calls less a burst of four, at one a second"
    assert done.report.pace is not None
    assert done.report.pace >= 1


def test_who_was_rate_limited_is_waited_for_when_nobody_is_left(world: World) -> None:
    world.watch.patient = True
    market_data = world.market_data()
    set_faults = world.simulator.control.set_faults
    at_request(market_data, "finnhub", {4: lambda: set_faults("finnhub:throttle=1"), 5: lambda: set_faults({})})
    done = market_data.refresh(DATASETS["stock_quotes"], SIX, window=SESSION, providers=["finnhub"])
    assert done.report.vendors == {"finnhub": 6}
    assert world.requests("finnhub") == 7


@pytest.mark.parametrize("seconds", [0, 2])
def test_no_wait_ends_after_the_deadline(world: World, seconds: int) -> None:
    market_data = world.market_data(finnhub={"limits": "4/60"})
    done = market_data.refresh(
        DATASETS["stock_quotes"],
        TEN,
        window=SESSION,
        providers=["finnhub"],
        deadline=world.watch.now + timedelta(seconds=seconds),
    )
    assert done.report.vendors == {"finnhub": 4}
    assert len(done.report.kept_back) == 6
    assert sum(world.watch.slept) <= seconds


def test_vendors_that_only_throttle_are_not_asked_until_the_deadline(world: World, fault: Fault) -> None:
    world.watch.patient = True
    fault("*:throttle=1")
    done = world.quotes(["AAPL"], "finnhub", "nasdaq")
    assert done.report.attempts <= 4, "once each, and once more after the second that they asked for"
    assert world.rows("SELECT attempts FROM failed_symbols") == [(0,)]
