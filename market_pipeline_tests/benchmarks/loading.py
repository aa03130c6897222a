"""What a run pays before it does anything: loading the code location, beside importing Dagster."""

import subprocess
import sys
from collections.abc import Iterator

from market_pipeline.storage.database import Database
from market_pipeline_tests.benchmarks.measure import Result, per_second


def run(database: Database) -> Iterator[Result]:
    ours = per_second(lambda: _import("market_pipeline.definitions"), rounds=2)
    dagster = per_second(lambda: _import("dagster"), rounds=2)
    yield Result("code location loaded", "per s", ours, dagster, "import dagster")


def _import(module: str) -> int:
    subprocess.run([sys.executable, "-c", f"import {module}"], check=True)
    return 1
