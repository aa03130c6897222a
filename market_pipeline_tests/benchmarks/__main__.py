"""`make bench`: every bench some rounds long, each round on a new database; one table, and docs/benchmarks.md."""

import os
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Protocol

import typer
from psycopg import sql
from rich.console import Console

from market_pipeline.storage.database import Database
from market_pipeline.storage.embedded_postgres import EmbeddedServer
from market_pipeline.storage.migrate import migrate
from market_pipeline_tests.benchmarks import (
    backfilling,
    caching,
    enriching,
    fetching,
    gating,
    loading,
    memory,
    monitoring,
    observing,
    overhead,
    starting,
    ticking,
    workers,
    writing,
)
from market_pipeline_tests.benchmarks.document import DOCUMENT, show, written
from market_pipeline_tests.benchmarks.measure import Line, Result, lines

ROUNDS = 3
ONCE = {"memory", "ticking", "workers", "observing", "monitoring"}  # they take minutes, and repeat what varies


class Bench(Protocol):
    """A module that measures one thing, and says in its docstring how to read the figures."""

    __doc__: str | None

    def run(self, database: Database) -> Iterator[Result]:
        """The measurements of a round, on a migrated database without rows."""


BENCHES: Mapping[str, Bench] = {
    "writing": writing,
    "caching": caching,
    "gating": gating,
    "fetching": fetching,
    "overhead": overhead,
    "memory": memory,
    "loading": loading,
    "starting": starting,
    "ticking": ticking,
    "backfilling": backfilling,
    "enriching": enriching,
    "workers": workers,
    "observing": observing,
    "monitoring": monitoring,
}


def main(
    names: Annotated[list[str] | None, typer.Argument(help="Only these; all by default.")] = None,
    rounds: Annotated[int, typer.Option(min=1, help="How often each is measured.")] = ROUNDS,
    quick: Annotated[bool, typer.Option("--quick", help="One round.")] = False,
) -> None:
    """Measure how near the pipeline comes to its limits.  All benches together are written to docs/benchmarks.md."""
    unknown = sorted(set(names or ()) - BENCHES.keys())
    if unknown:
        raise typer.BadParameter(f"no such bench: {', '.join(unknown)}; there are {', '.join(BENCHES)}")
    rounds, load, console = 1 if quick else rounds, os.getloadavg()[0], Console(stderr=True)
    measured = list[Line]()
    try:
        with served() as server:
            postgres = version(Database(server.url()))
            for name in names or BENCHES:
                began, found = time.monotonic(), list[Result]()
                for number in range(1 if name in ONCE else rounds):
                    found += BENCHES[name].run(new_database(server, f"{name}_{number}"))
                measured += lines(name, found)
                console.print(f"{name}: {time.monotonic() - began:.0f} s")
    finally:
        show(measured)  # what there is, also where a bench has failed or somebody has had enough
    if not names:
        explained = {name: bench.__doc__ or "" for name, bench in BENCHES.items()}
        today = datetime.now(UTC).date()
        DOCUMENT.write_text(
            written(measured, explained, day=today, rounds=rounds, postgres=postgres, load=load), "utf-8"
        )


@contextmanager
def served() -> Iterator[EmbeddedServer]:
    """A private server on this machine's disk, gone afterwards."""
    home = Path(tempfile.mkdtemp(prefix="market-pipeline-bench-"))
    home.chmod(0o755)  # as root, the server runs as `nobody`, who must be able to enter
    server = EmbeddedServer(home)
    try:
        server.ensure()
        yield server
    finally:
        server.stop()
        shutil.rmtree(server.directory, ignore_errors=True)  # may be elsewhere: see EmbeddedServer.directory
        shutil.rmtree(home)


def new_database(server: EmbeddedServer, name: str) -> Database:
    with Database(server.url()).connect(autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    database = Database(server.url(name))
    migrate(database)
    return database


def version(database: Database) -> str:
    with database.connect() as connection:
        return str((connection.execute("SHOW server_version").fetchone() or ("",))[0])


if __name__ == "__main__":
    typer.run(main)
