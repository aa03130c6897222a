"""What the gate decides, transition by transition, with the time passed in."""

from collections.abc import Iterator

import pytest

from market_pipeline.storage.database import Database
from market_pipeline_tests.postgres.gate_calls import GateCalls

QUOTE, NEWS = "stock_quotes/Quote", "news/News"


@pytest.fixture
def gate(database: Database) -> Iterator[GateCalls]:
    with database.connect(autocommit=True) as connection:
        yield GateCalls(connection)


def limited(gate: GateCalls, *limits: tuple[int, float], provider: str = "limited") -> GateCalls:
    return GateCalls(gate.connection, *limits, provider=provider)


def fail(gate: GateCalls, times: int = 5) -> None:
    for _ in range(times):
        gate.report("unavailable")


def call(gate: GateCalls, cost: int = 1) -> int:
    """A call that takes no time, if it is let through."""
    tokens = gate.ask(cost=cost).tokens
    gate.report(successes=tokens)
    return tokens


def test_calls_beyond_a_rate_wait_as_long_as_they_are_told_and_are_let_through_then(gate: GateCalls) -> None:
    few = limited(gate, (3, 60.0))
    assert [call(few) for _ in range(4)] == [1, 1, 1, 0]
    refused = few.ask()
    assert refused.wait is not None
    assert 60 <= refused.wait <= 61.2, "a 50th of the window is what counting in slots costs"
    few.later(seconds=refused.wait - 0.001)
    assert call(few) == 0
    few.later(seconds=0.001)
    assert call(few) == 1


def test_the_wait_ends_when_the_oldest_call_drops_out(gate: GateCalls) -> None:
    few = limited(gate, (3, 50.0))
    for _ in range(3):
        assert call(few) == 1
        few.later(seconds=10)
    assert few.ask().wait == 21


def test_a_window_is_measured_from_the_end_of_a_call_because_only_then_it_has_arrived_for_certain(
    gate: GateCalls,
) -> None:
    one = limited(gate, (1, 1.0))
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
    many = limited(gate, (50, 60.0))
    assert many.ask(tokens=10).tokens == 5
    assert many.ask(tokens=10, holder="two").tokens == 4
    assert limited(gate, (3, 60.0), provider="few").ask(tokens=10).tokens == 1


def left(gate: GateCalls) -> int:
    """How many calls in a row are let through now, before they end."""
    found = 0
    while gate.ask(holder="late").tokens:
        found += 1
    return found


def test_leased_calls_that_are_not_made_can_be_made_by_somebody_else(gate: GateCalls) -> None:
    many = limited(gate, (50, 60.0))
    assert many.ask(tokens=10).tokens == 5
    many.later(seconds=7)
    many.report(successes=1, unused=4)
    assert left(many) == 49


def test_what_a_killed_process_held_counts_as_spent_once_it_has_not_been_heard_of_for_300_seconds(
    gate: GateCalls,
) -> None:
    many = limited(gate, (50, 3600.0))
    assert many.ask(holder="killed", tokens=3).tokens == 3
    many.later(seconds=300)
    assert left(many) == 47
    many.report(holder="late", unused=47)
    many.later(seconds=3700)
    assert left(many) == 50


def test_a_call_that_costs_more_than_the_limit_gets_into_an_empty_window_only(gate: GateCalls) -> None:
    credits = limited(gate, (8, 60.0))
    assert call(credits, cost=100) == 1
    assert call(credits, cost=1) == 0
    credits.later(seconds=61.2)
    assert call(credits, cost=100) == 1


@pytest.mark.parametrize(("seconds", "hours"), [(86_400.0, 12), (31 * 86_400.0, 10 * 24 + 12)])
def test_a_quota_counts_credits_and_is_new_with_the_utc_day_or_month(
    gate: GateCalls, seconds: float, hours: int
) -> None:
    quota = limited(gate, (25, seconds))
    assert call(quota, cost=20) == 1
    refused = quota.ask(cost=6)
    assert refused.wait == hours * 3600
    quota.later(hours=hours)
    assert quota.ask(cost=20).tokens == 1


def test_five_failures_in_a_row_put_an_endpoint_away_and_a_probe_brings_it_back(gate: GateCalls) -> None:
    fail(gate, 4)
    gate.report(successes=1)
    fail(gate, 4)
    assert gate.ask().tokens == 1
    fail(gate, 1)
    refused = gate.ask()
    assert (refused.tokens, refused.wait) == (0, 60)
    assert refused.reason == "5 failures in a row, last: said unavailable"
    assert gate.ask(NEWS).tokens == 1, "the vendor's other endpoints are not concerned"
    gate.later(seconds=60)
    assert gate.ask(tokens=10).tokens == 1, "one probe"
    assert gate.ask(holder="two").tokens == 0, "at a time"
    gate.report(successes=1)
    assert gate.ask(tokens=10).tokens == 10
    assert gate.moves() == [
        (QUOTE, "closed", "cooldown"),
        (QUOTE, "cooldown", "half_open"),
        (QUOTE, "half_open", "closed"),
    ]


