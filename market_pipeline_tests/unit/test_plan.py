"""What a fetch would ask of whom, as far as limits decide it."""

from datetime import UTC, date, datetime
from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as some

from market_pipeline.datasets import DATASETS, Strategy
from market_pipeline.fetching.http import VendorClient
from market_pipeline.fetching.pace import Allowance, Supply
from market_pipeline.fetching.plan import Plan, plan
from market_pipeline.fetching.planner import Planner, Wanted
from market_pipeline.fetching.vendors import Vendor
from market_pipeline.providers.messages import Window
from market_pipeline.providers.registry import PROVIDERS

NOW = datetime(2026, 11, 20, 22, tzinfo=UTC)
SESSION = Window(date(2026, 11, 20), date(2026, 11, 20))
PLANNER = Planner(batch_size=10, clock=lambda: NOW)


def vendor(name: str) -> Vendor:
    provider = PROVIDERS[name]
    client = VendorClient(provider, key="k", base_url=None, timeout=1, connections=1, clock=lambda: NOW)
    return Vendor(provider, client, (), 0.0)


def quotes(count: int, **options: object) -> Wanted:
    symbols = tuple(f"S{number}" for number in range(count))
    return Wanted(dataset=DATASETS["stock_quotes"], symbols=symbols, window=SESSION, deadline=NOW, **options)  # type: ignore[arg-type]


def planned(wanted: Wanted, supplies: dict[str, Supply]) -> Plan:
    return plan(PLANNER, wanted, PLANNER.legs(wanted, [vendor(name) for name in supplies]), supplies)


def shares(found: Plan) -> dict[str, tuple[int, int, int]]:
    return {one.vendor: (one.symbols, one.calls, one.units) for one in found.shares}


def test_the_first_vendor_takes_all_that_its_limits_allow_and_the_next_ones_the_rest() -> None:
    found = planned(quotes(10), {"finnhub": [Allowance(4, 1)], "nasdaq": [Allowance(100, 1)], "cboe": []})
    assert shares(found) == {"finnhub": (4, 4, 4), "nasdaq": (6, 6, 6), "cboe": (0, 0, 0)}
    assert found.seconds == 0
    assert [one.units_left for one in found.shares] == [4, 100, inf]


def test_what_nobody_may_do_now_is_dealt_out_as_the_limits_allow_it() -> None:
    found = planned(quotes(16), {"finnhub": [Allowance(4, 1)], "nasdaq": [Allowance(3, 2)]})
    assert found.seconds == pytest.approx(3), "nine calls more than the seven, at three a second"
    assert shares(found) == {"finnhub": (8, 8, 8), "nasdaq": (8, 8, 8)}


def test_batches_are_counted_as_calls() -> None:
    assert shares(planned(quotes(25), {"yahoo": [Allowance(100, 1)]})) == {"yahoo": (25, 3, 3)}
    waiting = planned(quotes(45), {"yahoo": [Allowance(2, 0.5)]})
    assert shares(waiting) == {"yahoo": (45, 5, 5)}
    assert waiting.seconds == pytest.approx(5), "25 symbols are two and a half calls, one in two seconds"


def test_one_answer_about_the_whole_market_is_one_call() -> None:
    bars = Wanted(
        dataset=DATASETS["historical_prices"],
        symbols=tuple(f"S{number}" for number in range(500)),
        window=SESSION,
        timeframe="1d",
        deadline=NOW,
    )
    assert shares(planned(bars, {"polygon": [Allowance(5, 5 / 60)]})) == {"polygon": (500, 1, 1)}


def test_symbols_go_first_to_where_they_are_at_home_and_round_robin_deals_out() -> None:
    plenty: dict[str, Supply] = {"finnhub": [], "nasdaq": []}
    home = planned(quotes(10, asked_first={"S1": "nasdaq", "S2": "nasdaq"}), plenty)
    assert shares(home) == {"finnhub": (8, 8, 8), "nasdaq": (2, 2, 2)}
    assert shares(planned(quotes(10, strategy=Strategy.ROUND_ROBIN), plenty)) == {
        "finnhub": (5, 5, 5),
        "nasdaq": (5, 5, 5),
    }


def test_where_nobody_may_be_asked_nobody_is_supposed_to_answer() -> None:
    found = planned(quotes(3), {})
    assert (found.shares, found.seconds, found.unserved) == ((), inf, 3)


@given(
    count=some.integers(1, 200),
    limits=some.lists(some.tuples(some.integers(0, 50), some.floats(0.01, 20)), min_size=1, max_size=4),
)
def test_every_symbol_is_somebodys_and_nobody_does_more_than_allowed(
    count: int, limits: list[tuple[int, float]]
) -> None:
    names = ["finnhub", "yahoo", "nasdaq", "cboe"]
    supplies: dict[str, Supply] = {name: [Allowance(*one)] for name, one in zip(names, limits, strict=False)}
    found = planned(quotes(count), supplies)
    assert sum(one.symbols for one in found.shares) == count
    for share in found.shares:
        (limit,) = supplies[share.vendor]
        assert share.units <= limit.at_once + limit.per_second * found.seconds + 2, "parts of calls are rounded up"
        assert share.calls * 10 >= share.symbols
