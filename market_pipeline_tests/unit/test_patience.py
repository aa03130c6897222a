"""How often and how long a fetch tries again."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as some

from market_pipeline.fetching.calls import FREE_RETRIES, RETRY_SHARE, TRIES, Patience

NOW = datetime(2026, 11, 20, tzinfo=UTC)


def patience(seconds: float = 600) -> Patience:
    return Patience(lambda: NOW, NOW + timedelta(seconds=seconds))


def test_a_single_call_gets_its_tries() -> None:
    one = patience()
    one.count()
    assert [one.grants(1) for _ in range(TRIES)] == [True] * (TRIES - 1) + [False]


@given(some.lists(some.booleans(), max_size=400))
def test_retries_are_never_more_than_their_share_of_the_calls(fails: list[bool]) -> None:
    one, calls, retries = patience(), 0, 0
    for failing in fails:
        one.count()
        calls += 1
        while failing and one.grants(1):
            retries += 1
            one.count()
            calls += 1
        assert retries <= max(FREE_RETRIES, RETRY_SHARE * calls + 1)


def test_while_all_calls_fail_a_fifth_of_a_thousand_is_made_again() -> None:
    one, retries = patience(), 0
    for _ in range(1000):
        one.count()
        retries += one.grants(1)
    assert retries == 200


def test_no_sleep_ends_after_the_deadline() -> None:
    one = patience(10)
    assert one.lasts(10)
    assert one.grants(10)
    assert not one.lasts(10.001)
    assert not one.grants(10.001)


def test_threads_share_the_budget() -> None:
    one = patience()
    for _ in range(100):
        one.count()
    with ThreadPoolExecutor(8) as pool:
        granted = list(pool.map(lambda _: one.grants(1), range(1000)))
    assert sum(granted) == 20
