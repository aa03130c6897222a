"""A fetch of 500 symbols, one a request, at 50 ms latency: beside the theoretical limit and beside bare requests threads."""

import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from uuid import uuid4

import requests
from requests.adapters import HTTPAdapter

from market_pipeline.datasets import DATASETS
from market_pipeline.fetching.calls import Caller
from market_pipeline.fetching.gate import Gate
from market_pipeline.fetching.http import VendorClient
from market_pipeline.fetching.planner import Planner
from market_pipeline.fetching.router import Router
from market_pipeline.fetching.vendors import Vendor
from market_pipeline.ingestion.market_data import MarketData
from market_pipeline.ingestion.ranking import Ranking
from market_pipeline.providers.finnhub import Finnhub
from market_pipeline.providers.messages import Window
from market_pipeline.sessions import Sessions
from market_pipeline.simulator.market import SyntheticMarket
from market_pipeline.simulator.process import spawn
from market_pipeline.simulator.server import SimulatorSettings
from market_pipeline.storage.database import Database
from market_pipeline.tracking.recorder import Recorder, spool_for
from market_pipeline_tests.benchmarks.measure import Result, by_turns

LATENCY = 0.05  # seconds
SIMULATED = SimulatorSettings(port=0, faults=f"finnhub:latency={LATENCY}", rate_limits=None)
SYMBOLS = SyntheticMarket().symbols()


class Wide(Finnhub):
    """Finnhub without its own bound on concurrency."""

    concurrency = 64


def run(database: Database) -> Iterator[Result]:
    with spawn(SIMULATED) as simulator:
        base = simulator.control.vendor_url("finnhub")
        fetch(database, base, 32)  # the simulated companies come into being
        for workers in (5, 16, 32):
            whole, bare = partial(fetch, database, base, workers), partial(bare_requests, base, workers)
            ours, theirs = by_turns(whole, bare, rounds=1)
            what = f"500 quotes, {workers} in flight"
            yield Result(what, "requests/s", ours, workers / LATENCY, "concurrency / latency", 0.85)
            yield Result(what, "requests/s", ours, theirs, "bare requests threads")


def fetch(
    database: Database,
    base: str,
    workers: int,
    *,
    symbols: Sequence[str] = SYMBOLS,
    gates: type[Gate] = Gate,
    recorded: bool = True,
) -> int:
    """The whole way: gate, HTTP, parsing, checks, tracking of attempts (where `recorded`), upsert."""
    now = datetime.now(UTC)
    session = Sessions().current(now)

    def clock() -> datetime:
        return datetime.now(UTC)

    client = VendorClient(Wide(), key="k", base_url=base, timeout=30, connections=workers, clock=clock)
    vendor = Vendor(Wide(), client, limits=(), interval=0.0, slots=64)
    spool = spool_for(database, Path(tempfile.gettempdir()))
    with (
        Recorder(database, spool, "bench") as recorder,
        closing(gates(lambda: database.connect(autocommit=True))) as gate,
    ):
        caller = Caller(gate, clock=clock, observe=recorder.record if recorded else lambda attempt: None)
        planner = Planner(10, clock)
        market_data = MarketData(
            database=database,
            ranking=Ranking({"finnhub": vendor}, {}, planner, clock),
            router=Router(caller, planner, clock=clock, concurrency=workers),
            sessions=Sessions(),
            longest_wait=timedelta(0),
            clock=clock,
            run_id=str(uuid4()),  # none is served by the answers of the one before
        )
        done = market_data.refresh(DATASETS["stock_quotes"], symbols, window=Window(session, session))
    client.close()
    return len(done.report.answered)


def bare_requests(base: str, workers: int, symbols: Sequence[str] = SYMBOLS) -> int:
    """The same requests and nothing else."""
    session = requests.Session()
    session.trust_env = False
    session.mount("http://", HTTPAdapter(pool_maxsize=workers))

    def get(symbol: str) -> int:
        answer = session.get(f"{base}/quote", params={"symbol": symbol}, headers={"X-Finnhub-Token": "k"}, timeout=30)
        return len(answer.content) > 0

    with ThreadPoolExecutor(workers) as pool:
        return sum(pool.map(get, symbols))
