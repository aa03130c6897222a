"""Who is asked first, and who is tried out."""

from collections.abc import Callable
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as some

from market_pipeline.datasets import DATASETS, Strategy
from market_pipeline.fetching.planner import is_bargain
from market_pipeline.fetching.strategies import (
    EQUAL,
    KNOWN,
    STEADY,
    STEADY_FACTOR,
    TRIED_OUT,
    UNKNOWN,
    Recent,
    Standing,
    expected_ms,
    judged,
    order,
    reliability,
    tried_out,
)
from market_pipeline.providers.registry import PROVIDERS
from market_pipeline.routes import ROUTES, route

VENDORS = ("a", "b", "c")
SAME = dict.fromkeys(VENDORS, 5)


def standing(calls: float, successes: float, each_ms: float = 100) -> Standing:
    return judged(Recent(calls, successes, calls * each_ms), None)


def test_the_most_reliable_comes_first_and_a_new_vendor_before_one_that_is_known_to_be_bad() -> None:
    known = {"a": standing(100, 40), "b": standing(100, 99)}
    assert order(Strategy.MOST_RELIABLE, VENDORS, known, quota=SAME) == ("b", "c", "a")


def test_few_good_answers_prove_less_than_many() -> None:
    known = {"a": standing(3, 3), "b": standing(100, 99), "c": standing(20, 20)}
    assert order(Strategy.MOST_RELIABLE, VENDORS, known, quota=SAME) == ("b", "c", "a")


def test_equals_keep_the_default_order() -> None:
    nearly = {"a": standing(100, 97), "b": standing(100, 100), "c": standing(100, 98)}
    assert order(Strategy.MOST_RELIABLE, VENDORS, nearly, quota=SAME) == VENDORS


def test_the_bound_is_that_of_wilson() -> None:
    # Wilson's interval for 90 of 100 at z = 1.645: https://www.itl.nist.gov/div898/handbook/prc/section2/prc241.htm
    assert reliability(Recent(calls=90, successes=81)) == pytest.approx(0.8396, abs=1e-4)
    assert UNKNOWN.reliability == pytest.approx(0.6523, abs=1e-4)


def test_the_fastest_is_the_one_with_the_shortest_time_until_a_good_answer() -> None:
    known = {"a": standing(100, 10, 1), "b": standing(100, 100, 300), "c": standing(100, 100, 500)}
    assert order(Strategy.FASTEST_FIRST, VENDORS, known, quota=SAME) == ("b", "c", "a"), "a fails at once"
    cheap = {"a": 5, "b": 5, "c": 1}
    assert order(Strategy.FASTEST_FIRST, VENDORS, known, quota=cheap) == ("c", "b", "a")
    assert order(Strategy.FASTEST_FIRST, VENDORS, {"c": known["c"]}, quota=SAME) == ("c", "a", "b"), "unknown: 500 ms"


def test_between_equals_a_bargain_outweighs_the_default_order() -> None:
    assert order(Strategy.MOST_RELIABLE, VENDORS, {}, quota={"a": 500, "b": 500, "c": 1}) == ("c", "a", "b")
    assert order(Strategy.MOST_RELIABLE, VENDORS, {}, quota={"a": 49, "b": 4, "c": 1}) == VENDORS
    assert order(Strategy.MOST_RELIABLE, (), {}, quota={}) == ()


def test_round_robin_turns_and_the_chain_stays() -> None:
    assert [order(Strategy.ROUND_ROBIN, VENDORS, {}, quota=SAME, turn=turn)[0] for turn in range(4)] == [
        "a",
        "b",
        "c",
        "a",
    ]
    known = {"a": standing(100, 40), "b": standing(100, 99)}
    assert order(Strategy.FALLBACK_CHAIN, VENDORS, known, quota=SAME) == VENDORS
    assert order(Strategy.ROUND_ROBIN, (), {}, quota=SAME) == ()