def test_half_of_the_calls_failing_opens_a_breaker_once_there_are_enough_of_them(gate: GateCalls) -> None:
    for _ in range(4):
        gate.report("malformed", successes=1)
    assert gate.moves() == [], "four of eight are too few to tell"
    gate.report("malformed", successes=1)
    assert gate.moves() == [(QUOTE, "closed", "open")]
    assert gate.ask().wait == 60


def test_the_last_twenty_outcomes_count_and_no_older_one(gate: GateCalls) -> None:
    for outcome in "SFFSSSSSSSSSFFFFSFFF":
        gate.report(*(["unavailable"] if outcome == "F" else []), successes=int(outcome == "S"))
    assert gate.moves() == [], "nine failures of nineteen outcomes, and an older success"
    gate.report("unavailable")
    assert gate.moves() == [(QUOTE, "closed", "open")]


@pytest.mark.parametrize(("seconds", "counted"), [(600, True), (601, False)])
def test_outcomes_are_forgotten_when_there_was_none_for_ten_minutes(
    gate: GateCalls, seconds: float, counted: bool
) -> None:
    for _ in range(4):
        gate.report("unavailable", successes=1)
    gate.later(seconds=seconds)
    gate.report("unavailable", successes=1)
    assert bool(gate.moves()) is counted


def test_outcomes_of_ten_minutes_ago_say_nothing_about_now(gate: GateCalls) -> None:
    for _ in range(4):
        gate.report("unavailable", successes=1)
    gate.later(minutes=11)
    for _ in range(4):
        gate.report("unavailable", successes=1)
    assert gate.moves() == []


def test_a_probe_whose_process_was_killed_is_somebody_elses_after_a_minute(gate: GateCalls) -> None:
    fail(gate)
    gate.later(seconds=60)
    assert gate.ask(holder="killed").tokens == 1
    refused = gate.ask(holder="two")
    assert refused.wait == 60
    gate.later(seconds=60)
    assert gate.ask(holder="two").tokens == 1
    gate.report(successes=1, holder="killed")
    assert gate.moves()[-1][2] == "half_open", "a late answer decides nothing"


def test_cooldowns_double_up_to_an_hour_and_health_makes_them_short_again(gate: GateCalls) -> None:
    seen = []
    fail(gate)
    for _ in range(8):
        wait = gate.ask().wait
        assert wait is not None
        seen.append(wait)
        gate.later(seconds=wait)
        assert gate.ask().tokens == 1
        gate.report("unavailable")
    assert seen == [60, 120, 240, 480, 960, 1920, 3600, 3600]
    gate.later(hours=1)
    gate.ask()
    gate.report(successes=1)
    gate.later(minutes=65)
    fail(gate)
    assert gate.ask().wait == 60


@pytest.mark.parametrize(("healthy", "wait"), [(599, 480), (600, 240), (1199, 240), (1200, 120)])
def test_every_ten_minutes_of_health_forgive_one_cooldown(gate: GateCalls, healthy: float, wait: float) -> None:
    fail(gate)
    for seconds in (60, 120):
        gate.later(seconds=seconds)
        assert gate.ask().tokens == 1
        gate.report("unavailable")
    gate.later(seconds=240)
    assert gate.ask().tokens == 1
    gate.report(successes=1)
    gate.later(seconds=healthy)
    fail(gate)
    assert gate.ask().wait == wait


@pytest.mark.parametrize(("jitter", "seconds"), [(0.0, 48), (1.0, 72)])
def test_a_random_fifth_keeps_processes_from_coming_back_together(
    gate: GateCalls, jitter: float, seconds: float
) -> None:
    for _ in range(5):
        gate.report("unavailable", jitter=jitter)
    assert gate.ask().wait == seconds


def test_the_last_vendor_that_could_answer_is_tried_every_minute(gate: GateCalls) -> None:
    fail(gate)
    for _ in range(4):
        gate.later(hours=1)
        gate.ask()
        gate.report("unavailable")
    assert gate.ask(last_resort=True).wait == 60
    gate.later(seconds=60)
    assert gate.ask().tokens == 0
    assert gate.ask(last_resort=True).tokens == 1


