"""`market-pipeline monitor`: the HTTP API and the pages, until it is stopped."""

from typing import Annotated

import dagster as dg
import typer
import uvicorn
from rich.console import Console

from market_pipeline.cli.dagster_home import dagster_home
from market_pipeline.monitor.access import refuse_open_address
from market_pipeline.monitor.app import create_app
from market_pipeline.monitor.dagster_control import DagsterControl
from market_pipeline.monitor.reading import Reader
from market_pipeline.monitor.services import Services
from market_pipeline.resources import utc_now
from market_pipeline.sessions import Sessions
from market_pipeline.settings import load_settings
from market_pipeline.storage.prepare import prepared_database

console = Console()


def monitor(
    host: Annotated[
        str, typer.Option(help="Address to listen on; another one than this machine needs MONITOR_TOKEN.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port to listen on.")] = 8000,
) -> None:
    """Serve the monitor: vendors, freshness, failures, executions and quality as pages, JSON and metrics.  Ctrl-C stops it."""
    settings = load_settings()
    refuse_open_address(host, settings.monitor_token)
    database = prepared_database(settings)
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
        console.print(f"monitor    http://{host}:{port}")
        uvicorn.run(create_app(services), host=host, port=port, log_level="warning", timeout_graceful_shutdown=5)
