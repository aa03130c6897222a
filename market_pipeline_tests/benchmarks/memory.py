"""What a fetch of 5,000 symbols takes of memory, above what the imports take."""

from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from itertools import islice, product
from multiprocessing import get_context
from pathlib import Path
from string import ascii_uppercase

from market_pipeline.simulator.process import spawn
from market_pipeline.simulator.server import SimulatorSettings
from market_pipeline.storage.database import Database
from market_pipeline_tests.benchmarks.fetching import fetch
from market_pipeline_tests.benchmarks.measure import Result

SYMBOLS = ["".join(letters) for letters in islice(product(ascii_uppercase, repeat=4), 5_000)]
MEGABYTES = 100


def run(database: Database) -> Iterator[Result]:
    with (
        spawn(SimulatorSettings(port=0, rate_limits=None)) as simulator,
        ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool,  # in a process whose peak nothing else has set
    ):
        base = simulator.control.vendor_url("finnhub")
        grown = pool.submit(growth, database.url, base).result()
    yield Result("5,000 quotes fetched", "symbols/MB", len(SYMBOLS) / grown, len(SYMBOLS) / MEGABYTES, "100 MB", 1)


def growth(database_url: str, base: str) -> float:
    """Megabytes by which this process' memory grows at most during a fetch, from what the imports have left."""
    imported = peak()
    answered = fetch(Database(database_url), base, 16, symbols=SYMBOLS)
    assert answered == len(SYMBOLS)
    return peak() - imported


def peak() -> float:
    """Megabytes that this process has held at most, by Linux; getrusage counts those of the process that started it as well."""
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return int(status["VmHWM"].split()[0]) / 1024
