"""What monitor tests share: the application on a real port over a database that a run has filled."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import dagster as dg
import httpx
import pytest
import uvicorn

from market_pipeline.monitor.app import create_app
from market_pipeline.monitor.dagster_control import Automation, DagsterControl, DagsterRefused
from market_pipeline.monitor.reading import Reader
from market_pipeline.monitor.services import Services
from market_pipeline.resources import Clock, utc_now
from market_pipeline.sessions import Sessions
from market_pipeline.settings import load_settings
from market_pipeline.storage.data_types import declare_data_types
from market_pipeline.storage.database import Database
from market_pipeline_tests.orchestration.conftest import NOW, Runs, _simulator, environment, instance, runs

__all__ = ["_simulator", "environment", "instance", "runs"]


@dataclass
class Switchboard(DagsterControl):
    """Takes the place of Dagster's webserver where only what it is asked matters; e2e tests have the real one."""

    instance: dg.DagsterInstance
    launched: list[tuple[str, dict[str, Any], dict[str, str]]] = field(default_factory=list)
    on: dict[str, bool] = field(default_factory=lambda: {"stock_quotes_schedule": True, "news_schedule": False})
    undone: list[str] = field(default_factory=list)
    """What the daemon, which has just read all states, writes back as it was, once each."""

    def __post_init__(self) -> None:
        super().__init__("http://127.0.0.1:1", sleep=lambda _: None)

    def launch(self, job: str, run_config: Any, tags: Any) -> str:
        if job == "broken_job":
            raise DagsterRefused("no such job")
        self.launched.append((job, dict(run_config), dict(tags)))
        run = self.instance.create_run_for_job(dg.JobDefinition(name=job, graph_def=_nothing), tags=dict(tags))
        return run.run_id

    def cancel(self, run_id: str) -> None:
        raise DagsterRefused(f"run {run_id} has ended")

    def automations(self) -> list[Automation]:
        return [Automation("schedule", name, running, name) for name, running in self.on.items()]

    def turn(self, automation: Automation, *, on: bool) -> None:
        if automation.name in self.undone:
            self.undone.remove(automation.name)
        else:
            self.on[automation.name] = on


@dg.op
def _do_nothing() -> None: ...


_nothing = dg.GraphDefinition(name="nothing", node_defs=[_do_nothing])


@dataclass
class Monitor:
    """The application as a user has it: an HTTP client to it, and what it was told to do."""

    client: httpx.Client
    switchboard: Switchboard
    database: Database


Serving = Callable[..., Any]


@pytest.fixture
def serving(environment: pytest.MonkeyPatch, instance: dg.DagsterInstance) -> Serving:
    """Starts the application over a database, for the length of a `with`."""

    @contextmanager
    def serve(database: Database, clock: Clock = utc_now, **variables: str) -> Iterator[Monitor]:
        for name, value in variables.items():
            environment.setenv(name, value)
        settings = load_settings()
        switchboard = Switchboard(instance)
        reader = Reader(database)
        services = Services(settings, database, reader, switchboard, instance, Sessions(settings.exchange), clock)
        listener = socket.create_server(("127.0.0.1", 0))
        config = uvicorn.Config(create_app(services), log_level="warning", timeout_graceful_shutdown=1)
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        while not server.started:
            time.sleep(0.01)
        try:
            with httpx.Client(base_url=f"http://127.0.0.1:{listener.getsockname()[1]}", timeout=30) as client:
                yield Monitor(client, switchboard, database)
        finally:
            server.should_exit = True
            thread.join()

    return serve


@pytest.fixture
def monitor(serving: Serving, runs: Runs, database: Database) -> Iterator[Monitor]:
    """The monitor at NOW, of a pipeline whose company info was fetched, but for one symbol that failed.

    Freshness is by the database's clock, for which that was long ago: what was fetched is stale.
    """
    with database.connect() as connection:
        declare_data_types(connection)
    runs.track("ZZTOP")
    assert runs.of("company_info").success
    runs.fail("stock_quotes", "AAPL", at=NOW, partition_key="2026-05-29")
    with serving(database, lambda: NOW) as found:
        yield found
