"""The schema as text: what a freshly migrated database contains, kept in sql/schema.sql so that reviews show it.

Belongs here: dumping, and the form that makes two dumps comparable. Does not: changing a schema (`migrate`).
"""

import re
import tempfile
from pathlib import Path

from market_pipeline.storage.clients import on_database
from market_pipeline.storage.database import Database
from market_pipeline.storage.embedded_postgres import EmbeddedServer
from market_pipeline.storage.migrate import migrate, sql_directory

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
    told = on_database(database, "pg_dump", "--schema-only", "--no-owner", "--no-privileges", "--schema=public")
    definitions = re.sub(r"\n{3,}", "\n\n", NOISE.sub("", told)).strip()
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
