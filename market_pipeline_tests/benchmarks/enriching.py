"""Fifty symbols without any history through the job `enrichment`, by vendors that answer after 50 ms."""

import os
from collections.abc import Iterator
from unittest.mock import patch
from urllib.parse import urlsplit

import dagster as dg

from market_pipeline.definitions import build_definitions
from market_pipeline.settings import load_settings
from market_pipeline.simulator.market import SyntheticMarket
from market_pipeline.simulator.process import spawn
from market_pipeline.simulator.server import SimulatorSettings
from market_pipeline.storage.database import Database
from market_pipeline.storage.universe import TrackedSymbol, track
from market_pipeline.storage.world import claim_world
from market_pipeline_tests.benchmarks.measure import Result, per_second

SYMBOLS = SyntheticMarket().symbols()[:50]
SECONDS = 15  # the specification allows as many minutes


def run(database: Database) -> Iterator[Result]:
    settings = SimulatorSettings(port=0, faults="*:latency=0.05", rate_limits=None)
    with spawn(settings) as simulator:
        port = str(urlsplit(simulator.control.url).port)
        environment = {"DATABASE_URL": database.url, "SIMULATOR_PORT": port, "SIMULATOR_RATE_FACTOR": "1000"}
        with patch.dict(os.environ, environment):
            speed = per_second(lambda: enrich(database), rounds=1)
    yield Result("50 symbols enriched", "symbols/s", speed, len(SYMBOLS) / SECONDS, f"{SECONDS} s", 1)


def enrich(database: Database) -> int:
    """The whole run but the start of its process; the symbols enriched."""
    with database.connect() as connection:
        claim_world(connection, load_settings().world)
        track(connection, [TrackedSymbol(symbol) for symbol in SYMBOLS])
    with dg.DagsterInstance.ephemeral() as instance:
        job = build_definitions().resolve_job_def("enrichment")
        run = job.execute_in_process(instance=instance)
    with database.connect() as connection:
        row = connection.execute(_ENRICHED, [run.run_id]).fetchone()
    return 0 if row is None else int(row[0])


_ENRICHED = "SELECT successful_symbols FROM scheduler_execution_log WHERE run_id = %s"
