"""A year of daily bars of 500 symbols, backfilled in one run: rows stored a second, beside COPY of 100,000 of them.

The vendors answer as fast as the simulator can; it shares the cores with the run, which asks, parses, checks, stores and tells
Dagster about each session.
"""

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime

from market_pipeline.sessions import Sessions
from market_pipeline.simulator.market import SyntheticMarket
from market_pipeline.simulator.process import spawn
from market_pipeline.simulator.server import SimulatorSettings
from market_pipeline.storage.database import Database
from market_pipeline.timetable import settled_sessions
from market_pipeline_tests.benchmarks.measure import Result, per_second
from market_pipeline_tests.benchmarks.site import Site, site
from market_pipeline_tests.benchmarks.writing import bars, copy, plain

SESSIONS = 250
SYMBOLS = SyntheticMarket().symbols()


def run(database: Database) -> Iterator[Result]:
    with spawn(SimulatorSettings(port=0, rate_limits=None)) as simulator, site(database, simulator.control) as here:
        here.track(SYMBOLS)
        started = time.perf_counter()
        backfill(here)
        took = time.perf_counter() - started
    with database.connect(autocommit=True) as connection:
        stored, fetching = connection.execute(_STORED).fetchone() or (0, 0.0)
        assert stored == SESSIONS * len(SYMBOLS), f"{stored} bars are there"
        ready = [plain(record) for record in bars()]
        limit = per_second(lambda: copy(connection, "historical_prices", ready))
    what = f"{SESSIONS} sessions × {len(SYMBOLS)} symbols"
    yield Result(f"{what}, the whole run", "rows/s", stored / took, limit, "COPY into the same table")
    yield Result(
        f"{what}, from the first answer to the last", "rows/s", stored / fetching, limit, "COPY into the same table"
    )


def backfill(here: Site) -> None:
    days = settled_sessions(Sessions(), datetime.now(UTC), SESSIONS)
    span = {"dagster/asset_partition_range_start": str(days[0]), "dagster/asset_partition_range_end": str(days[-1])}
    here.execute("-m", "market_pipeline.definitions", "-j", "historical_prices_job", "--tags", json.dumps(span))


_STORED = """
    SELECT count(*), extract(epoch FROM max(fetched_at) - min(fetched_at))::float FROM historical_prices
"""
