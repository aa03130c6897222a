"""Whom the gate puts away, for how long, and what brings them back, transition by transition, with the time passed in.

How many calls it lets through otherwise is in `test_gate_limits`.
"""

import pytest

from market_pipeline_tests.postgres.gate_calls import GateCalls

QUOTE, NEWS = "stock_quotes/Quote", "news/News"


def fail(gate: GateCalls, times: int = 5) -> None:
    for _ in range(times):
        gate.report("unavailable")


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


def test_a_reset_brings_everything_back_but_what_was_spent(gate: GateCalls) -> None:
    vendor = gate.limited((5, 60.0))
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
    vendor = gate.limited((60, 60.0), (25, 86_400.0))
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
