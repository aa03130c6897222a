"""What end-to-end tests share: a user at a terminal, with a home, ports and processes of their own.

Whatever a user has started is found by the home in its environment, and ended with them.
"""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dagster as dg
import psutil
import pytest
from dotenv import dotenv_values

from market_pipeline.providers.registry import PROVIDERS
from market_pipeline.settings import PROJECT_ROOT, ProviderSettings, Settings
from market_pipeline.storage.database import Database
from market_pipeline.storage.embedded_postgres import EmbeddedServer
from market_pipeline_tests.conftest import temporary_home
from market_pipeline_tests.ports import free_port

HOME = "MARKET_PIPELINE_HOME"
BIN = Path(sys.executable).parent
SETTINGS = {
    *(str(field.validation_alias or name).upper() for name, field in Settings.model_fields.items()),
    *(f"{vendor}_{name}".upper() for vendor in PROVIDERS for name in ProviderSettings.model_fields),
    "DAGSTER_HOME",
}


@dataclass(frozen=True)
class User:
    """Somebody with a fresh home who has set nothing else, and types commands in the project's folder."""

    home: Path
    environment: Mapping[str, str]

    def start(self, *command: str, **changes: str) -> "subprocess.Popen[str]":
        """A command that goes on; its output is one stream."""
        return subprocess.Popen(
            [str(BIN / command[0]), *command[1:]],
            cwd=PROJECT_ROOT,
            env={**self.environment, **changes},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def run(self, *command: str, **changes: str) -> "subprocess.CompletedProcess[str]":
        """A command to its end."""
        with self.start(*command, **changes) as process:
            output, _ = process.communicate(timeout=200)
        return subprocess.CompletedProcess(command, process.returncode, output)

    @property
    def database(self) -> Database:
        return Database(EmbeddedServer(self.home).url())

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with self.database.connect(name="tests") as connection:
            return connection.execute(query).fetchall()

    def fetch_only(self, which: str) -> None:
        """Makes those symbols active, and no others, of which an SQL condition holds; prepares a new database.

        Two symbols prove what the whole universe does, and what is new to a daemon is fetched by it.
        """
        if not EmbeddedServer(self.home).running():
            self.run("market-pipeline", "symbols", "list")
        self.rows(f"UPDATE tracked_symbols SET active = {which} RETURNING 1")

    @contextmanager
    def dagster(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[dg.DagsterInstance]:
        """The instance that the user's commands write to."""
        with monkeypatch.context() as here:
            for name in SETTINGS:
                here.delenv(name, raising=False)
            here.setenv(HOME, str(self.home))
            with dg.DagsterInstance.from_config(str(PROJECT_ROOT)) as instance:
                yield instance

    def processes(self, words: str = "") -> list[psutil.Process]:
        """What the user has started and still runs, but the database; only those whose command line has the words."""
        found = []
        for process in psutil.process_iter():
            with suppress(psutil.Error):  # it ends meanwhile
                mine = process.environ().get(HOME) == str(self.home) and process.name() != "postgres"
                if mine and words in " ".join(process.cmdline()):
                    found.append(process)
        return found


@contextmanager
def somebody(home: Path) -> Iterator[User]:
    """A user with a home; whatever they leave running is killed, but the database."""
    inherited = {name: value for name, value in os.environ.items() if name not in SETTINGS}
    environment = {
        **inherited,
        HOME: str(home),
        "SIMULATOR_PORT": str(free_port()),
        "MONITOR_PORT": str(free_port()),
        "COLUMNS": "120",
    }
    one = User(home, environment)
    try:
        yield one
    finally:
        left = one.processes()
        for process in left:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs(left, timeout=10)


@pytest.fixture(scope="module")
def user() -> Iterator[User]:
    if dotenv_values(PROJECT_ROOT / ".env").get("DATABASE_URL"):
        pytest.skip(
            "the .env of the checkout sets DATABASE_URL: these tests are about the database that starts by itself"
        )
    with temporary_home() as home, somebody(home) as one:
        yield one
