"""Vendors' documented limits are obeyed and used up: who wants more than a plan allows is never refused, and is not slow.

That goes for the gate that all processes share, and for the one that a process has while there is no database.  Client,
gate and simulator go by one stopwatch, which moves only while the client waits: the plan of a day takes no day.
"""

import copy
import math
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from market_pipeline.datasets import DATASETS
from market_pipeline.fetching.calls import Attempt, Call, Caller, Patience
from market_pipeline.fetching.gate import Gate
from market_pipeline.fetching.vendors import Vendor, configured_vendors
from market_pipeline.providers.base import Endpoint, Provider, Rate
from market_pipeline.providers.messages import Ask
from market_pipeline.providers.registry import PROVIDERS
from market_pipeline.settings import ProviderSettings, Settings
from market_pipeline.simulator.control import SimulatorControl
from market_pipeline.simulator.dialects import dialects
from market_pipeline.simulator.process import RunningSimulator
from market_pipeline.simulator.server import Simulator, SimulatorSettings
from market_pipeline.storage.database import Database
from market_pipeline_tests.alone import Alone
from market_pipeline_tests.providers.panel import OPEN, questions

A_FEW = 60  # calls in the period: a plan that allows more is scaled down
A_MINUTE = 60.0
USED = 0.9  # of what the limits allow


def period_of(provider: Provider) -> float:
    """The seconds in which all of a vendor's limits come into play."""
    return max(A_MINUTE, *(rate.seconds for rate in provider.limits))


def allowed(provider: Provider) -> int:
    """Calls that the limits and the interval between calls leave in the period."""
    period = period_of(provider)
    most = [rate.calls * math.ceil(period / rate.seconds) for rate in provider.limits]
    return min([*most, math.ceil(period / provider.interval)] if provider.interval else most)


def scaled(provider: Provider) -> Provider:
    """The same vendor, with a plan of which A_FEW calls see the end."""
    found, factor = copy.copy(provider), min(1.0, A_FEW / allowed(provider))
    vars(found)["limits"] = tuple(Rate(max(1, int(rate.calls * factor)), rate.seconds) for rate in provider.limits)
    return found


LIMITED = {name: scaled(provider) for name, provider in PROVIDERS.items() if provider.limits}


class Stopwatch:
    """Seconds that pass only while somebody sleeps."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


class Client:
    """Asks one vendor, through a gate."""

    def __init__(self, vendor: Vendor, gate: Gate | Alone, stopwatch: Stopwatch) -> None:
        self.made: list[tuple[float, Attempt]] = []
        """What was sent, and when."""
        self._vendor, self._sleep = vendor, stopwatch.sleep
        self._caller = Caller(
            gate,
            clock=lambda: OPEN,
            sleep=stopwatch.sleep,
            observe=lambda attempt: self.made.append((stopwatch(), attempt)),
        )

    def ask(self, endpoint: Endpoint, ask: Ask) -> None:
        """One call; where the gate keeps it back, as much time passes as it says."""
        patience = Patience(lambda: OPEN, deadline=OPEN + timedelta(hours=1))
        called = self._caller.call(Call(self._vendor, endpoint, DATASETS[endpoint.data_type], ask, patience))
        if called.refused is not None:
            assert called.refused.until is not None
            self._sleep((called.refused.until - OPEN).total_seconds())


@pytest.fixture(scope="module")
def stopwatch() -> Stopwatch:
    return Stopwatch()


@pytest.fixture(scope="module")
def running(stopwatch: Stopwatch) -> Iterator[SimulatorControl]:
    def limited(settings: SimulatorSettings) -> Simulator:
        speaking = {name: dialect for name, dialect in dialects().items() if name in LIMITED}
        for dialect in speaking.values():
            vars(dialect)["premium"] = frozenset()  # a call that is refused for the plan is not counted
        return Simulator(settings, speaking, LIMITED, stopwatch)

    with RunningSimulator(SimulatorSettings(port=0), limited) as simulator:
        yield simulator.control


@pytest.fixture
def control(running: SimulatorControl) -> SimulatorControl:
    """The simulator as it was started: no limit is used."""
    running.reset()
    running.set_clock(OPEN, speed=0)
    return running


@pytest.fixture(params=LIMITED)
def provider(request: pytest.FixtureRequest) -> Provider:
    return LIMITED[request.param]


@pytest.fixture(params=["shared", "alone"])
def gate(request: pytest.FixtureRequest, stopwatch: Stopwatch) -> Iterator[Gate | Alone]:
    if request.param == "alone":
        yield Alone(stopwatch)
        return
    database: Database = request.getfixturevalue("database")

    def at() -> datetime:
        return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=int(stopwatch() * 1e6))  # never rounded up

    with closing(Gate(lambda: database.connect(autocommit=True), clock=stopwatch, at=at)) as shared:
        yield shared


@pytest.fixture
def client(provider: Provider, gate: Gate | Alone, control: SimulatorControl, stopwatch: Stopwatch) -> Client:
    own = {provider.name: ProviderSettings(_env_file=None)}  # type: ignore[call-arg]
    settings = Settings(_env_file=None, simulator_rate_factor=1)  # type: ignore[call-arg]
    providers = {provider.name: provider}
    found = configured_vendors(providers, settings, own, simulator_url=control.url, clock=lambda: OPEN)
    return Client(found[provider.name], gate, stopwatch)


def askable(provider: Provider) -> dict[Endpoint, Ask]:
    """The endpoints, each with something to ask, about several symbols where it takes them."""
    return {
        endpoint: one
        for endpoint in provider.endpoints
        for ask in questions(DATASETS[endpoint.data_type])
        if endpoint.serves(one := replace(ask, symbols=ask.symbols[: endpoint.batch]))
    }


def test_a_vendor_is_asked_as_often_as_it_allows_and_no_more(
    provider: Provider, client: Client, control: SimulatorControl, stopwatch: Stopwatch
) -> None:
    asks = askable(provider)
    endpoint = min(asks, key=lambda one: (not one.handshake, one.price(asks[one])))  # a handshake's requests count, too
    end = stopwatch() + period_of(provider)
    while stopwatch() < end and len(client.made) < 3 * A_FEW:  # over midnight there are two days' quotas
        client.ask(endpoint, asks[endpoint])
    assert control.vendor(provider.name)["rate_limited"] == 0
    assert [attempt.error for _, attempt in client.made if attempt.error is not None] == []
    spent = sum(endpoint.price(attempt.ask) for at, attempt in client.made if at < end)
    assert spent >= USED * allowed(provider)
    assert stopwatch() >= end, "more was wanted than is allowed: time passes only while the client is kept back"


def test_whatever_a_call_costs_the_limits_are_kept(
    provider: Provider, client: Client, control: SimulatorControl
) -> None:
    asks = askable(provider)
    for endpoint, ask in asks.items():
        for _ in range(3):
            client.ask(endpoint, ask)
    assert control.vendor(provider.name)["rate_limited"] == 0
    assert {attempt.endpoint for _, attempt in client.made} == {endpoint.name for endpoint in asks}
