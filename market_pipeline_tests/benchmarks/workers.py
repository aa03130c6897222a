"""Steps done by 1, 2 and 4 workers, on a vendor that takes half a second to answer, beside what that time allows.

Each worker has a step at a time, each step five requests in flight; steps are handed out by Redis, whose server has to be
installed.  What is missing to the limit is the start of steps: a process each, that imports and opens the pipeline.
"""

import shutil
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from celery import Celery
from rich.console import Console

from market_pipeline.simulator.process import spawn
from market_pipeline.simulator.server import SimulatorSettings
from market_pipeline.storage.database import Database
from market_pipeline_tests.benchmarks.measure import Result
from market_pipeline_tests.benchmarks.site import Site, site
from market_pipeline_tests.benchmarks.slices import SHARE, STEPS
from market_pipeline_tests.ports import free_port

LATENCY = 0.5  # seconds
CONCURRENCY = 5  # requests of a step in flight at once
SETTINGS = {"FETCH_CONCURRENCY": str(CONCURRENCY), "FINNHUB_MAX_IN_FLIGHT": "64"}
BIN = Path(sys.executable).parent
SLICES = ("-m", "market_pipeline_tests.benchmarks.slices", "-j", "slices")


def run(database: Database) -> Iterator[Result]:
    if shutil.which("redis-server") is None:
        Console(stderr=True).print("no redis-server here: workers are not measured")
        return
    port = str(free_port())
    simulated = SimulatorSettings(port=0, faults=f"finnhub:latency={LATENCY}", rate_limits=None)
    broker = f"redis://127.0.0.1:{port}/0"
    with spawn(simulated) as simulator, site(database, simulator.control, CELERY_BROKER_URL=broker, **SETTINGS) as here:
        here.track(["AAPL"])
        here.start("redis-server", "--bind", "127.0.0.1", "--port", port, "--save", "")
        started = 0
        for workers in (1, 2, 4):
            for number in range(started, workers):
                named = ("--concurrency", "1", "--name", f"worker{number}@%h")
                here.start(str(BIN / "market-pipeline"), "worker", *named)
            started = workers
            _await(broker, workers)
            speed = requests_per_second(here)
            what = f"{STEPS} steps of {SHARE} requests, {workers} worker{'s' if workers > 1 else ''}"
            yield Result(what, "requests/s", speed, workers * CONCURRENCY / LATENCY, "workers × 5 / latency")


def _await(broker: str, workers: int) -> None:
    """Returns when so many workers answer.  Raises TimeoutError."""
    deadline = time.monotonic() + 120
    while len(Celery(broker=broker).control.ping(timeout=1)) < workers:
        if time.monotonic() > deadline:
            raise TimeoutError(f"{workers} workers have not started within two minutes")


def requests_per_second(here: Site) -> float:
    """Of a run of the job, from its first request to its last answer."""
    here.execute(*SLICES)
    with here.database.connect() as connection:
        calls, seconds = connection.execute(_CALLS).fetchone() or (0, 1)
    assert calls == STEPS * SHARE, f"{calls} calls were made"
    return float(calls / seconds)


_CALLS = """
    SELECT count(*), extract(epoch FROM max(attempted_at + response_time_ms * interval '1 ms') - min(attempted_at))::float
    FROM fetch_attempts
    WHERE run_id = (SELECT run_id FROM fetch_attempts ORDER BY attempted_at DESC LIMIT 1)
"""
