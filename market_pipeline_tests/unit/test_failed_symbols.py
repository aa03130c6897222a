"""The rule for retries: what becomes of a symbol by one more failure."""

from datetime import UTC, datetime, timedelta

import pytest

from market_pipeline.tracking.failed_symbols import NEW, Failure, RetryState, after_failure

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
FAILED = Failure(symbol="AAPL", errors={"yahoo": "unavailable: HTTP 503"}, unknown=False)
UNKNOWN = Failure(symbol="AAPL", errors={"yahoo": "unknown_symbol: HTTP 404"}, unknown=True)


def at(minutes: int) -> datetime:
    return NOON + timedelta(minutes=minutes)


def refused(until: int) -> Failure:
    return Failure(symbol="AAPL", errors={}, unknown=False, not_before=at(until))


def test_a_schedule_that_asks_every_minute_uses_up_the_retries_no_sooner_than_their_delays() -> None:
    owed, changes = NEW, {}
    for minute in range(200):
        after = after_failure(owed, FAILED, at(minute))
        if after != owed:
            changes[minute] = after
        owed = after
    assert changes == {
        0: RetryState("waiting", 1, at(5)),
        5: RetryState("waiting", 2, at(20)),
        20: RetryState("waiting", 3, at(80)),
        80: RetryState("exhausted", 4),
    }


def test_while_nobody_can_be_asked_no_attempt_is_lost() -> None:
    owed = after_failure(NEW, refused(until=3), NOON)
    assert owed == RetryState("waiting", 0, at(3))
    assert after_failure(owed, FAILED, at(1)) == RetryState("waiting", 1, at(6)), "the first failure counts at any time"
    assert after_failure(RetryState("waiting", 2, at(20)), refused(until=30), at(20)) == RetryState(
        "waiting", 2, at(30)
    )
    assert after_failure(RetryState("waiting", 2, at(20)), refused(until=6), at(5)) == RetryState("waiting", 2, at(20))


@pytest.mark.parametrize("failure", [FAILED, refused(until=5)])
def test_what_was_given_up_stays_so_until_it_is_answered(failure: Failure) -> None:
    assert after_failure(RetryState("exhausted", 4), failure, NOON) == RetryState("exhausted", 4)


@pytest.mark.parametrize("earlier", [NEW, RetryState("waiting", 2, at(20)), RetryState("exhausted", 4)])
def test_what_nobody_knows_is_not_retried_and_counts_nothing(earlier: RetryState) -> None:
    assert after_failure(earlier, UNKNOWN, NOON) == RetryState("unknown", earlier.attempts)


def test_what_nobody_knew_is_retried_when_it_fails_in_another_way() -> None:
    assert after_failure(RetryState("unknown"), FAILED, NOON) == RetryState("waiting", 1, at(5))
