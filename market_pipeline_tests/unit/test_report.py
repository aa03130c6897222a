"""What the errors that are left of a symbol mean for asking again."""

from datetime import UTC, datetime, timedelta
from math import inf

import pytest

from market_pipeline.fetching.calls import NotAsked
from market_pipeline.fetching.local_gate import NotNow
from market_pipeline.fetching.report import is_away, kept_back_until, nobody_knows, paced_until
from market_pipeline.providers.errors import (
    AuthenticationFailed,
    MalformedResponse,
    NoData,
    NotEntitled,
    ProviderError,
    RateLimited,
    Unavailable,
    UnknownSymbol,
)

NOW = datetime(2026, 11, 20, 20, 30, tzinfo=UTC)
SPENT = NotAsked(NotNow(20, "its plan's calls are spent", paced=True), NOW)
COOLING = NotAsked(NotNow(50, "5 failures in a row", paced=False), NOW)
REJECTED = NotAsked(NotNow(inf, "it denies access", paced=False), NOW)
LIMITED = RateLimited("429", retry_after=30)
DOWN = Unavailable("503")
UNKNOWN = UnknownSymbol("no such symbol")


@pytest.mark.parametrize(
    ("errors", "kept_back", "paced", "away"),
    [
        pytest.param([SPENT], 20, 20, False, id="its limit is spent"),
        pytest.param([COOLING], 50, None, True, id="it cools down"),
        pytest.param([LIMITED], 30, 30, False, id="it was asked and refused"),
        pytest.param([RateLimited("429")], 60, 60, False, id="it does not say how long"),
        pytest.param([RateLimited("429", retry_after=1e9)], 3600, 3600, False, id="it says for ever"),
        pytest.param([COOLING, SPENT, LIMITED], 20, 20, True, id="the first of several counts"),
        pytest.param([REJECTED], None, None, False, id="a key does not get better by waiting"),
        pytest.param(
            [REJECTED, NotEntitled("plan"), AuthenticationFailed("key"), SPENT], 20, 20, False, id="who refuses"
        ),
        pytest.param([DOWN, SPENT], None, 20, False, id="one has been asked, another is worth the wait"),
        pytest.param([NoData("nothing"), COOLING], None, None, True, id="one has been asked, another cools down"),
        pytest.param([MalformedResponse("html")], None, None, False, id="all have been asked"),
        pytest.param([UNKNOWN, SPENT], None, None, False, id="a symbol nobody knows is worth no wait"),
        pytest.param([], None, None, False, id="nobody could be asked"),
    ],
)
def test_when_to_ask_again(
    errors: list[ProviderError], kept_back: float | None, paced: float | None, away: bool
) -> None:
    by_vendor = {f"vendor {number}": error for number, error in enumerate(errors)}
    assert kept_back_until(by_vendor, NOW) == _later(kept_back)
    assert paced_until(by_vendor, NOW) == _later(paced)
    assert is_away(by_vendor) == away


@pytest.mark.parametrize(
    ("errors", "unknown"),
    [
        ([UNKNOWN], True),
        ([UNKNOWN, SPENT, NotEntitled("plan"), AuthenticationFailed("key")], True),
        ([UNKNOWN, NoData("nothing")], False),
        ([SPENT], False),
        ([], False),
    ],
)
def test_a_symbol_is_unknown_when_all_who_looked_say_so(errors: list[ProviderError], unknown: bool) -> None:
    assert nobody_knows({f"vendor {number}": error for number, error in enumerate(errors)}) == unknown


def _later(seconds: float | None) -> datetime | None:
    return None if seconds is None else NOW + timedelta(seconds=seconds)