calls = some.floats(0, 100)
recents = calls.flatmap(
    lambda made: some.builds(Recent, some.just(made), some.floats(0, made), some.floats(0, made * 30_000))
)


@given(recents)
def test_a_judgement_lies_between_what_is_possible(recent: Recent) -> None:
    assert 0 < reliability(recent) < 1
    assert expected_ms(recent) > 0


@given(some.lists(recents, min_size=1, max_size=30))
def test_a_judgement_is_never_far_from_the_record_and_stands_while_the_record_does(history: list[Recent]) -> None:
    earlier: Standing | None = None
    for recent in history:
        earlier = judged(recent, earlier)
        assert judged(recent, earlier) == earlier
        assert abs(earlier.reliability - reliability(recent)) <= STEADY
        assert expected_ms(recent) / STEADY_FACTOR <= earlier.expected_ms * (1 + 1e-9)
        assert earlier.expected_ms <= expected_ms(recent) * STEADY_FACTOR * (1 + 1e-9)


NOISE = some.floats(-1, 1)


@given(
    vendors=some.lists(some.tuples(some.floats(0.3, 0.9), some.floats(100, 5000)), min_size=2, max_size=5),
    noise=some.lists(some.lists(some.tuples(NOISE, NOISE), min_size=5, max_size=5), min_size=2, max_size=20),
    strategy=some.sampled_from([Strategy.MOST_RELIABLE, Strategy.FASTEST_FIRST]),
)
def test_noise_changes_no_order(
    vendors: list[tuple[float, float]], noise: list[list[tuple[float, float]]], strategy: Strategy
) -> None:
    """Records that scatter by less than half of what counts as a change never reorder vendors, however close they are."""
    names = [f"vendor {number}" for number in range(len(vendors))]
    known: dict[str, Standing] = {}
    orders = set()
    for scattered in noise:
        for name, (share, each_ms), (more, longer) in zip(names, vendors, scattered, strict=False):
            # with 90 calls in the record, a success more or less moves the lower bound by a hundredth
            recent = Recent(90, 90 * share + 1.8 * more, 90 * each_ms)
            slower = Recent(90, recent.successes, recent.response_ms * 1.02**longer)
            known[name] = judged(slower, known.get(name))
        orders.add(order(strategy, names, known, quota=dict.fromkeys(names, 1)))
    assert len(orders) == 1


@given(
    reliable=some.lists(some.floats(0, 1), min_size=1, max_size=8),
    quota=some.lists(some.integers(1, 500), min_size=8, max_size=8),
    strategy=some.sampled_from(Strategy),
    turn=some.integers(0, 1000),
)
def test_everybody_is_in_the_order_once_and_nobody_behind_one_that_is_clearly_worse(
    reliable: list[float], quota: list[int], strategy: Strategy, turn: int
) -> None:
    names = [f"vendor {number}" for number in range(len(reliable))]
    known = {name: Standing(50, bound, 100) for name, bound in zip(names, reliable, strict=True)}
    costs = dict(zip(names, quota, strict=False))
    ordered = order(strategy, names, known, quota=costs, turn=turn)
    assert sorted(ordered) == sorted(names)
    if strategy is Strategy.MOST_RELIABLE:
        for place, name in enumerate(ordered):
            assert all(known[later].reliability <= known[name].reliability + EQUAL for later in ordered[place:])
        for one, next_ in pairwise(ordered):
            if is_bargain(costs[next_], costs[names[0]]) and not is_bargain(costs[one], costs[names[0]]):
                assert known[one].reliability > known[next_].reliability + EQUAL, "a bargain waits for nobody like it"


SYMBOLS = [f"S{number}" for number in range(100)]
WELL_KNOWN = standing(KNOWN, KNOWN)


def dice(*numbers: float) -> Callable[[], float]:
    thrown = iter(numbers)
    return lambda: next(thrown)


