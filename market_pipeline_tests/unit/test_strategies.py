"""Who is asked first."""

from market_pipeline.datasets import DATASETS, Strategy
from market_pipeline.fetching.strategies import Standing, order
from market_pipeline.providers.registry import PROVIDERS
from market_pipeline.routes import ROUTES, route

VENDORS = ("a", "b", "c")
SAME = dict.fromkeys(VENDORS, 5)
STANDINGS = {
    "a": Standing(attempts=100, successes=40, average_response_ms=10),
    "b": Standing(attempts=100, successes=99, average_response_ms=200),
}


def test_the_most_reliable_comes_first_and_a_new_vendor_is_trusted_to_be_good() -> None:
    assert order(Strategy.MOST_RELIABLE, VENDORS, STANDINGS, quota=SAME) == ("b", "c", "a")


def test_equals_keep_the_default_order() -> None:
    nearly = {"a": Standing(1000, 990, 1), "b": Standing(1000, 999, 1), "c": Standing(1000, 995, 1)}
    assert order(Strategy.MOST_RELIABLE, VENDORS, nearly, quota=SAME) == VENDORS


def test_the_fastest_is_the_one_with_the_shortest_time_until_a_good_answer() -> None:
    standings = {"a": Standing(100, 10, 100), "b": Standing(100, 100, 300), "c": Standing(100, 100, 500)}
    assert order(Strategy.FASTEST_FIRST, VENDORS, standings, quota=SAME) == ("b", "c", "a")


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
    assert order(Strategy.FALLBACK_CHAIN, VENDORS, STANDINGS, quota=SAME) == VENDORS
    assert order(Strategy.ROUND_ROBIN, (), {}, quota=SAME) == ()


def test_a_priority_takes_its_place_in_the_route() -> None:
    default = ROUTES["stock_quotes"]
    assert route("stock_quotes", {default[-1]: 1}) == (default[-1], *default[:-1])
    assert route("stock_quotes", {}) == default


def test_routes_name_vendors_that_offer_the_data_type_and_leave_none_out() -> None:
    offered = {name: {vendor for vendor, one in PROVIDERS.items() if one.endpoints_for(name)} for name in DATASETS}
    assert {name: set(vendors) for name, vendors in ROUTES.items()} == offered
