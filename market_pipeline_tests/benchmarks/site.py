"""A folder as a user has one, with the project's dagster.yaml and settings of its own: Dagster's processes are started in it."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from market_pipeline.settings import PROJECT_ROOT
from market_pipeline.simulator.control import SimulatorControl
from market_pipeline.storage.database import Database
from market_pipeline.storage.universe import TrackedSymbol, track
from market_pipeline.storage.world import claim_world
from market_pipeline_tests.scale.hosts import Process


@dataclass(frozen=True)
class Site:
    """The folder, and what is started in it: all of that ends with it."""

    folder: Path
    database: Database
    simulator: SimulatorControl
    environment: Mapping[str, str]
    _running: ExitStack

    def track(self, symbols: Sequence[str]) -> None:
        """Have the symbols tracked, beside those that are already."""
        with self.database.connect() as connection:
            claim_world(connection, self.simulator.world())  # a new database would get the default universe
            track(connection, [TrackedSymbol(symbol) for symbol in symbols])

    def execute(self, *job: str) -> int:
        """`dagster job execute` to its end; one run.  Raises RuntimeError with what a run that fails has said."""
        command = [sys.executable, "-m", "dagster", "job", "execute", *job]
        done = subprocess.run(
            command, cwd=self.folder, env=self.environment, capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            raise RuntimeError(f"{' '.join(job)} failed:\n{done.stderr[-3000:]}")
        return 1

    def start(self, *command: str) -> None:
        """A program that goes on, with all that it starts, until the bench has ended."""
        with self._output.open("ab") as output:
            process = subprocess.Popen(
                command, cwd=self.folder, env=self.environment, stdout=output, stderr=output, start_new_session=True
            )
        self._running.callback(Process(process).kill)

    @property
    def said(self) -> str:
        """The end of what started programs have said."""
        return self._output.read_text("utf-8")[-3000:]

    @property
    def _output(self) -> Path:
        return self.folder / "output.log"


@contextmanager
def site(database: Database, simulator: SimulatorControl, **settings: str) -> Iterator[Site]:
    """A site whose vendors are the simulator, with limits that nothing here comes near."""
    with tempfile.TemporaryDirectory(prefix="market-pipeline-bench-") as name, ExitStack() as running:
        folder = Path(name)
        shutil.copy(PROJECT_ROOT / "dagster.yaml", folder)
        environment = {
            **os.environ,
            "DAGSTER_HOME": name,
            "MARKET_PIPELINE_HOME": name,
            "DATABASE_URL": database.url,
            "SIMULATOR_PORT": str(urlsplit(simulator.url).port),
            "SIMULATOR_RATE_FACTOR": "10000",
            **settings,
        }
        yield Site(folder, database, simulator, environment, running)
