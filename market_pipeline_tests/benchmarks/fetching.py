"""A fetch of 500 symbols, one a request, at 50 ms latency: beside the theoretical limit and beside bare requests threads."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta
from functools import partial
from uuid import uuid4

import requests
from requests.adapters import HTTPAdapter

from market_pipeline.datasets import DATASETS
from market_pipeline.fetching.calls import Caller
from market_pipeline.fetching.gate import Gate
from market_pipeline.fetching.http import VendorClient
from market_pipeline.fetching.router import Router
from market_pipeline.fetching.vendors import Vendor
from market_pipeline.market_data import MarketData
from market_pipeline.providers.finnhub import Finnhub
from market_pipeline.providers.messages import Window
from market_pipeline.ranking import Ranking
from market_pipeline.sessions import Sessions
from market_pipeline.simulator.market import SyntheticMarket
from market_pipeline.simulator.process import spawn
from market_pipeline.simulator.server import SimulatorSettings
from market_pipeline.storage.database import Database
from market_pipeline.tracking.recorder import AttemptRow, Recorder
from market_pipeline_tests.benchmarks.measure import Result, per_second

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


def fetch(database: Database, base: str, workers: int) -> int:
    """The whole way: gate, HTTP, parsing, checks, tracking, upsert."""
    now = datetime.now(UTC)
    session = Sessions().current(now)

    def clock() -> datetime:
        return datetime.now(UTC)

    client = VendorClient(Wide(), key="k", base_url=base, timeout=30, connections=workers, clock=clock)
    vendor = Vendor(Wide(), client, limits=(), interval=0.0)
    with Recorder(database) as recorder, closing(Gate(lambda: database.connect(autocommit=True))) as gate:
        caller = Caller(gate, clock=clock, observe=lambda attempt: recorder.record(AttemptRow.of(attempt, "bench")))
        router = Router(caller, clock=clock, batch_size=10, concurrency=workers)
        market_data = MarketData(
            database=database,
            vendors={"finnhub": vendor},
            ranking=Ranking({"finnhub": vendor}, {}, router, clock),
            router=router,
            sessions=Sessions(),
            longest_wait=timedelta(0),
            clock=clock,
            run_id=str(uuid4()),  # none is served by the answers of the one before
        )
        done = market_data.refresh(DATASETS["stock_quotes"], SYMBOLS, window=Window(session, session))
    client.close()
    return len(done.report.answered)


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
