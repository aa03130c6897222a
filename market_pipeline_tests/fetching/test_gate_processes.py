"""Eight processes at one vendor, over HTTP, with a simulator that counts: also when half of them are killed."""

import multiprocessing
import os
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from market_pipeline.datasets import DATASETS
from market_pipeline.fetching.calls import Call, Caller, Patience
from market_pipeline.fetching.gate import Gate
from market_pipeline.fetching.http import VendorClient
from market_pipeline.fetching.vendors import SLOTS, Vendor
from market_pipeline.providers.base import Rate
from market_pipeline.providers.finnhub import Finnhub
from market_pipeline.providers.messages import Ask
from market_pipeline.simulator.dialects import dialects
from market_pipeline.simulator.market import SyntheticMarket
from market_pipeline.simulator.process import RunningSimulator
from market_pipeline.simulator.server import Simulator, SimulatorSettings
from market_pipeline.storage.database import Database

PROCESSES = 8
CALLS = 600
RATE = Rate(150, 4.0)  # in less than the window, so that no call of one window is on its way when the next one begins
A_DAY = Rate(1_000_000, 86_400)
QUOTES = DATASETS["stock_quotes"]
Made = Any  # multiprocessing's shared integer, which mypy sees as a generic without parameters


class Limited(Finnhub):
    limits = (RATE, A_DAY)


@pytest.fixture
def simulator() -> Iterator[RunningSimulator]:
    def assemble(settings: SimulatorSettings) -> Simulator:
        return Simulator(settings, {"finnhub": dialects()["finnhub"]}, {"finnhub": Limited()})

    with RunningSimulator(SimulatorSettings(port=0), assemble) as running:
        yield running


def _now() -> datetime:
    return datetime.now(UTC)


def call_on(database: Database, base_url: str, made: Made, enough: int) -> None:
    """A worker: two threads that call until all workers together have made enough calls."""
    provider, endpoint = Limited(), Finnhub().endpoints_for(QUOTES.name)[0]
    client = VendorClient(provider, key="k", base_url=base_url, timeout=30, connections=2, clock=_now)
    vendor = Vendor(provider, client, Limited.limits, interval=0.0)
    ask = Ask(data_type=QUOTES.name, symbols=(SyntheticMarket().symbols()[0],), now=_now())
    with closing(Gate(lambda: database.connect(autocommit=True, name="gate"))) as gate:
        caller = Caller(gate, clock=_now, observe=lambda attempt: None)
        patience = Patience(_now, deadline=_now() + timedelta(minutes=5))

        def call(_: int) -> None:
            while made.value < enough:
                called = caller.call(Call(vendor, endpoint, QUOTES, replace(ask, now=_now()), patience))
                with made.get_lock():
                    made.value += len(called.attempts)

        with ThreadPoolExecutor(2) as pool:
            list(pool.map(call, range(2)))


@pytest.fixture
def made() -> Made:
    return multiprocessing.Value("i", 0)


@pytest.fixture
def workers(database: Database, simulator: RunningSimulator, made: Made) -> Iterator[list[multiprocessing.Process]]:
    given = (database, simulator.control.vendor_url("finnhub"), made, CALLS)
    started = [multiprocessing.Process(target=call_on, args=given) for _ in range(PROCESSES)]
    try:
        for worker in started:
            worker.start()
        yield started
    finally:
        for worker in started:
            worker.kill()
            worker.join()


def one(database: Database, query: str) -> tuple[Any, ...] | None:
    with database.connect() as connection:
        return connection.execute(query).fetchone()  # type: ignore[arg-type]


USED = "SELECT used FROM provider_windows WHERE seconds = 86400"


def test_eight_processes_provoke_no_429_and_lose_no_call(
    database: Database, simulator: RunningSimulator, workers: list[multiprocessing.Process], made: Made
) -> None:
    for worker in workers:
        worker.join(timeout=300)
    vendor = simulator.control.vendor("finnhub")
    assert vendor["rate_limited"] == 0
    assert vendor["requests"] == made.value >= CALLS
    assert one(database, USED) == (made.value,)
    assert one(database, "SELECT success_count, failure_count FROM provider_scopes") == (made.value, 0)
    assert one(database, "SELECT count(*) FROM provider_leases") == (0,)


def test_what_killed_processes_held_comes_back_when_their_leases_end(
    database: Database, simulator: RunningSimulator, workers: list[multiprocessing.Process], made: Made
) -> None:
    while made.value < CALLS / 3:
        time.sleep(0.01)
    for worker in workers[: PROCESSES // 2]:
        assert worker.pid is not None
        os.kill(worker.pid, signal.SIGKILL)
    for worker in workers:
        worker.join(timeout=300)
    vendor = simulator.control.vendor("finnhub")
    assert vendor["rate_limited"] == 0
    assert made.value >= CALLS, "the others go on"
    late = (
        "SELECT slots FROM gate_ask('finnhub', 'news/News', 'late', 0, 0, 100, 1, 1, false,"
        " clock_timestamp() + interval '300 s')"
    )
    assert one(database, late) == (SLOTS,)
    counted = one(database, USED)
    assert counted is not None
    assert vendor["requests"] <= counted[0] <= vendor["requests"] + PROCESSES // 2 * SLOTS, "no call went uncounted"
