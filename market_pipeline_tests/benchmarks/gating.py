"""Decisions of the gate about one vendor, by one process and by eight, beside `SELECT 1` by as many.

A decision is what a call has of the gate: asked before it and told after it, most of them out of a lease.  Beside it is the
function alone, a round trip each: so a vendor is asked that leaves no room for leases.
"""

import statistics
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, closing
from datetime import UTC, datetime
from itertools import repeat
from multiprocessing import get_context

from market_pipeline.fetching.gate import SETTINGS, Gate
from market_pipeline.fetching.http import VendorClient
from market_pipeline.fetching.vendors import Vendor
from market_pipeline.providers.base import Rate
from market_pipeline.providers.finnhub import Finnhub
from market_pipeline.storage.database import Database
from market_pipeline_tests.benchmarks.measure import Result

SECONDS = 1.5
LIMITS = (Rate(1_000_000_000, 60), Rate(2_000_000_000, 86_400))
SCOPE = "stock_quotes/Quote"
ASK = "SELECT tokens, slots, wait, reason FROM gate_ask('finnhub', %s, %s, 0, 0, 1, 1, 1, false)"

Work = Callable[[], object]
Kind = Callable[[Database, ExitStack], Work]


def selecting(database: Database, opened: ExitStack) -> Work:
    connection = opened.enter_context(database.connect(autocommit=True))
    return lambda: connection.execute("SELECT 1").fetchone()


def deciding(database: Database, opened: ExitStack) -> Work:
    client = VendorClient(
        Finnhub(), key="k", base_url=None, timeout=1, connections=1, clock=lambda: datetime(2026, 11, 20, tzinfo=UTC)
    )
    vendor = Vendor(Finnhub(), client, LIMITS, interval=0.0, slots=100)
    gate = opened.enter_context(closing(Gate(lambda: database.connect(autocommit=True))))

    def decide() -> None:
        assert gate.ask(vendor, SCOPE, cost=1, last_resort=False) is None
        gate.report(vendor, SCOPE, None, cost=1)

    return decide


def asking(database: Database, opened: ExitStack) -> Work:
    """The function alone, of a vendor that `deciding` has registered."""
    connection = opened.enter_context(database.connect(autocommit=True))
    connection.execute(SETTINGS)
    parameters = [SCOPE, str(connection.info.backend_pid)]
    return lambda: connection.execute(ASK, parameters).fetchone()


def latencies(kind: Kind, database_url: str, start: float) -> list[float]:
    """Seconds that each piece of work took, one after the other for SECONDS from `start` on."""
    taken = []
    with ExitStack() as opened:
        work = kind(Database(database_url), opened)
        work()
        time.sleep(max(0.0, start - time.monotonic()))
        now = time.monotonic()
        while now < start + SECONDS:
            work()
            before, now = now, time.monotonic()
            taken.append(now - before)
    return taken


def run(database: Database) -> Iterator[Result]:
    for processes, who in ((1, "one process"), (8, "8 processes")):
        with ProcessPoolExecutor(processes, mp_context=get_context("fork")) as pool:
            selected, decided, asked = (
                _together(pool, processes, kind, database) for kind in (selecting, deciding, asking)
            )
        rate, median, slowest = _speeds(decided)
        limit, *_ = _speeds(selected)
        yield Result(f"decisions, {who}", "per s", rate, limit, "SELECT 1", 0.35)
        yield Result(f"decisions, {who}, median", "per s", median, 1_000, "1 ms each", 1)
        yield Result(f"decisions, {who}, slowest in 100", "per s", slowest, 1_000, "1 ms each")
        rate, median, _ = _speeds(asked)
        yield Result(f"gate_ask alone, {who}", "per s", rate, limit, "SELECT 1")
        yield Result(f"gate_ask alone, {who}, median", "per s", median, 1_000, "1 ms each")


def _together(pool: ProcessPoolExecutor, processes: int, kind: Kind, database: Database) -> list[float]:
    start = time.monotonic() + 0.5  # every process is ready by then
    lists = pool.map(latencies, repeat(kind), [database.url] * processes, repeat(start))
    return [seconds for one in lists for seconds in one]


def _speeds(taken: list[float]) -> tuple[float, float, float]:
    """A second's work of all processes together; and what one of them does at the median pace, and at its slowest in 100."""
    quantiles = statistics.quantiles(taken, n=100)
    return len(taken) / SECONDS, 1 / quantiles[49], 1 / quantiles[98]
