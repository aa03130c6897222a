"""The schema as text: what a freshly migrated database contains, kept in sql/schema.sql so that reviews show it.

Belongs here: dumping, and the form that makes two dumps comparable. Does not: changing a schema (`migrate`).
"""

import re
import subprocess
import tempfile
from pathlib import Path

from psycopg.conninfo import conninfo_to_dict, make_conninfo

from market_pipeline.storage.database import Database
from market_pipeline.storage.embedded_postgres import EmbeddedServer
from market_pipeline.storage.errors import StorageError
from market_pipeline.storage.migrate import migrate, sql_directory
from market_pipeline.storage.postgres_tools import environment, installation

HEADER = "-- The schema after all migrations, for reading. Written by `market-pipeline db dump`, never by hand.\n"
# What differs without a change, or only says again what the statement says.
NOISE = re.compile(
    r"\A.*?(?=^--\n-- Name: )"  # pg_dump's version, session settings, since 18 a random key against injection
    r"|^\\unrestrict .*?\n"
    r"|^--\n-- (?:Name: |PostgreSQL database dump).*?\n--\n"
    r"|^SET default_table\w+ = .*?;\n"
    r"|^(?:CREATE|COMMENT ON) SCHEMA public\b.*?;\n",
    re.MULTILINE | re.DOTALL,
)


def dump_schema(database: Database) -> str:
    """The definitions in schema public of `database`, the same text for the same definitions; no rows, no owners.

    Raises StorageError with pg_dump's words when it fails (a server newer than the embedded one, for example).
    """
    parts = {name: str(value) for name, value in conninfo_to_dict(database.url).items()}
    password = parts.pop("password", None)
    result = subprocess.run(
        [
            *(installation() / "bin/pg_dump", "--schema-only", "--no-owner", "--no-privileges", "--schema=public"),
            f"--dbname={make_conninfo(**parts)}",
        ],
        env=environment() | ({"PGPASSWORD": password} if password is not None else {}),  # not in the process list
        capture_output=True,
        text=True,
        check=False,
    )
    if result.returncode != 0:
        raise StorageError(f"The schema cannot be dumped: {result.stderr.strip()}")
    definitions = re.sub(r"\n{3,}", "\n\n", NOISE.sub("", result.stdout)).strip()
    return f"{HEADER}\n{definitions}\n"


def write_schema_dump() -> Path:
    """Migrate an empty database on a server of its own and write its dump to sql/schema.sql; returns that path."""
    with tempfile.TemporaryDirectory() as home:
        Path(home).chmod(0o755)  # as root, the server runs as `nobody`, who must be able to enter
        server = EmbeddedServer(Path(home))
        try:
            server.ensure()
            database = Database(server.url())
            migrate(database)
            target = sql_directory() / "schema.sql"
            target.write_text(dump_schema(database), "utf-8")
        finally:
            server.stop()
    return target
