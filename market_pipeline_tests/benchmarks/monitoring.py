"""The monitor under 200 readers at once, beside an endpoint that does nothing, in answers per second."""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from market_pipeline.storage.database import Database
from market_pipeline_tests.benchmarks.measure import Result

READERS = 200
ANSWERS = 1_000  # of each path
DOCUMENTED = {  # path below /api/v1/enrichment/dashboard: milliseconds that the specification gives it
    "overview": 200,
    "metrics": 150,
    "job-status/AAPL": 50,
    "health": 100,
}


def run(database: Database) -> Iterator[Result]:
    with database.connect() as connection:
        connection.execute(_ENRICHED)
    with _serving(database) as url:
        floor, floor_ms = asyncio.run(_load(f"{url}/healthz"))
        for name, documented in DOCUMENTED.items():
            speed, p95 = asyncio.run(_load(f"{url}/api/v1/enrichment/dashboard/{name}"))
            what = f"monitor {name}: p95 {p95:.0f} ms, specified {documented}"
            yield Result(what, "per s", speed, floor, f"/healthz: p95 {floor_ms:.0f} ms")


# An enrichment of 500 symbols, as the overview lists them.
_ENRICHED = """
    WITH past AS (
        INSERT INTO scheduler_execution_log (execution_id, run_id, job, data_type, started_at, completed_at, updated_at,
            total_symbols, successful_symbols, status)
        VALUES (gen_random_uuid(), 'bench', 'enrichment', 'enrichment', now(), now(), now(), 500, 500, 'completed')
        RETURNING execution_id
    )
    INSERT INTO symbol_computation_status (execution_id, symbol, status, started_at, completed_at)
    SELECT execution_id, CASE n WHEN 1 THEN 'AAPL' ELSE 'SYM' || n END, 'completed', now(), now()
    FROM past, generate_series(1, 500) AS n
"""


async def _load(url: str) -> tuple[float, float]:
    """Answers per second, and the 95th percentile of their milliseconds, with READERS that ask one after the other."""
    took: list[float] = []
    limits = httpx.Limits(max_connections=READERS, max_keepalive_connections=READERS)
    async with httpx.AsyncClient(limits=limits, timeout=60) as client:

        async def read() -> None:
            for _ in range(ANSWERS // READERS):
                started = time.perf_counter()
                (await client.get(url)).raise_for_status()
                took.append(time.perf_counter() - started)

        started = time.perf_counter()
        await asyncio.gather(*(read() for _ in range(READERS)))
        seconds = time.perf_counter() - started
    return len(took) / seconds, 1000 * sorted(took)[int(0.95 * len(took))]


@contextmanager
def _serving(database: Database) -> Iterator[str]:
    """The monitor in a process of its own."""
    port = "8123"
    environment = {**os.environ, "DATABASE_URL": database.url, "MONITOR_PORT": port}
    command = [str(Path(sys.executable).parent / "market-pipeline"), "monitor"]
    with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL) as process:
        url = f"http://127.0.0.1:{port}"
        try:
            _await(url)
            yield url
        finally:
            process.terminate()


def _await(url: str) -> None:
    for _ in range(600):
        try:
            httpx.get(f"{url}/healthz", timeout=1)
        except httpx.TransportError:
            time.sleep(0.1)
        else:
            return
    raise RuntimeError("the monitor has not started within a minute")
