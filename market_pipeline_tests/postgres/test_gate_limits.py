"""How many calls the gate lets through: rates, quotas, leases and slots, transition by transition, with the time passed in.

Who cools down, and for how long, is in `test_gate_breakers`.
"""

import pytest

from market_pipeline_tests.postgres.gate_calls import GateCalls


def call(gate: GateCalls, cost: int = 1) -> int:
    """A call that takes no time, if it is let through."""
    tokens = gate.ask(cost=cost).tokens
    gate.report(successes=tokens)
    return tokens


def test_calls_beyond_a_rate_wait_as_long_as_they_are_told_and_are_let_through_then(gate: GateCalls) -> None:
    few = gate.limited((3, 60.0))
    assert [call(few) for _ in range(4)] == [1, 1, 1, 0]
    refused = few.ask()
    assert refused.wait is not None
    assert 60 <= refused.wait <= 61.2, "a 50th of the window is what counting in slots costs"
    few.later(seconds=refused.wait - 0.001)
    assert call(few) == 0
    few.later(seconds=0.001)
    assert call(few) == 1


def test_the_wait_ends_when_the_oldest_call_drops_out(gate: GateCalls) -> None:
    few = gate.limited((3, 50.0))
    for _ in range(3):
        assert call(few) == 1
        few.later(seconds=10)
    assert few.ask().wait == 21


def test_a_window_is_measured_from_the_end_of_a_call_because_only_then_it_has_arrived_for_certain(
    gate: GateCalls,
) -> None:
    one = gate.limited((1, 1.0))
    assert one.ask().tokens == 1
    one.later(seconds=7)
    refused = one.ask(holder="two")
    assert (refused.tokens, refused.wait) == (0, pytest.approx(1.02))
    one.report(successes=1)
    one.later(seconds=0.99)
    assert one.ask(holder="two").tokens == 0
    one.later(seconds=0.03)
    assert one.ask(holder="two").tokens == 1


def test_a_lease_is_a_tenth_of_what_is_left_at_most(gate: GateCalls) -> None:
    many = gate.limited((50, 60.0))
    assert many.ask(tokens=10).tokens == 5
    assert many.ask(tokens=10, holder="two").tokens == 4
    assert gate.limited((3, 60.0), provider="few").ask(tokens=10).tokens == 1


def left(gate: GateCalls) -> int:
    """How many calls in a row are let through now, before they end."""
    found = 0
    while gate.ask(holder="late").tokens:
        found += 1
    return found


def test_leased_calls_that_are_not_made_can_be_made_by_somebody_else(gate: GateCalls) -> None:
    many = gate.limited((50, 60.0))
    assert many.ask(tokens=10).tokens == 5
    many.later(seconds=7)
    many.report(successes=1, unused=4)
    assert left(many) == 49


def test_what_a_killed_process_held_counts_as_spent_once_it_has_not_been_heard_of_for_300_seconds(
    gate: GateCalls,
) -> None:
    many = gate.limited((50, 3600.0))
    assert many.ask(holder="killed", tokens=3).tokens == 3
    many.later(seconds=300)
    assert left(many) == 47
    many.report(holder="late", unused=47)
    many.later(seconds=3700)
    assert left(many) == 50


def test_a_call_that_costs_more_than_the_limit_gets_into_an_empty_window_only(gate: GateCalls) -> None:
    credits = gate.limited((8, 60.0))
    assert call(credits, cost=100) == 1
    assert call(credits, cost=1) == 0
    credits.later(seconds=61.2)
    assert call(credits, cost=100) == 1


@pytest.mark.parametrize(("seconds", "hours"), [(86_400.0, 12), (31 * 86_400.0, 10 * 24 + 12)])
def test_a_quota_counts_credits_and_is_new_with_the_utc_day_or_month(
    gate: GateCalls, seconds: float, hours: int
) -> None:
    quota = gate.limited((25, seconds))
    assert call(quota, cost=20) == 1
    refused = quota.ask(cost=6)
    assert refused.wait == hours * 3600
    quota.later(hours=hours)
    assert quota.ask(cost=20).tokens == 1


def allowed(gate: GateCalls) -> int:
    (units,) = gate.connection.execute(
        "SELECT gate_allowed(w, g, %s) FROM provider_windows w JOIN provider_gates g USING (provider)"
        " WHERE provider = %s",
        [gate.now, gate.provider],
    ).fetchone() or (0,)
    return int(units)


def test_a_refusal_lowers_the_rate_once_and_it_recovers_in_half_an_hour(gate: GateCalls) -> None:
    taught = gate.limited((1000, 60.0))
    for _ in range(5):  # all that were under way
        taught.report("rate_limited")
    assert allowed(taught) == 700
    taught.later(minutes=15)
    assert allowed(taught) == 850
    taught.later(minutes=2)
    taught.report("rate_limited")
    assert allowed(taught) == 609, "0.7 of what was allowed by then"
    taught.later(minutes=40)
    assert allowed(taught) == 1000


@pytest.mark.parametrize(("limit", "units"), [((25, 86_400.0), 25), ((1, 1.0), 1)])
def test_a_refusal_lowers_neither_a_quota_nor_a_rate_of_one(
    gate: GateCalls, limit: tuple[int, float], units: int
) -> None:
    taught = gate.limited(limit)
    taught.report("rate_limited")
    assert allowed(taught) == units


def test_a_rate_is_never_lowered_below_a_tenth(gate: GateCalls) -> None:
    taught = gate.limited((1000, 60.0))
    for _ in range(8):
        taught.report("rate_limited", retry_after=1)
        taught.later(seconds=1)
        taught.ask()
    assert allowed(taught) == 100


def test_slots_are_shared_and_those_of_a_killed_process_return_by_themselves(gate: GateCalls) -> None:
    assert gate.ask(holder="killed", slots=7).slots == 7
    assert gate.ask(holder="two", slots=5).slots == 3
    refused = gate.ask(holder="three")
    assert (refused.tokens, refused.reason) == (0, "all of its 10 slots for calls in flight are taken")
    assert refused.wait == 0.1
    gate.report(holder="two")
    assert gate.ask(holder="three", slots=9).slots == 3
    gate.later(seconds=300)
    assert gate.ask(holder="three", slots=9).slots == 9


def test_a_process_that_is_heard_of_keeps_its_slots_and_one_that_is_not_loses_them_after_300_seconds(
    gate: GateCalls,
) -> None:
    for _ in range(3):
        assert gate.ask(holder="alive", slots=7, in_flight=6).slots == 7
        gate.report(holder="alive", slots=7)
        gate.later(seconds=11)
    gate.later(seconds=288.9)
    assert gate.ask(holder="two", slots=9).slots == 3
    gate.later(seconds=0.1)
    assert gate.ask(holder="two", slots=9).slots == 9
