"""What a run costs before and after its work: `dagster job execute` for the quote of one symbol, beside that of an empty job.

Both write their events to PostgreSQL; the rest is what importing the pipeline and opening it take more.
"""

from collections.abc import Iterator

from market_pipeline.simulator.process import spawn
from market_pipeline.simulator.server import SimulatorSettings
from market_pipeline.storage.database import Database
from market_pipeline_tests.benchmarks.measure import Result, by_turns
from market_pipeline_tests.benchmarks.site import site

QUOTES = ("-m", "market_pipeline.definitions", "-j", "stock_quotes_job")
EMPTY = ("-m", "market_pipeline_tests.benchmarks.empty_job", "-j", "empty")


def run(database: Database) -> Iterator[Result]:
    with spawn(SimulatorSettings(port=0, rate_limits=None)) as simulator, site(database, simulator.control) as here:
        here.track(["AAPL"])
        here.execute(*QUOTES)  # creates what a new database has to have
        ours, theirs = by_turns(lambda: here.execute(*QUOTES), lambda: here.execute(*EMPTY), rounds=1)
    yield Result("runs for one symbol, from nothing to the end", "runs/min", 60 * ours, 60 * theirs, "an empty job")