@pytest.mark.parametrize(
    ("said", "seconds"), [(None, 60), (7, 7), (0, 1), (-5, 1), (10.0**9, 3600), (float("inf"), 3600)]
)
def test_retry_after_is_honoured_within_reason(gate: GateCalls, said: float | None, seconds: float) -> None:
    gate.report("rate_limited", retry_after=said)
    refused = gate.ask(NEWS)
    assert refused.wait == seconds, "the whole vendor, not only one endpoint"
    assert refused.reason == "it is rate-limiting: said rate_limited"
    gate.later(seconds=seconds)
    assert gate.ask().tokens == 1
    assert gate.moves() == [("", "ready", "throttled"), ("", "throttled", "ready")]


def allowed(gate: GateCalls) -> int:
    (units,) = gate.connection.execute(
        "SELECT gate_allowed(w, g, %s) FROM provider_windows w JOIN provider_gates g USING (provider)"
        " WHERE provider = %s",
        [gate.now, gate.provider],
    ).fetchone() or (0,)
    return int(units)


def test_a_refusal_lowers_the_rate_once_and_it_recovers_in_half_an_hour(gate: GateCalls) -> None:
    taught = limited(gate, (1000, 60.0))
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
    taught = limited(gate, limit)
    taught.report("rate_limited")
    assert allowed(taught) == units


def test_a_rate_is_never_lowered_below_a_tenth(gate: GateCalls) -> None:
    taught = limited(gate, (1000, 60.0))
    for _ in range(8):
        taught.report("rate_limited", retry_after=1)
        taught.later(seconds=1)
        taught.ask()
    assert allowed(taught) == 100


def test_a_later_refusal_does_not_shorten_the_wait(gate: GateCalls) -> None:
    gate.report("rate_limited", retry_after=30)
    gate.report("rate_limited", retry_after=5)
    assert gate.ask().wait == 30
    gate.report("rate_limited", retry_after=45)
    assert gate.ask().wait == 45


def test_a_rejected_key_is_off_until_another_one_comes(gate: GateCalls) -> None:
    gate.report("authentication")
    gate.later(days=400)
    assert gate.ask().wait == float("inf")
    gate.register("key one")
    assert gate.ask().tokens == 0
    gate.register("key two")
    assert gate.ask().tokens == 1
    assert gate.moves() == [("", "ready", "key_rejected"), ("", "key_rejected", "ready")]


def test_a_vendor_without_a_key_that_sends_us_away_is_asked_again_after_an_hour(gate: GateCalls) -> None:
    gate.register(None)
    gate.report("authentication")
    assert gate.ask().wait == 3600


def test_three_refusals_without_an_answer_put_an_endpoint_away_for_a_day(gate: GateCalls) -> None:
    for successes in (0, 0, 1, 0):
        gate.report("not_entitled", successes=successes)
    assert gate.ask().tokens == 1, "single symbols may be outside of a plan that has the others"
    gate.report("not_entitled")
    assert gate.ask().wait == 86_400
    assert gate.ask(NEWS).tokens == 1


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


def test_a_reset_brings_everything_back_but_what_was_spent(gate: GateCalls) -> None:
    vendor = limited(gate, (5, 60.0))
    assert vendor.ask().tokens == 1
    for _ in range(5):
        vendor.report("unavailable")
        vendor.report("unavailable", NEWS)
    vendor.report("authentication")
    reset = "SELECT gate_reset('limited', %s, %s)"
    assert vendor.connection.execute(reset, ["news", vendor.now]).fetchone() == (2,), "the vendor and one endpoint"
    assert vendor.ask().tokens == 0
    assert vendor.ask(NEWS).tokens == 1
    assert vendor.connection.execute(reset, [None, vendor.now]).fetchone() == (1,)
    assert [vendor.ask().tokens for _ in range(4)] == [1, 1, 1, 0]


def test_the_status_tells_what_document_3_asks_for(gate: GateCalls) -> None:
    gate.now = gate.connection.execute("SELECT now()").fetchone()[0]  # type: ignore[index]
    vendor = limited(gate, (60, 60.0), (25, 86_400.0))
    vendor.now = gate.now
    vendor.ask(slots=3, cost=2)
    assert vendor.ask(holder="two", in_flight=7).tokens == 0
    vendor.report("unavailable", successes=3, slots=3)
    columns = (
        "name, state, failure_count, success_count, failure_rate, last_failure_time, opened_at, active_count,"
        " available_slots, rejected_count, tokens_left, quota_left"
    )
    found = vendor.connection.execute(f"SELECT {columns} FROM provider_status WHERE name = 'limited'").fetchall()
    assert found == [("limited", "closed", 1, 3, 0.25, vendor.now, None, 3, 7, 1, 58, 23)]
    for _ in range(5):
        vendor.report("unavailable")
    assert vendor.connection.execute(
        "SELECT state, opened_at FROM provider_status WHERE name = 'limited'"
    ).fetchall() == [("cooldown", vendor.now)]
