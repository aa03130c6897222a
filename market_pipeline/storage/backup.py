"""A whole database as one file, and back: market data, tracking and Dagster's history.

Here belongs what has to hold before and after: a backup is whole or not there, a restored database is exactly the backup, and one
that could not be restored is as it was.  The work is done by PostgreSQL itself, `clients`.
"""

import re
import tempfile
from pathlib import Path

from market_pipeline.storage.clients import on_database, on_file
from market_pipeline.storage.dagster_storage import SCHEMA
from market_pipeline.storage.database import Database
from market_pipeline.storage.errors import MigrationError, StorageError
from market_pipeline.storage.migrate import load_schema, pending, sql_directory
from market_pipeline.storage.world import refuse_other_world

EMPTY = f"DROP SCHEMA IF EXISTS public CASCADE; DROP SCHEMA IF EXISTS {SCHEMA} CASCADE; CREATE SCHEMA public"
OTHERS = """
    SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()
"""


def back_up(database: Database, file: Path) -> int:
    """Write the database as it is at one moment, while it is in use; how many bytes.

    Raises StorageError where the file is there already, cannot be written, or the database cannot be read.
    """
    if file.exists():
        raise StorageError(f"{file} is there already: name another file")
    aside = file.with_name(f"{file.name}.part")
    try:
        on_database(database, "pg_dump", "--format=custom", "--no-owner", "--no-privileges", f"--file={aside}")
        aside.rename(file)  # a backup that broke off never has the name of a whole one
    finally:
        aside.unlink(missing_ok=True)
    return file.stat().st_size


def restore(database: Database, file: Path, world: str) -> None:
    """Make the database what it was when the backup was written, in one transaction: all of it, or nothing has changed.

    Raises StorageError for a file that is no backup of ours or from a newer version, and while others use the database;
    WrongWorld for one that holds another than `world`.
    """
    _refuse_foreign(file, world)
    with database.connect(name="restore") as connection:
        (others,) = connection.execute(OTHERS).fetchone() or (0,)
    if others:
        raise StorageError(
            f"{others} other connections use the database: stop `market-pipeline up`, runs, workers and monitors first"
        )
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "restore.sql"
        on_file("pg_restore", "--no-owner", "--no-privileges", "--clean", "--if-exists", f"--file={script}", file)
        on_database(
            database,
            "psql",
            *("--no-psqlrc", "--quiet", "--single-transaction", "--set=ON_ERROR_STOP=1", "--output=/dev/null"),
            *("--command=SET client_min_messages = warning", f"--command={EMPTY}", f"--file={script}"),
        )


def _refuse_foreign(file: Path, world: str) -> None:
    """Raises StorageError unless it is a backup of that world, which this code can bring up to date."""
    if not file.is_file():
        raise StorageError(f"{file} is not there")
    try:
        applied, worlds = _rows(file, "schema_migrations"), _rows(file, "database_world")
    except StorageError as error:
        raise StorageError(f"{file} is no backup that `market-pipeline db backup` has written. {error}") from None
    if not applied:
        raise StorageError(f"{file} holds no market_pipeline database")
    try:
        pending(load_schema(sql_directory()), {name: (int(number), checksum) for number, name, checksum, _ in applied})
    except MigrationError as error:
        raise StorageError(f"{file} is of another version. {error}") from None
    for _, held, _ in worlds:
        refuse_other_world(str(file), held, world)


def _rows(file: Path, table: str) -> list[list[str]]:
    """The rows of a small table in a backup, as COPY writes them."""
    script = on_file("pg_restore", "--data-only", f"--table={table}", "--file=-", file)
    copied = re.search(r"^COPY .* FROM stdin;\n(.*?)^\\\.$", script, re.MULTILINE | re.DOTALL)
    return [] if copied is None else [line.split("\t") for line in copied[1].splitlines()]
