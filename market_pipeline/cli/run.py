"""`market-pipeline up`, `demo` and `simulator`: things that run until they are done or stopped."""

from contextlib import ExitStack
from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.console import Console

from market_pipeline.cli.dagster_home import dagster_home
from market_pipeline.cli.demo import run_demo
from market_pipeline.cli.monitor import monitor_beside
from market_pipeline.cli.parts import DatabasePart, SimulatorPart, dagster_parts
from market_pipeline.cli.ports import refuse_port_in_use
from market_pipeline.cli.supervisor import Part, Supervisor
from market_pipeline.providers.registry import PROVIDERS
from market_pipeline.sessions import Sessions
from market_pipeline.settings import Settings, SettingsError, load_provider_settings, load_settings
from market_pipeline.simulator.address import simulator_settings
from market_pipeline.simulator.faults import parse_faults
from market_pipeline.simulator.process import HOST, found_or_spawned, serve
from market_pipeline.storage.database import redact_url
from market_pipeline.storage.embedded_postgres import EmbeddedServer
from market_pipeline.storage.prepare import prepared_database

console = Console(soft_wrap=True)  # addresses and paths stay whole, to be copied


def up(
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port of the Dagster UI on 127.0.0.1.")] = 3000,
) -> None:
    """Start the database, the simulator (unless DATA_WORLD=live), the monitor, and Dagster with its UI. Ctrl-C stops them.

    Parts that crash are restarted.  The database keeps running; `market-pipeline db stop` stops it.
    """
    settings = _checked_settings()
    refuse_port_in_use(port, "market-pipeline up --port NUMBER")
    refuse_port_in_use(settings.monitor_port, "MONITOR_PORT=NUMBER market-pipeline up")
    settings = settings.model_copy(update={"dagster_url": f"http://127.0.0.1:{port}"})
    database = prepared_database(settings)
    console.print(f"database   {redact_url(database.url)}")
    parts: list[Part] = [] if settings.database_address else [DatabasePart(EmbeddedServer(settings.home))]
    with ExitStack() as running:
        if settings.data_world == "simulated":
            parts.append(SimulatorPart(simulator_settings(settings)))
            console.print(f"simulator  http://{HOST}:{settings.simulator_port}")
        console.print(f"monitor    {running.enter_context(monitor_beside(settings, database))}")
        parts += running.enter_context(dagster_parts(dagster_home(settings), port))
        supervisor = running.enter_context(Supervisor(parts, say=_tell))
        console.print(f"Dagster    http://127.0.0.1:{port} (it takes some ten seconds; Ctrl-C stops everything)")
        supervisor.run()


def demo() -> None:
    """Run the job `market_data_refresh` against simulated vendors and print a summary."""
    settings = _checked_settings()
    if settings.data_world == "live":
        raise SettingsError("DATA_WORLD=live: the demo is about simulated vendors; unset it")
    with ExitStack() as running:
        database = prepared_database(settings)
        running.enter_context(found_or_spawned(simulator_settings(settings)))
        complete = run_demo(console, settings, database)
    raise typer.Exit(0 if complete else 1)


def simulator(
    port: Annotated[
        int | None, typer.Option(min=1, max=65535, help="Port on 127.0.0.1; SIMULATOR_PORT by default.")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Which synthetic market; SIMULATOR_SEED by default.")] = None,
    faults: Annotated[
        str | None, typer.Option(help="What goes wrong: `yahoo:error_rate=0.2,latency=0.05;finnhub:outage=10-40`.")
    ] = None,
) -> None:
    """Serve a synthetic market that imitates every vendor's API, each at /VENDOR, until Ctrl-C.

    Faults and clock can be changed while it runs, at /_control.
    """
    given = {"simulator_port": port, "simulator_seed": seed, "simulator_faults": faults}
    settings = load_settings().model_copy(update={name: value for name, value in given.items() if value is not None})
    try:
        serve(
            simulator_settings(settings),
            announce=lambda url: console.print(f"simulating at {url}/VENDOR; control at {url}/_control"),
        )
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


def _checked_settings() -> Settings:
    """All settings, those that only Dagster's processes use included: what is wrong is told here and not in their logs.

    Raises SettingsError and UnknownExchange.
    """
    settings = load_settings()
    Sessions(settings.exchange).last_known()
    for vendor in PROVIDERS:
        load_provider_settings(vendor)
    try:
        parse_faults(simulator_settings(settings).faults, PROVIDERS)
    except ValueError as error:
        raise SettingsError(f"SIMULATOR_FAULTS={settings.simulator_faults!r}: {error}") from None
    return settings


def _tell(words: str) -> None:
    console.print(f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} {words}", markup=False, highlight=False)
