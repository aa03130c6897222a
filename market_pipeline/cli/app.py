"""The command `market-pipeline`: its subcommands, and how errors end it.

Here belongs what all commands share.  Exit codes: 0 done, 1 not all of it was possible, 2 wrong usage or settings,
3 no database.
"""

import logging
import signal
import sys

import psycopg
import typer
from rich.console import Console
from rich.markup import escape

from market_pipeline.cli import (
    alerts,
    backfill,
    cache,
    cleanup,
    database,
    executions,
    freshness,
    inspect,
    job,
    monitor,
    providers,
    quality,
    retry,
    run,
    symbols,
    worker,
)
from market_pipeline.monitor.dagster_control import DagsterRefused, DagsterUnreachable
from market_pipeline.sessions import UnknownExchange
from market_pipeline.settings import SettingsError
from market_pipeline.simulator.process import PortInUse
from market_pipeline.storage.errors import DatabaseUnavailable, InvalidDatabaseUrl, StorageError
from market_pipeline.storage.universe import InvalidSymbol

app = typer.Typer(
    help="Market data that arrives every day: nine data types, many vendors, one database.",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,  # locals hold keys
    rich_markup_mode="markdown",
)
app.command()(run.up)
app.command()(run.demo)
app.command()(run.simulator)
app.command()(job.run)
app.command()(worker.worker)
app.command()(monitor.monitor)
app.command()(inspect.status)
app.command()(freshness.freshness)
app.command()(executions.executions)
app.command()(retry.retry)
app.command()(backfill.backfill)
app.command()(quality.quality)
app.command()(cleanup.cleanup)
app.add_typer(alerts.app, name="alerts")
app.add_typer(providers.app, name="providers")
app.add_typer(cache.app, name="cache")
app.add_typer(database.app, name="db")
app.add_typer(symbols.app, name="symbols")


def main() -> None:
    """Run the command; an error that a user can mend is one message without a traceback."""
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(message)s")
    # SIGTERM ends a command as Ctrl-C does: nothing it started is left.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        app()
    except (SettingsError, InvalidDatabaseUrl, InvalidSymbol, UnknownExchange) as error:
        _end(error, 2)
    except DatabaseUnavailable as error:
        _end(error, 3)
    except (StorageError, PortInUse, DagsterUnreachable, DagsterRefused, psycopg.Error) as error:
        _end(error, 1)


def _end(error: Exception, code: int) -> None:
    Console(stderr=True).print(f"[bold red]error:[/] {escape(str(error))}", highlight=False, soft_wrap=True)
    sys.exit(code)
