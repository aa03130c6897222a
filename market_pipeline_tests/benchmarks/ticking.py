"""A minute's tick of quotes from end to end, by Dagster's own daemon: from the second when it is due until every row can be read.

One vendor takes 10 symbols a request and answers after 50 ms, the settings are the defaults, and no other schedule or sensor
works meanwhile.  Where the time goes is told as parts of the whole, from the events of the run, the calls that it made, and a
reader who looks all the time.  How long a run waits in the queue is chance: Dagster looks every second.
"""

import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import psycopg

from market_pipeline.simulator.process import spawn
from market_pipeline.simulator.server import SimulatorSettings
from market_pipeline.storage.database import Database
from market_pipeline_tests.benchmarks.fetching import LATENCY, bare_requests
from market_pipeline_tests.benchmarks.measure import Result
from market_pipeline_tests.benchmarks.memory import SYMBOLS
from market_pipeline_tests.benchmarks.site import Site, site
from market_pipeline_tests.benchmarks.starting import QUOTES

LOCATION = "market_pipeline_tests.benchmarks.ticking_location"
SIZES = (500, 5_000)
TICKS = 2  # of each size: every one takes a minute
PATIENCE = 300  # seconds for a tick that is due to be over
LOOK = 0.05  # seconds between two looks at what is there
Connection = psycopg.Connection[Any]


@dataclass(frozen=True, slots=True)
class Moment:
    """Something that happens in a tick, at a time in seconds of the epoch."""

    part: str
    """What led to it."""
    at: float


def run(database: Database) -> Iterator[Result]:
    settings = SimulatorSettings(port=0, faults=f"*:latency={LATENCY}", rate_limits=None)
    with spawn(settings) as simulator, site(database, simulator.control) as here:
        here.track(SYMBOLS[: SIZES[0]])
        here.execute(*QUOTES)  # creates what a new database has to have
        bare_requests(simulator.control.vendor_url("finnhub"), 32, SYMBOLS)  # the simulated companies come into being
        here.start(sys.executable, "-m", "dagster._daemon", "run", "-m", LOCATION)
        with database.connect(autocommit=True) as connection:
            for size in SIZES:
                here.track(SYMBOLS[:size])
                for _ in range(TICKS):
                    yield from results(size, ticked(here, connection, size))


def results(size: int, moments: Sequence[Moment]) -> Iterator[Result]:
    """The whole tick beside a minute, and the share that each part has of it."""
    due, *_, visible = moments[:-1]
    whole = visible.at - due.at
    yield Result(f"{size:,} quotes, from due to readable", "ticks/min", 60 / whole, 1, "one a minute", 1)
    for before, after in pairwise(moments):
        yield Result(f"{size:,} quotes: {after.part}", "s", after.at - before.at, whole, "the whole tick")


def ticked(here: Site, connection: Connection, size: int) -> list[Moment]:
    """The moments of the next tick, in their order.  Raises TimeoutError."""
    before = _latest(connection)
    connection.execute("TRUNCATE stock_quotes")
    deadline = time.monotonic() + PATIENCE
    while _count(connection) < size or _latest(connection) == before:
        _wait(here, deadline)
    visible = time.time()
    run_id = _latest(connection)
    while "PIPELINE_SUCCESS" not in (happened := _events(connection, run_id)):
        _wait(here, deadline)
    due, first, last = connection.execute(_CALLS, {"run_id": run_id}).fetchone() or (0, 0, 0)
    return [
        Moment("due", due),
        Moment("until its run is in the queue", happened["PIPELINE_ENQUEUED"]),
        Moment("in the queue", happened["PIPELINE_STARTING"]),
        Moment("until its process has imported all", happened["PIPELINE_START"]),
        Moment("until the first request", first),
        Moment("until the last answer", last),
        Moment("until the last row can be read", visible),
        Moment("checks and the end of the run, afterwards", happened["PIPELINE_SUCCESS"]),
    ]


def _wait(here: Site, deadline: float) -> None:
    if time.monotonic() > deadline:
        raise TimeoutError(f"no tick was over within {PATIENCE} s; the daemon said:\n{here.said}")
    time.sleep(LOOK)


def _latest(connection: Connection) -> str:
    return str((connection.execute("SELECT run_id FROM dagster.runs ORDER BY id DESC LIMIT 1").fetchone() or ("",))[0])


def _count(connection: Connection) -> int:
    return int((connection.execute("SELECT count(DISTINCT symbol) FROM stock_quotes").fetchone() or (0,))[0])


def _events(connection: Connection, run_id: str) -> dict[str, float]:
    """When what happened to a run, in seconds of the epoch."""
    return dict(connection.execute(_EVENTS, [run_id]).fetchall())


_EVENTS = """
    SELECT dagster_event_type, extract(epoch FROM "timestamp" AT TIME ZONE 'UTC')::float FROM dagster.event_logs
    WHERE run_id = %s AND dagster_event_type LIKE 'PIPELINE%%'
"""
_CALLS = """
    SELECT extract(epoch FROM (
            SELECT value::timestamptz FROM dagster.run_tags
            WHERE run_id = %(run_id)s AND key = '.dagster/scheduled_execution_time'
        ))::float,
        extract(epoch FROM min(attempted_at))::float,
        extract(epoch FROM max(attempted_at + response_time_ms * interval '1 ms'))::float
    FROM fetch_attempts WHERE run_id = %(run_id)s
"""
