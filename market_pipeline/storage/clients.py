"""PostgreSQL's client programs, of the embedded server's wheel, on any database: pg_dump, pg_restore, psql.

Here belongs how they are told the database without showing its password.  What they are asked for is `schema_dump` and `backup`.
"""

import subprocess
from pathlib import Path

from psycopg.conninfo import conninfo_to_dict, make_conninfo

from market_pipeline.storage.database import Database
from market_pipeline.storage.errors import StorageError
from market_pipeline.storage.postgres_tools import environment, installation


def on_database(database: Database, tool: str, *arguments: str | Path) -> str:
    """What the program printed.  Raises StorageError with its own words, a server newer than the program's among them."""
    parts = {name: str(value) for name, value in conninfo_to_dict(database.url).items()}
    password = parts.pop("password", None)
    secret = {"PGPASSWORD": password} if password is not None else {}  # not in the process list
    return on_file(tool, *arguments, f"--dbname={make_conninfo(**parts)}", variables=secret)


def on_file(tool: str, *arguments: str | Path, variables: dict[str, str] | None = None) -> str:
    """The same for a program that works without a database."""
    command = [installation() / "bin" / tool, *arguments]
    done = subprocess.run(
        command,
        env=environment() | (variables or {}),
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    if done.returncode != 0:
        raise StorageError(f"{tool} failed: {done.stderr.strip()}")
    return done.stdout
