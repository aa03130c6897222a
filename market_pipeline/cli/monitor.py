"""`market-pipeline monitor`: the HTTP API and the pages, until it is stopped."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import dagster as dg
import typer
import uvicorn
from rich.console import Console

from market_pipeline.cli.dagster_home import dagster_home
from market_pipeline.cli.ports import refuse_port_in_use
from market_pipeline.monitor.access import refuse_open_address
from market_pipeline.monitor.app import create_app
from market_pipeline.monitor.dagster_control import DagsterControl
from market_pipeline.monitor.reading import Reader
from market_pipeline.monitor.services import Services
from market_pipeline.resources import utc_now
from market_pipeline.sessions import Sessions
from market_pipeline.settings import Settings, load_settings
from market_pipeline.storage.database import Database
from market_pipeline.storage.prepare import prepared_database

GRACE = 5  # seconds for answers that are under way, and for live pages, when it is told to stop
console = Console(soft_wrap=True)  # addresses and paths stay whole, to be copied


def monitor(
    host: Annotated[
        str, typer.Option(help="Address to listen on; any but this machine's own needs MONITOR_TOKEN.")
    ] = "127.0.0.1",
    port: Annotated[
        int | None, typer.Option(min=1, max=65535, help="Port to listen on; MONITOR_PORT by default.")
    ] = None,
) -> None:
    """Serve the monitor (pages, JSON API, Prometheus metrics). Ctrl-C stops it."""
    settings = load_settings()
    refuse_open_address(host, settings.monitor_token)
    listening_on = settings.monitor_port if port is None else port
    refuse_port_in_use(listening_on, "market-pipeline monitor --port NUMBER")
    with _server(settings, prepared_database(settings), host, listening_on) as server:
        console.print(f"monitor    http://{host}:{listening_on}")
        server.run()


@contextmanager
def monitor_beside(settings: Settings, database: Database) -> Iterator[str]:
    """The monitor in a thread, for as long as something else runs; its address."""
    with _server(settings, database, "127.0.0.1", settings.monitor_port) as server:
        thread = threading.Thread(target=server.run, name="monitor")
        thread.start()
        try:
            yield f"http://127.0.0.1:{settings.monitor_port}"
        finally:
            server.should_exit = True
            thread.join()


@contextmanager
def _server(settings: Settings, database: Database, host: str, port: int) -> Iterator[uvicorn.Server]:
    with dg.DagsterInstance.from_config(str(dagster_home(settings))) as instance:
        services = Services(
            settings=settings,
            database=database,
            reader=Reader(database),
            dagster=DagsterControl(settings.dagster_url),
            instance=instance,
            sessions=Sessions(settings.exchange),
            clock=utc_now,
        )
        app = create_app(services)
        config = uvicorn.Config(app, host=host, port=port, log_level="warning", timeout_graceful_shutdown=GRACE)
        yield uvicorn.Server(config)
