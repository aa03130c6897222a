"""`market-pipeline db`: where the database is, its schema, and the embedded server's life."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from market_pipeline.settings import Settings, load_settings
from market_pipeline.storage.backup import back_up
from market_pipeline.storage.backup import restore as restore_backup
from market_pipeline.storage.database import Database, open_database, redact_url
from market_pipeline.storage.embedded_postgres import EmbeddedServer
from market_pipeline.storage.errors import StorageError
from market_pipeline.storage.prepare import prepared_database, reset_database
from market_pipeline.storage.schema_dump import write_schema_dump

app = typer.Typer(help="The database: address, schema, embedded server.", no_args_is_help=True)
console = Console(soft_wrap=True)  # addresses and paths stay whole, to be copied


@app.command()
def url() -> None:
    """Print the database URL, starting the embedded server if necessary. For `psql $(market-pipeline db url)`."""
    database = _opened(load_settings())
    typer.echo(redact_url(database.url))


@app.command()
def migrate() -> None:
    """Bring the schema up to date.  Safe to run at any time, from several machines at once."""
    prepared_database(load_settings())
    console.print("the schema is up to date")


@app.command()
def stop() -> None:
    """Stop the embedded server.  Data stays; the next command starts it again."""
    settings = load_settings()
    if settings.database_url is not None:
        raise StorageError("DATABASE_URL is set: that server is not ours to stop")
    stopped = EmbeddedServer(settings.home).stop()
    console.print("stopped" if stopped else "it was not running")


@app.command()
def backup(
    file: Annotated[Path, typer.Argument(help="Where to, such as market_data.dump; must not be there yet.")],
) -> None:
    """Back up the whole database to a file, Dagster's history included. Nothing has to be stopped."""
    written = back_up(_opened(load_settings()), file)
    console.print(f"written: {file}, {written / 1e6:,.1f} MB")


@app.command()
def restore(
    file: Annotated[Path, typer.Argument(help="What `market-pipeline db backup` has written.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Restore a backup. It replaces everything in the database; stop Dagster first."""
    settings = load_settings()
    database = _opened(settings)
    if not yes:
        typer.confirm(f"Replace everything in {redact_url(database.url)}?", abort=True)
    restore_backup(database, file, settings.world)
    prepared_database(settings)  # an older one is brought up to date
    console.print("restored, and the schema is up to date")


@app.command()
def reset(
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Delete all market data, tracking data and symbols (not Dagster's history), and create an empty schema."""
    settings = load_settings()
    database = _opened(settings)
    if not yes:
        typer.confirm(f"Delete everything in {redact_url(database.url)}?", abort=True)
    reset_database(database, settings)
    console.print(f"the database is new and holds the world {settings.world}")


@app.command()
def dump() -> None:
    """Rewrite sql/schema.sql after a change of the migrations. For developers."""
    console.print(f"written: {write_schema_dump()}")


def _opened(settings: Settings) -> Database:
    return open_database(settings.database_address, settings.home)
