"""`make bench`: every benchmark on a database of its own, and one table."""

import tempfile
from pathlib import Path

from rich.console import Console

from market_pipeline.storage.database import Database
from market_pipeline.storage.embedded_postgres import EmbeddedServer
from market_pipeline.storage.migrate import migrate
from market_pipeline_tests.benchmarks import (
    caching,
    enriching,
    fetching,
    gating,
    loading,
    memory,
    monitoring,
    observing,
    overhead,
    writing,
)
from market_pipeline_tests.benchmarks.measure import Result, show


def main() -> None:
    console, results = Console(stderr=True), list[Result]()
    home = Path(tempfile.mkdtemp(prefix="market-pipeline-bench-"))
    home.chmod(0o755)  # as root, the server runs as `nobody`, who must be able to enter
    server = EmbeddedServer(home)
    server.ensure()
    try:
        database = Database(server.url())
        migrate(database)
        for name, bench in (
            ("writing", writing.run(database)),
            ("caching", caching.run(database)),
            ("gating", gating.run(database)),
            ("fetching", fetching.run(database)),
            ("overhead", overhead.run(database)),
            ("memory", memory.run(database)),
            ("loading", loading.run()),
            ("monitoring", monitoring.run(database)),
            ("observing", observing.run(database)),
            ("enriching", enriching.run(database)),
        ):
            console.print(f"measuring {name} …")
            results += bench
    finally:
        server.stop()
    show(results)


if __name__ == "__main__":
    main()
