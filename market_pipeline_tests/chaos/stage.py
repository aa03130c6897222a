"""The pipeline that faults are played on: a real `market-pipeline up` in a home of its own, and what one can see of it.

Everything is looked at from outside, by SQL, HTTP and the process table, and every look may fail while something is down.
"""

import shutil
import subprocess
import tempfile
import threading
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil
import psycopg
from psycopg.abc import Query

from market_pipeline.datasets import DATASETS
from market_pipeline.monitor.dagster_control import DagsterControl, DagsterRefused, DagsterUnreachable
from market_pipeline.partitions import key_of, range_tags
from market_pipeline.providers.registry import PROVIDERS
from market_pipeline.simulator.control import SimulatorControl
from market_pipeline.storage.embedded_postgres import EmbeddedServer
from market_pipeline.storage.errors import DatabaseUnavailable
from market_pipeline_tests.chaos.plan import Order
from market_pipeline_tests.e2e.conftest import User, somebody
from market_pipeline_tests.e2e.up import Up, started

USUAL = "*:latency=0.1"  # so that a run takes seconds, and a fault finds one under way
SYMBOLS = 24  # of the universe: a run over them takes long enough to be met by a fault
UNDER_WAY = 3  # runs at once that the orders keep going: two cores do no more
SECRET = "chaos-secret"  # in every key and password of the play; it may turn up nowhere
SIZE = "1500m"  # of the file system that a home is in where one may be mounted: more than a play writes
SETTINGS = {
    "SIMULATOR_FAULTS": USUAL,
    "SIMULATOR_RATE_FACTOR": "1000",  # limits are not what is tested here
    "REQUEST_TIMEOUT_SECONDS": "3",
    "HISTORY_SESSIONS": "0",  # nothing is fetched but what is ordered
    "FRESHNESS_RUNS": "0",
    "MONITOR_TOKEN": f"{SECRET}-token",
    "ALERT_URLS": f"jsons://user:{SECRET}-password@127.0.0.1:9/",
    **{f"{vendor.upper()}_API_KEY": f"{SECRET}-{vendor}" for vendor in PROVIDERS},
}
ENDED = ("SUCCESS", "FAILURE", "CANCELED")
Row = tuple[Any, ...]


@dataclass
class Placed:
    """An order that Dagster has taken."""

    order: Order
    run_id: str
    at: datetime
    act: str


