"""The monitor under 200 readers at once, on a full database that a run writes to, beside an endpoint that does nothing.

Client, server, database and writer share the machine, so that the floor is part of every figure: `/healthz`, by the same
readers in the same minute.  Readers ask flat out, one question after the other, which is far more than 200 screens do; and
once a second each, which is what they do.
"""

import asyncio
import multiprocessing
import os
import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from market_pipeline.storage.data_types import declare_data_types
from market_pipeline.storage.database import Database
from market_pipeline.storage.universe import TrackedSymbol, track
from market_pipeline.storage.writer import Writer
from market_pipeline_tests.benchmarks.measure import Result
from market_pipeline_tests.benchmarks.writing import BARS, PROVENANCE, bars

ROUNDS = 2
READERS = 200
FLAT_OUT = 10  # questions of each reader, one after the other
PACED = 5  # questions of each reader, one a second
SYMBOLS = 500
PORT = 8123
WRITTEN = 2_000  # bars at once, ten times a second: a run that has fast vendors
DASHBOARD = "/api/v1/enrichment/dashboard"
DOCUMENTED: dict[
    str, tuple[int, Callable[[int], str]]
] = {  # milliseconds that the specification gives it; where reader n asks
    "overview": (200, lambda reader: f"{DASHBOARD}/overview"),
    "metrics": (150, lambda reader: f"{DASHBOARD}/metrics"),
    "job-status": (50, lambda reader: f"{DASHBOARD}/job-status/S{reader % SYMBOLS}"),
    "health": (100, lambda reader: f"{DASHBOARD}/health"),
}


def run(database: Database) -> Iterator[Result]:
    with database.connect() as connection:
        declare_data_types(connection)
        track(connection, [TrackedSymbol(f"S{number}") for number in range(SYMBOLS)])
        connection.execute(_ENRICHED)
        connection.execute(_ASKED)
    with database.connect(autocommit=True) as connection:
        connection.execute("ANALYZE")
    with _serving(database), _writing(database):
        for _ in range(ROUNDS):
            yield from _round()


def _round() -> Iterator[Result]:
    speed, floor, floor_paced = asyncio.run(_loaded(lambda reader: "/healthz"))
    for name, (documented, path) in DOCUMENTED.items():
        found, flat_out, paced = asyncio.run(_loaded(path))
        yield Result(f"{name}, flat out", "per s", found, speed, "/healthz")
        yield Result(f"{name}, flat out, slowest in 20", "per s", 1000 / flat_out, 1000 / floor, "/healthz")
        slowest = f"{name}, once a second, slowest in 20"
        yield Result(slowest, "per s", 1000 / paced, 1000 / floor_paced, "/healthz")
        yield Result(slowest, "per s", 1000 / paced, 1000 / documented, f"{documented} ms specified")


# The last of 30 enrichments of all symbols, as the overview lists it.
_ENRICHED = f"""
    WITH past AS (
        INSERT INTO scheduler_execution_log (execution_id, run_id, job, data_type, started_at, completed_at, updated_at,
            total_symbols, successful_symbols, status)
        SELECT gen_random_uuid(), 'bench', 'enrichment', 'enrichment', day, day, day, {SYMBOLS}, {SYMBOLS}, 'completed'
        FROM generate_series(now() - interval '29 days', now(), interval '1 day') AS day
        RETURNING execution_id, started_at
    )
    INSERT INTO symbol_computation_status (execution_id, symbol, status, started_at, completed_at)
    SELECT execution_id, 'S' || n, 'completed', started_at, started_at
    FROM past, generate_series(0, {SYMBOLS - 1}) AS n
"""
_ASKED = """
    INSERT INTO fetch_attempts (attempted_at, run_id, data_type, provider, endpoint, symbols, outcome, response_time_ms,
        records)
    SELECT now() - n * interval '13 seconds', 'bench',
        (ARRAY['news', 'stock_quotes', 'historical_prices', 'earnings'])[1 + n % 4],
        (ARRAY['yahoo', 'finnhub', 'fmp', 'polygon', 'tiingo'])[1 + n % 5], 'Bench', ARRAY['S' || n % 500],
        CASE WHEN n % 50 = 0 THEN 'unavailable' ELSE 'success' END, 20 + n % 300, 1
    FROM generate_series(1, 200000) AS n
"""


async def _loaded(path: Callable[[int], str]) -> tuple[float, float, float]:
    """Answers per second flat out, and the 95th percentile of an answer's milliseconds flat out and paced."""
    await _ask(path, 1, 0)  # what is made once
    started = time.perf_counter()
    flat_out = await _ask(path, FLAT_OUT, 0)
    speed = len(flat_out) / (time.perf_counter() - started)
    return speed, _p95(flat_out), _p95(await _ask(path, PACED, 1))


def _p95(seconds: list[float]) -> float:
    return 1000 * sorted(seconds)[int(0.95 * len(seconds))]


async def _ask(path: Callable[[int], str], questions: int, every: float) -> list[float]:
    """The seconds that each answer took."""
    took: list[float] = []

    async def read(reader: int) -> None:
        # A bare client: a library's would take more of the machine than the server does.
        request = f"GET {path(reader)} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode()
        receiving, sending = await asyncio.open_connection("127.0.0.1", PORT)
        await asyncio.sleep(random.random() * every)
        for _ in range(questions):
            started = time.perf_counter()
            sending.write(request)
            head = (await receiving.readuntil(b"\r\n\r\n")).lower()
            assert head.startswith(b"http/1.1 200"), head
            await receiving.readexactly(int(head.split(b"content-length: ")[1].split(b"\r\n")[0]))
            took.append(time.perf_counter() - started)
            await asyncio.sleep(max(0.0, every - took[-1]) if every else 0)
        sending.close()

    await asyncio.gather(*(read(reader) for reader in range(READERS)))
    return took


@contextmanager
def _writing(database: Database) -> Iterator[None]:
    """A process that writes as a run does."""
    process = multiprocessing.get_context("spawn").Process(target=_write, args=(database,), daemon=True)
    process.start()
    try:
        yield
    finally:
        process.kill()  # where signals are ignored, as in the background of a shell, it would not end
        process.join()


def _write(database: Database) -> None:
    records = bars()
    with database.connect(autocommit=True) as connection:
        writer = Writer(connection)
        while True:
            for at in range(0, len(records), WRITTEN):
                writer.write(BARS, records[at : at + WRITTEN], PROVENANCE, {})
                time.sleep(0.1)


@contextmanager
def _serving(database: Database) -> Iterator[None]:
    """The monitor in a process of its own."""
    environment = {**os.environ, "DATABASE_URL": database.url, "MONITOR_PORT": str(PORT)}
    command = [str(Path(sys.executable).parent / "market-pipeline"), "monitor"]
    with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL) as process:
        try:
            _await()
            yield
        finally:
            process.terminate()


def _await() -> None:
    for _ in range(600):
        try:
            httpx.get(f"http://127.0.0.1:{PORT}/healthz", timeout=1)
        except httpx.TransportError:
            time.sleep(0.1)
        else:
            return
    raise RuntimeError("the monitor has not started within a minute")
