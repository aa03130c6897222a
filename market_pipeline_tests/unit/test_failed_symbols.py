"""The rule for retries: what becomes of a symbol by one more failure."""

from datetime import UTC, datetime, timedelta

import pytest

from market_pipeline.tracking.failed_symbols import NEW, Failure, Owed, after_failure

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
        0: Owed("waiting", 1, at(5)),
        5: Owed("waiting", 2, at(20)),
        20: Owed("waiting", 3, at(80)),
        80: Owed("exhausted", 4),
    }


def test_while_nobody_can_be_asked_no_attempt_is_lost() -> None:
    owed = after_failure(NEW, refused(until=3), NOON)
    assert owed == Owed("waiting", 0, at(3))
    assert after_failure(owed, FAILED, at(1)) == Owed("waiting", 1, at(6)), "the first failure counts at any time"
    assert after_failure(Owed("waiting", 2, at(20)), refused(until=30), at(20)) == Owed("waiting", 2, at(30))
    assert after_failure(Owed("waiting", 2, at(20)), refused(until=6), at(5)) == Owed("waiting", 2, at(20))


@pytest.mark.parametrize("failure", [FAILED, refused(until=5)])
def test_what_was_given_up_stays_so_until_it_is_answered(failure: Failure) -> None:
    assert after_failure(Owed("exhausted", 4), failure, NOON) == Owed("exhausted", 4)


@pytest.mark.parametrize("earlier", [NEW, Owed("waiting", 2, at(20)), Owed("exhausted", 4)])
def test_what_nobody_knows_is_not_retried_and_counts_nothing(earlier: Owed) -> None:
    assert after_failure(earlier, UNKNOWN, NOON) == Owed("unknown", earlier.attempts)


def test_what_nobody_knew_is_retried_when_it_fails_in_another_way() -> None:
    assert after_failure(Owed("unknown"), FAILED, NOON) == Owed("waiting", 1, at(5))
