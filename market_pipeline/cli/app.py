"""The command `market-pipeline`: its subcommands, and how errors end it.

Here belongs what all commands share.  Exit codes: 0 done, 1 not all of it was possible, 2 wrong usage or settings,
3 no database.
"""

import logging
import signal
import sys
from collections.abc import Iterator, Mapping
from importlib import import_module
from importlib.metadata import version as installed_version
from typing import Annotated, Any

import psycopg
import typer
from rich.console import Console
from rich.markup import escape
from typer.core import TyperGroup

from market_pipeline.monitor.dagster_control import DagsterRefused, DagsterUnreachable
from market_pipeline.sessions import UnknownExchange
from market_pipeline.settings import SettingsError
from market_pipeline.simulator.process import PortInUse
from market_pipeline.storage.errors import DatabaseUnavailable, InvalidDatabaseUrl, StorageError
from market_pipeline.storage.universe import InvalidSymbol

COMMANDS = {  # the module of each in this package; there it is the function of its name, or `app` for a group of commands
    "up": "run",
    "demo": "run",
    "simulator": "run",
    "run": "job",
    "worker": "worker",
    "monitor": "monitor",
    "status": "status",
    "freshness": "freshness",
    "executions": "executions",
    "retry": "retry",
    "backfill": "backfill",
    "quality": "quality",
    "cleanup": "cleanup",
    "alerts": "alerts",
    "providers": "providers",
    "cache": "cache",
    "db": "database",
    "symbols": "symbols",
}
LOOKS: dict[str, Any] = {"rich_markup_mode": "markdown", "pretty_exceptions_show_locals": False}  # locals hold keys


class _Commands(Mapping[str, Any]):
    """The subcommands; each is imported when it is asked for, because most do without Dagster, which takes two seconds.

    Typed loosely because Typer brings a private copy of Click.
    """

    def __getitem__(self, name: str) -> Any:
        module, parent = import_module(f"market_pipeline.cli.{COMMANDS[name]}"), typer.Typer(**LOOKS)
        if hasattr(module, "app"):
            parent.add_typer(module.app, name=name)
        else:
            parent.command(name)(getattr(module, name))
        return typer.main.get_group(parent).commands[name]

    def __iter__(self) -> Iterator[str]:
        return iter(COMMANDS)

    def __len__(self) -> int:
        return len(COMMANDS)


class _Group(TyperGroup):
    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.commands = _Commands()  # type: ignore[assignment]  # nothing is added


app = typer.Typer(cls=_Group, no_args_is_help=True, **LOOKS)


@app.callback(invoke_without_command=True)
def _about(
    version: Annotated[bool, typer.Option("--version", help="Show the version and exit.")] = False,
) -> None:
    """Market data that arrives every day: nine data types, many vendors, one database."""
    if version:
        typer.echo(f"market_pipeline {installed_version('market_pipeline')}")
        raise typer.Exit


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
