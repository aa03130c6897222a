"""A fetch of 500 symbols, one a request, at 50 ms latency: beside the theoretical limit and beside bare requests threads."""

import statistics
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from uuid import uuid4

import requests
from requests.adapters import HTTPAdapter

from market_pipeline.datasets import DATASETS
from market_pipeline.fetching.calls import Attempt, Caller
from market_pipeline.fetching.gate import Gate
from market_pipeline.fetching.http import VendorClient
from market_pipeline.fetching.router import Router
from market_pipeline.fetching.vendors import Vendor
from market_pipeline.market_data import MarketData
from market_pipeline.providers.finnhub import Finnhub
from market_pipeline.providers.messages import Ask, Window
from market_pipeline.ranking import Ranking
from market_pipeline.sessions import Sessions
from market_pipeline.simulator.market import SyntheticMarket
from market_pipeline.simulator.process import spawn
from market_pipeline.simulator.server import SimulatorSettings
from market_pipeline.storage.database import Database
from market_pipeline.tracking.attempts import AttemptRow
from market_pipeline.tracking.recorder import Recorder, spool_for
from market_pipeline_tests.benchmarks.measure import Result, by_turns, per_second

LATENCY = 0.05  # seconds
SYMBOLS = SyntheticMarket().symbols()


class Wide(Finnhub):
    """Finnhub without its own bound on concurrency."""

    concurrency = 64


def run(database: Database) -> Iterator[Result]:
    settings = SimulatorSettings(port=0, faults=f"finnhub:latency={LATENCY}", rate_limits=None)
    with spawn(settings) as simulator:
        base = simulator.control.vendor_url("finnhub")
        fetch(database, base, 32)  # the simulated companies come into being
        for workers in (5, 16, 32):
            limit = workers / LATENCY
            ours = per_second(partial(fetch, database, base, workers))
            bare = per_second(partial(bare_requests, base, workers))
            yield Result(f"500 quotes, {workers} in flight", "requests/s", ours, limit, "concurrency / latency", 0.85)
            yield Result(f"500 quotes, {workers} in flight", "requests/s", ours, bare, "bare requests threads")
        for workers in (5, 32):
            recorded, unrecorded = by_turns(
                partial(fetch, database, base, workers), partial(fetch, database, base, workers, record=False)
            )
            what = f"500 quotes, {workers} in flight, attempts recorded"
            yield Result(what, "requests/s", recorded, unrecorded, "the same, not recorded", 0.98)
    yield Result(
        "recording an attempt, slowest call in 100", "calls/s", 1 / slowest_call(database), 10_000, "0.1 ms a call", 1
    )


def fetch(database: Database, base: str, workers: int, *, record: bool = True) -> int:
    """The whole way: gate, HTTP, parsing, checks, tracking (of attempts only if `record`), upsert."""
    now = datetime.now(UTC)
    session = Sessions().current(now)

    def clock() -> datetime:
        return datetime.now(UTC)

    client = VendorClient(Wide(), key="k", base_url=base, timeout=30, connections=workers, clock=clock)
    vendor = Vendor(Wide(), client, limits=(), interval=0.0)
    spool = spool_for(database, Path(tempfile.gettempdir()))
    with Recorder(database, spool) as recorder, closing(Gate(lambda: database.connect(autocommit=True))) as gate:

        def observe(attempt: Attempt) -> None:
            if record:
                recorder.record(AttemptRow.of(attempt, "bench"))

        caller = Caller(gate, clock=clock, observe=observe)
        router = Router(caller, clock=clock, batch_size=10, concurrency=workers)
        vendors = {"finnhub": vendor}
        market_data = MarketData(
            database=database,
            vendors=vendors,
            ranking=Ranking(vendors, {}, router, clock),
            router=router,
            sessions=Sessions(),
            longest_wait=timedelta(0),
            clock=clock,
            run_id=str(uuid4()),  # none is served by the answers of the one before
        )
        done = market_data.refresh(DATASETS["stock_quotes"], SYMBOLS, window=Window(session, session))
    client.close()
    return len(done.report.answered)


def slowest_call(database: Database) -> float:
    """Seconds that a caller waits for the recorder, p99 over ten seconds of a thousand attempts each, flushed meanwhile."""
    ask = Ask(data_type="stock_quotes", symbols=("AAPL",), now=datetime.now(UTC))
    attempt = Attempt(
        provider="bench", endpoint="Quote", ask=ask, cost=1, started_at=ask.now, response_ms=50, status=200
    )
    waits = []
    with Recorder(database, spool_for(database, Path(tempfile.gettempdir()))) as recorder:
        for _ in range(10_000):
            started = time.perf_counter()
            recorder.record(AttemptRow.of(attempt, "bench"))
            waits.append(time.perf_counter() - started)
            time.sleep(0.001)
    return statistics.quantiles(waits, n=100)[-1]


def bare_requests(base: str, workers: int) -> int:
    """The same requests and nothing else."""
    session = requests.Session()
    session.trust_env = False
    session.mount("http://", HTTPAdapter(pool_maxsize=workers))

    def get(symbol: str) -> int:
        answer = session.get(f"{base}/quote", params={"symbol": symbol}, headers={"X-Finnhub-Token": "k"}, timeout=30)
        return len(answer.content) > 0

    with ThreadPoolExecutor(workers) as pool:
        return sum(pool.map(get, SYMBOLS))