@dataclass
class Stage:
    """A running pipeline."""

    user: User
    up: Up
    mount: Path | None
    """The file system of the home, if it is one of its own."""
    act: str = ""
    placed: list[Placed] = field(default_factory=list)
    served: Counter[tuple[str, str]] = field(default_factory=Counter)
    """What simulators that are gone had served, by data type and symbol."""

    @property
    def dagster(self) -> DagsterControl:
        return self.up.dagster

    @property
    def simulator(self) -> SimulatorControl:
        return SimulatorControl(f"http://127.0.0.1:{self.user.environment['SIMULATOR_PORT']}")

    @property
    def server(self) -> EmbeddedServer:
        return EmbeddedServer(self.user.home)

    def rows(self, query: Query, parameters: Mapping[str, Any] | Sequence[Any] | None = None) -> list[Row]:
        """Raises psycopg.Error or DatabaseUnavailable while the database is down."""
        with self.user.database.connect(autocommit=True, name="chaos") as connection:
            return connection.execute(query, parameters).fetchall()

    def look(self, query: Query, parameters: Sequence[Any] | None = None) -> list[Row] | None:
        """The rows; None while the database is down."""
        with suppress(psycopg.Error, DatabaseUnavailable):
            return self.rows(query, parameters)
        return None

    def postmaster(self) -> psutil.Process:
        (pid_file,) = self.server.directory.glob("*/postmaster.pid")
        return psutil.Process(int(pid_file.read_text().split()[0]))

    def workers(self) -> list[psutil.Process]:
        """The processes of runs under way, by the word of Dagster's own events."""
        said = self.look(
            """SELECT (regexp_match(event, 'Started process for run \\(pid: (\\d+)\\)'))[1]::integer FROM dagster.event_logs
            JOIN dagster.runs USING (run_id) WHERE status = 'STARTED' AND event LIKE '%Started process for run (pid:%'"""
        )
        found = []
        for (pid,) in said or ():
            with suppress(psutil.NoSuchProcess):
                found.append(psutil.Process(pid))
        return found

    def orders_under_way(self) -> int | None:
        """How many orders wait or run; None while nobody can tell."""
        mine = [placed.run_id for placed in self.placed[-2 * UNDER_WAY :]]  # they end more or less in order
        found = self.look(f"SELECT count(*) FROM dagster.runs WHERE status NOT IN {ENDED} AND run_id = ANY(%s)", [mine])
        return None if found is None else int(found[0][0])

    def place(self, order: Order) -> bool:
        """Ask for something; whether Dagster has taken it."""
        tags = dict(order.tags)
        if order.days:
            tags |= range_tags(key_of(order.days[0]), key_of(order.days[-1]))
        at = datetime.now(UTC)
        try:
            run_id = self.dagster.launch(f"{order.data_type}_job", order.run_config, tags)
        except (DagsterUnreachable, DagsterRefused):
            return False
        self.placed.append(Placed(order, run_id, at, self.act))
        return True

    def backfill(self, order: Order) -> None:
        """Ask for all symbols of some days as the UI does."""
        at = datetime.now(UTC)
        asked = self.up.ask(
            """mutation ($params: LaunchBackfillParams!) { launchPartitionBackfill(backfillParams: $params) {
                ... on LaunchBackfillSuccess { backfillId } ... on PythonError { message } } }""",
            params={
                "assetSelection": [{"path": [order.data_type]}],
                "partitionNames": [key_of(day) for day in order.days],
                "title": "chaos",
            },
        )["launchPartitionBackfill"]
        self.placed.append(Placed(order, asked["backfillId"], at, self.act))

    def universe(self) -> tuple[str, ...]:
        return tuple(
            symbol for (symbol,) in self.rows("SELECT symbol FROM tracked_symbols WHERE active ORDER BY symbol")
        )

    def works_since(self, moment: datetime) -> bool:
        """Whether a run that began after a moment has succeeded."""
        found = self.look(
            f"SELECT count(*) FROM dagster.runs WHERE status = 'SUCCESS' AND start_time > {moment.timestamp()}"
        )
        return found is not None and found[0][0] > 0

    def rows_by_table(self) -> dict[str, int]:
        return {name: self.rows(f"SELECT count(*) FROM {name}")[0][0] for name in DATASETS}

    def note_served(self) -> None:
        """Keep what the simulator has served: its counts end with it."""
        self.served += self._counted()

    def all_served(self) -> Counter[tuple[str, str]]:
        return self.served + self._counted()

    def _counted(self) -> Counter[tuple[str, str]]:
        vendors = self.simulator.state()["vendors"].values()
        return Counter(
            {
                (data_type, symbol): times
                for vendor in vendors
                for data_type, symbols in vendor["served"].items()
                for symbol, times in symbols.items()
            }
        )


@contextmanager
def stage(**changes: str) -> Iterator[Stage]:
    """A pipeline whose schedules stand still, so that nothing depends on the time of day."""
    with ExitStack() as open_things:
        home, mount = open_things.enter_context(_home())
        user = open_things.enter_context(somebody(home))
        user.fetch_only("false")
        user.rows("UPDATE tracked_symbols SET timeframes = '{1d,1h}' RETURNING 1")
        up = open_things.enter_context(started(user, **{**SETTINGS, **changes}))
        ready = Stage(user, up, mount)
        ready.dagster.switch(
            on=False, names={one.name for one in ready.dagster.automations() if one.kind == "schedule"}
        )
        up.take_all_for_known()
        user.fetch_only(f"symbol IN (SELECT symbol FROM tracked_symbols ORDER BY symbol LIMIT {SYMBOLS})")
        yield ready


@contextmanager
def ordering(stage: Stage, orders: Iterator[Order]) -> Iterator[None]:
    """Orders are placed, a few at a time and in their order, as long as this goes on."""
    enough = threading.Event()

    def go_on() -> None:
        order = next(orders)
        while not enough.wait(1):
            under_way = stage.orders_under_way()
            if under_way is not None and under_way < UNDER_WAY and stage.place(order):
                order = next(orders)

    thread = threading.Thread(target=go_on, daemon=True)
    thread.start()
    try:
        yield
    finally:
        enough.set()
        thread.join()


@contextmanager
def _home() -> Iterator[tuple[Path, Path | None]]:
    """A new home, on a file system of its own where this account may mount one."""
    path = Path(tempfile.mkdtemp(prefix="market-pipeline-chaos-"))
    path.chmod(0o755)  # as root, the server runs as `nobody`, who must be able to enter
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={SIZE},mode=755", "chaos", path], capture_output=True, check=False
    )
    own = path if mounted.returncode == 0 else None
    server = EmbeddedServer(path)
    try:
        yield path, own
    finally:
        server.stop()
        if own is not None:
            subprocess.run(["umount", "--lazy", path], check=True)
        shutil.rmtree(path, ignore_errors=True)
