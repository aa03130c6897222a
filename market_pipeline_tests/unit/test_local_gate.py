"""When a vendor may be called: its limits in any window, and what each kind of error does to it."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from market_pipeline.fetching.http import VendorClient
from market_pipeline.fetching.local_gate import COOLDOWN, FAILURES_IN_A_ROW, LONGEST, LocalGate, NotNow
from market_pipeline.fetching.vendors import Vendor
from market_pipeline.providers.base import Rate
from market_pipeline.providers.errors import (
    AuthenticationFailed,
    NoData,
    NotEntitled,
    ProviderError,
    RateLimited,
    Unavailable,
    UnknownSymbol,
)
from market_pipeline.providers.finnhub import Finnhub


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def vendor(*limits: Rate, interval: float = 0.0) -> Vendor:
    client = VendorClient(
        Finnhub(), key="k", base_url=None, timeout=1, connections=1, clock=lambda: datetime(2026, 11, 20, tzinfo=UTC)
    )
    return Vendor(Finnhub(), client, limits, interval)


LIMITS = (Rate(5, 1.0), Rate(12, 60.0))


def ask(gate: LocalGate, provider: Vendor, scope: str = "quotes") -> NotNow | None:
    return gate.ask(provider, scope, cost=1)


@given(pauses=st.lists(st.floats(0, 20), min_size=20, max_size=120))
def test_no_window_ever_holds_more_calls_than_the_vendor_allows(pauses: list[float]) -> None:
    clock = Clock()
    gate, provider, called = LocalGate(clock), vendor(*LIMITS), []
    for pause in pauses:
        clock.now += pause
        if ask(gate, provider) is None:
            called.append(clock.now)
    for rate in provider.limits:
        assert all(sum(start <= at < start + rate.seconds for at in called) <= rate.calls for start in called)
    assert called, "the gate lets calls through"


def test_after_the_wait_it_names_the_gate_opens() -> None:
    clock = Clock()
    gate, provider = LocalGate(clock), vendor(*LIMITS)
    for _ in range(5):
        assert ask(gate, provider) is None
    refused = ask(gate, provider)
    assert isinstance(refused, NotNow)
    clock.now += refused.wait
    assert ask(gate, provider) is None


def test_calls_are_kept_apart_by_the_interval() -> None:
    clock = Clock()
    gate, provider = LocalGate(clock), vendor(interval=0.1)
    assert ask(gate, provider) is None
    refused = ask(gate, provider)
    assert isinstance(refused, NotNow)
    assert refused.wait == pytest.approx(0.1)
    clock.now += 0.1
    assert ask(gate, provider) is None


@pytest.mark.parametrize(
    ("error", "wait"),
    [
        (RateLimited("slow down", retry_after=7), 7),
        (RateLimited("slow down", retry_after=10**9), LONGEST),
        (RateLimited("slow down"), 60),
        (AuthenticationFailed("bad key"), float("inf")),
    ],
)
def test_an_error_puts_the_vendor_away_as_its_class_says(error: ProviderError, wait: float) -> None:
    gate, provider = LocalGate(Clock()), vendor()
    gate.report(provider, "quotes", error)
    refused = ask(gate, provider)
    assert isinstance(refused, NotNow)
    assert refused.wait == wait
    assert isinstance(ask(gate, provider, "news"), NotNow), "the whole vendor, not only one endpoint"


def test_refusals_without_an_answer_put_an_endpoint_away_for_a_day_and_leave_the_others() -> None:
    gate, provider = LocalGate(Clock()), vendor()
    for error in (NotEntitled("premium"), NotEntitled("premium"), None, NotEntitled("premium"), NotEntitled("premium")):
        gate.report(provider, "quotes", error)
    assert ask(gate, provider) is None, "single symbols may be outside of a plan that has the others"
    gate.report(provider, "quotes", NotEntitled("premium"))
    refused = ask(gate, provider)
    assert isinstance(refused, NotNow)
    assert refused.wait == 86_400
    assert ask(gate, provider, "news") is None


def test_failures_in_a_row_put_an_endpoint_away_and_a_success_between_them_does_not() -> None:
    gate, provider = LocalGate(Clock()), vendor()
    for _ in range(FAILURES_IN_A_ROW - 1):
        gate.report(provider, "quotes", Unavailable("503"))
    gate.report(provider, "quotes", None)
    for _ in range(FAILURES_IN_A_ROW - 1):
        gate.report(provider, "quotes", Unavailable("503"))
    assert ask(gate, provider) is None
    gate.report(provider, "quotes", Unavailable("503"))
    assert ask(gate, provider) == NotNow(COOLDOWN, f"{FAILURES_IN_A_ROW} failures in a row, last: 503", paced=False)
    assert ask(gate, provider, "news") is None


@pytest.mark.parametrize("harmless", [UnknownSymbol("no such"), NoData("none")])
def test_unknown_symbols_and_empty_answers_never_close_the_gate(harmless: ProviderError) -> None:
    gate, provider = LocalGate(Clock()), vendor()
    for _ in range(50):
        gate.report(provider, "quotes", harmless)
    assert ask(gate, provider) is None
