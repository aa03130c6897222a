"""Bringing a database's schema up to date with the files in sql/.

Belongs here: which files there are, which of them a database still needs, applying those. Does not: the SQL itself
(sql/), the committed dump of the result (`schema_dump`).

`migrations/NNNN_words.sql` are append-only: each is applied once, in order of its number, in one transaction, and
never changes again. `functions/*.sql` and `views/*.sql` hold one `create or replace` each; all of them are applied
again, in one transaction and in order of their names, whenever one of them changed or a migration was applied. A
migration that must change something under a view drops the view, and gets it back this way.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import psycopg

from market_pipeline.storage.database import Connection, Database
from market_pipeline.storage.errors import MigrationError

PACKAGE = Path(__file__).resolve().parent.parent
LOCK = "select pg_advisory_lock(hashtextextended('market_pipeline.migrate', 0))"
RECORDS = """
create table if not exists public.schema_migrations (
    number integer primary key,
    name text not null,
    checksum text not null,
    applied_at timestamptz not null default now()
);
comment on table public.schema_migrations is 'The migrations applied to this database.';
create table if not exists public.schema_objects (
    name text primary key,
    checksum text not null,
    applied_at timestamptz not null default now()
);
comment on table public.schema_objects is 'The functions and views of this database, as last created or replaced.';
"""
RECORDED = """
select number, name, checksum from public.schema_migrations
union all
select null, name, checksum from public.schema_objects
"""

# One statement: what may hide a semicolon (comments, strings, names, dollar quotes, SQL function bodies), up to one.
STATEMENT = re.compile(
    r"""(?: --[^\n]* | /\*.*?\*/ | \be'(?:[^'\\]|\\.|'')*' | '(?:[^']|'')*' | "[^"]*"
          | \$(?P<tag>(?:[a-z_]\w*)?)\$.*?\$(?P=tag)\$ | \bbegin\s+atomic\b.*?\bend\b(?=\s*;) | [^;] )+""",
    re.DOTALL | re.IGNORECASE | re.VERBOSE,
)
BLANK = re.compile(r"\s+|--[^\n]*|/\*.*?\*/", re.DOTALL)
TRANSACTION_CONTROL = re.compile(r"(?:begin|start|commit|end|rollback|abort|prepare\s+transaction)\b", re.IGNORECASE)
COLUMNS_OF_VIEW_CHANGED = "42P16"
HINTS = {
    COLUMNS_OF_VIEW_CHANGED: "A view's columns can only be added at the end. For any other change add a migration "
    "with `drop view NAME;`: the view is created anew after it."
}


@dataclass(frozen=True)
class Script:
    """A file of SQL: `name` is its path inside sql/, `number` that of a migration, None for a function or view."""

    name: str
    text: str
    number: int | None = None

    @property
    def checksum(self) -> str:
        return sha256(self.text.encode()).hexdigest()


@dataclass(frozen=True)
class Schema:
    """All files, each kind in the order in which it is applied; migrations by their number."""

    migrations: Mapping[int, Script]
    objects: Sequence[Script]


def sql_directory() -> Path:
    """The folder sql/: inside the package when installed from a wheel, at the top of a checkout."""
    packaged = PACKAGE / "sql"
    return packaged if packaged.is_dir() else PACKAGE.parent / "sql"


def migrate(database: Database, directory: Path | None = None) -> list[str]:
    """Apply what `database` lacks of the files in `directory` (default: the project's sql/); returns their names.

    Up to date, it costs one query and takes no lock. Of several callers at once one applies, the others wait.
    Raises MigrationError, leaving nothing behind of the file it names; DatabaseUnavailable as Database.connect does.
    """
    schema = load_schema(directory or sql_directory())
    with database.connect(autocommit=True, name="migrate") as connection:
        try:
            if not any(pending(schema, _recorded(connection))):
                return []
            connection.execute(LOCK)  # until the connection closes, also when this process is killed
            migrations, objects = pending(schema, _recorded(connection))
            if migrations or objects:  # else another caller was faster
                _apply(connection, migrations, objects)
        except psycopg.Error as error:
            raise MigrationError(f"The database's schema could not be brought up to date: {error}") from error
    return [script.name for script in (*migrations, *objects)]


def load_schema(directory: Path) -> Schema:
    """Read the files of `directory`. Raises MigrationError for a wrong file name, a number used twice, no files."""
    paths = sorted((directory / "migrations").glob("*.sql"))
    if not paths:
        raise MigrationError(f"There are no migrations in {directory / 'migrations'}.")
    migrations: dict[int, Script] = {}
    for path in paths:
        match = re.fullmatch(r"(\d{4})_\w+", path.stem)
        if match is None:
            raise MigrationError(f"{path} is not named like a migration: NNNN_words.sql, such as 0007_add_news.sql.")
        number, script = int(match[1]), Script(f"migrations/{path.name}", path.read_text("utf-8"), int(match[1]))
        if number in migrations:
            raise MigrationError(
                f"{migrations[number].name} and {script.name} have the same number: renumber the newer."
            )
        migrations[number] = script
    objects = [
        Script(f"{folder}/{path.name}", path.read_text("utf-8"))
        for folder in ("functions", "views")
        for path in sorted((directory / folder).glob("*.sql"))
    ]
    return Schema(migrations, objects)


def pending(schema: Schema, recorded: Mapping[str, tuple[int | None, str]]) -> tuple[list[Script], list[Script]]:
    """The migrations, and the functions and views, that a database with `recorded` (number and checksum by name) lacks.

    Raises MigrationError when the database is newer than the files, or the files were not only appended to.
    """
    applied = {number: (name, checksum) for name, (number, checksum) in recorded.items() if number is not None}
    for number, (name, checksum) in applied.items():
        if number not in schema.migrations:
            raise MigrationError(
                f"The database is newer than this code: it has {name}, which this version does not know. "
                "Run the newer version of market_pipeline."
            )
        file = schema.migrations[number]
        if (file.name, file.checksum) != (name, checksum):
            raise MigrationError(
                f"{file.name} is not what was applied to the database as {name}. A migration never changes once "
                "applied: restore the file and put the change into a new migration."
            )
    missing = [number for number in schema.migrations if number not in applied]
    if missing and applied and missing[0] < max(applied):
        raise MigrationError(
            f"{schema.migrations[missing[0]].name} comes before {applied[max(applied)][0]}, which the database already "
            "has: give it the next free number."
        )
    current = {name: checksum for name, (number, checksum) in recorded.items() if number is None}
    if not missing and current == {script.name: script.checksum for script in schema.objects}:
        return [], []
    return [schema.migrations[number] for number in missing], list(schema.objects)


def _recorded(connection: Connection) -> dict[str, tuple[int | None, str]]:
    try:
        return {name: (number, checksum) for number, name, checksum in connection.execute(RECORDED)}
    except psycopg.errors.UndefinedTable:
        return {}  # never migrated


def _apply(connection: Connection, migrations: list[Script], objects: list[Script]) -> None:
    connection.execute(RECORDS)
    for script in migrations:
        with connection.transaction():
            _execute(connection, script)
            connection.execute(
                "insert into public.schema_migrations (number, name, checksum) values (%s, %s, %s)",
                [script.number, script.name, script.checksum],
            )
    with connection.transaction():
        connection.execute("set local check_function_bodies = off")  # they may use what is created after them
        connection.execute("delete from public.schema_objects")
        for script in objects:
            _execute(connection, script)
            connection.execute(
                "insert into public.schema_objects (name, checksum) values (%s, %s)", [script.name, script.checksum]
            )


def _execute(connection: Connection, script: Script) -> None:
    """Statement by statement: only for some errors PostgreSQL tells the place, and then inside the statement."""
    for line, statement in _statements(script.text):
        if TRANSACTION_CONTROL.match(statement):
            raise MigrationError(f"{script.name}, line {line}: a file is one transaction, it cannot begin or end one.")
        try:
            connection.execute(statement.encode())
        except psycopg.Error as error:
            position = int(error.diag.statement_position or 1)
            line += statement.count("\n", 0, position - 1)
            hint = HINTS.get(error.sqlstate or "", error.diag.message_hint or "")
            words = ". ".join(filter(None, [error.diag.message_primary or str(error), error.diag.message_detail, hint]))
            raise MigrationError(f"{script.name}, line {line}: {words} (nothing of this file was kept)") from error


def _statements(text: str) -> Iterator[tuple[int, str]]:
    """Each statement with the number of the line it begins on; comments before it are left out."""
    for match in STATEMENT.finditer(text):
        start = match.start()
        while blank := BLANK.match(text, start, match.end()):
            start = blank.end()
        if start < match.end():
            yield text.count("\n", 0, start) + 1, text[start : match.end()]