def test_a_vendor_hardly_known_is_tried_out_with_a_small_share_of_the_symbols() -> None:
    tried = tried_out(
        Strategy.MOST_RELIABLE,
        VENDORS,
        {"a": WELL_KNOWN, "b": WELL_KNOWN},
        SYMBOLS,
        quota=SAME,
        scarce=set(),
        chance=dice(0.5, 0.5, 0.98),
    )
    assert tried == dict.fromkeys(["S98", "S99", "S0", "S1", "S2"], "c")


@pytest.mark.parametrize(("chance", "count"), [(0.0, 0), (0.49, 0), (0.5, 1), (0.999, 1)])
def test_of_few_symbols_one_is_taken_now_and_then(chance: float, count: int) -> None:
    tried = tried_out(
        Strategy.FASTEST_FIRST,
        VENDORS,
        {"a": WELL_KNOWN},
        SYMBOLS[:10],
        quota=SAME,
        scarce=set(),
        chance=dice(0, chance, 0),
    )
    assert len(tried) == count


@pytest.mark.parametrize(
    ("strategy", "known", "quota", "scarce"),
    [
        pytest.param(Strategy.FALLBACK_CHAIN, {"a": WELL_KNOWN}, SAME, set(), id="the order is given"),
        pytest.param(Strategy.ROUND_ROBIN, {"a": WELL_KNOWN}, SAME, set(), id="everybody gets a share anyhow"),
        pytest.param(Strategy.MOST_RELIABLE, {}, SAME, set(), id="nobody is known yet"),
        pytest.param(Strategy.MOST_RELIABLE, {"b": WELL_KNOWN}, SAME, set(), id="the first one is not known yet"),
        pytest.param(Strategy.MOST_RELIABLE, {"a": WELL_KNOWN}, SAME, {"b", "c"}, id="the others are scarce"),
        pytest.param(
            Strategy.MOST_RELIABLE, {"a": WELL_KNOWN}, {"a": 1, "b": 100, "c": 50}, set(), id="one answer serves all"
        ),
        pytest.param(Strategy.MOST_RELIABLE, dict.fromkeys(VENDORS, WELL_KNOWN), SAME, set(), id="everybody is known"),
    ],
)
def test_nobody_is_tried_out_where(
    strategy: Strategy, known: dict[str, Standing], quota: dict[str, int], scarce: set[str]
) -> None:
    tried = tried_out(strategy, VENDORS, known, SYMBOLS, quota=quota, scarce=scarce, chance=lambda: 0.999)
    assert tried == {}


@given(
    count=some.integers(1, 300),
    known=some.dictionaries(some.sampled_from(VENDORS), some.builds(standing, calls, some.just(0.0))),
    numbers=some.lists(some.floats(0, 1, exclude_max=True), min_size=3, max_size=3),
)
def test_no_more_than_the_share_is_tried_out_and_only_with_strangers(
    count: int, known: dict[str, Standing], numbers: list[float]
) -> None:
    symbols = [f"S{number}" for number in range(count)]
    tried = tried_out(Strategy.MOST_RELIABLE, VENDORS, known, symbols, quota=SAME, scarce={"c"}, chance=dice(*numbers))
    assert len(tried) <= TRIED_OUT * count + 1
    assert set(tried) <= set(symbols)
    assert all(vendor == "b" and known.get(vendor, UNKNOWN).calls < KNOWN for vendor in tried.values())


def test_a_priority_takes_its_place_in_the_route() -> None:
    default = ROUTES["stock_quotes"]
    assert route("stock_quotes", {default[-1]: 1}) == (default[-1], *default[:-1])
    assert route("stock_quotes", {}) == default


def test_routes_name_vendors_that_offer_the_data_type_and_leave_none_out() -> None:
    offered = {name: {vendor for vendor, one in PROVIDERS.items() if one.endpoints_for(name)} for name in DATASETS}
    assert {name: set(vendors) for name, vendors in ROUTES.items()} == offered
