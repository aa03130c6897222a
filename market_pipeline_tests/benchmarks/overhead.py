"""What gate and tracking cost a fetch at 50 ms latency: by turns with and without them."""

import statistics
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from market_pipeline.fetching.calls import Attempt
from market_pipeline.fetching.gate import Gate
from market_pipeline.fetching.local_gate import NotNow
from market_pipeline.fetching.vendors import Vendor
from market_pipeline.providers.errors import ProviderError
from market_pipeline.providers.messages import Ask
from market_pipeline.simulator.process import spawn
from market_pipeline.storage.database import Database
from market_pipeline.tracking.recorder import Recorder, spool_for
from market_pipeline_tests.benchmarks.fetching import SIMULATED, fetch
from market_pipeline_tests.benchmarks.measure import Result, by_turns


class Open(Gate):
    """Lets everything through."""

    def ask(self, vendor: Vendor, scope: str, *, cost: int, last_resort: bool) -> NotNow | None:
        return None

    def report(self, vendor: Vendor, scope: str, error: ProviderError | None, *, cost: int) -> None:
        pass


def run(database: Database) -> Iterator[Result]:
    with spawn(SIMULATED) as simulator:
        base = simulator.control.vendor_url("finnhub")
        fetch(database, base, 32)  # the simulated companies come into being
        for workers, goal in ((10, 0.98), (32, 0.95)):
            whole = partial(fetch, database, base, workers)
            ours, unrecorded, bare = by_turns(
                whole, partial(whole, recorded=False), partial(whole, recorded=False, gates=Open), rounds=3
            )
            what = f"quotes, {workers} in flight"
            yield Result(what, "requests/s", ours, bare, "the same without gate and tracking", goal)
            yield Result(what, "requests/s", ours, unrecorded, "the same without tracking", goal)
    yield Result(
        "recording an attempt, slowest call in 100", "calls/s", 1 / slowest_call(database), 10_000, "0.1 ms a call", 1
    )


def slowest_call(database: Database) -> float:
    """Seconds that a caller waits for the recorder, p99 over ten seconds of a thousand attempts each, flushed meanwhile."""
    ask = Ask(data_type="stock_quotes", symbols=("AAPL",), now=datetime.now(UTC))
    attempt = Attempt(
        provider="bench", endpoint="Quote", ask=ask, cost=1, started_at=ask.now, response_ms=50, status=200
    )
    waits = []
    with Recorder(database, spool_for(database, Path(tempfile.gettempdir())), "bench") as recorder:
        for _ in range(10_000):
            started = time.perf_counter()
            recorder.record(attempt)
            waits.append(time.perf_counter() - started)
            time.sleep(0.001)
    return statistics.quantiles(waits, n=100)[-1]
