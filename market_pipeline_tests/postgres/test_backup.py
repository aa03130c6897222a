"""Backup and restore by the command line: of the embedded server, and of one that is reached by address and password."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from typer.testing import CliRunner, Result

from market_pipeline.cli.app import app
from market_pipeline.settings import load_settings
from market_pipeline.storage.database import Database
from market_pipeline.storage.embedded_postgres import EmbeddedServer
from market_pipeline.storage.errors import StorageError
from market_pipeline.storage.postgres_tools import run, server_account
from market_pipeline_tests.ports import free_port

FAR = "public.schema_migrations (number, name, checksum) VALUES (9999, 'migrations/9999_later.sql', 'abc')"


def with_password(home: Path) -> Iterator[str]:
    """A server that listens on TCP and asks for a password."""
    import os

    password, port, data = secrets.token_hex(8), free_port(), home / "server"
    (home / "password").write_text(password)
    data.mkdir()
    for path in (data, home / "password"):
        os.chown(path, *server_account())
    asked = ("-U", "postgres", "-A", "scram-sha-256", f"--pwfile={home / 'password'}")
    run("initdb", "-D", data, *asked, "-E", "UTF8", "--locale=C", scratch=home)
    options = f"-h 127.0.0.1 -p {port} -k ''"
    run("pg_ctl", "start", "-w", "-D", data, "-l", data / "log", "-o", options, scratch=home)
    try:
        yield f"postgresql://postgres:{password}@127.0.0.1:{port}/postgres"
    finally:
        run("pg_ctl", "stop", "-m", "immediate", "-D", data, scratch=home)


def embedded(home: Path) -> Iterator[str]:
    server = EmbeddedServer(home)
    server.ensure()
    yield server.url()


@pytest.fixture(params=[embedded, with_password])
def database(request: pytest.FixtureRequest, home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    """A database with the default universe, which the commands are set up for."""
    with contextmanager(request.param)(home) as url:
        monkeypatch.setenv("DATABASE_URL", url)
        assert market_pipeline("db", "migrate").exit_code == 0
        yield Database(url)


def market_pipeline(*words: str) -> Result:
    return CliRunner().invoke(app, words)


def contents(database: Database) -> dict[str, list[tuple[object, ...]]]:
    """Every row of every table."""
    with database.connect(autocommit=True) as connection:
        tables = connection.execute(
            "SELECT format('%I.%I', schemaname, tablename) FROM pg_tables WHERE schemaname IN ('public', 'dagster')"
        ).fetchall()
        return {name: sorted(connection.execute(f"SELECT t::text FROM {name} AS t").fetchall()) for (name,) in tables}


def do(database: Database, statement: str) -> None:
    with database.connect() as connection:
        connection.execute(statement)


def test_a_restored_database_is_exactly_the_one_that_was_backed_up(database: Database, tmp_path: Path) -> None:
    do(database, "CREATE SCHEMA dagster; CREATE TABLE dagster.runs AS SELECT 7 AS id")
    before, file = contents(database), tmp_path / "market_data.dump"
    done = market_pipeline("db", "backup", str(file))
    assert done.exit_code == 0, done.output
    assert len(before["public.tracked_symbols"]) > 50

    do(
        database,
        "DELETE FROM tracked_symbols; DROP TABLE dagster.runs; CREATE TABLE since (n int); DROP TABLE news CASCADE",
    )
    done = market_pipeline("db", "restore", str(file), "--yes")
    assert done.exit_code == 0, done.output
    assert contents(database) == before

    assert isinstance(market_pipeline("db", "backup", str(file)).exception, StorageError), "no backup is written over"


def test_what_cannot_be_restored_leaves_the_database_as_it_was(database: Database, tmp_path: Path) -> None:
    newer, foreign, broken, other = (tmp_path / name for name in ("newer", "foreign", "broken", "other"))
    do(database, f"INSERT INTO {FAR}")
    market_pipeline("db", "backup", str(newer))
    do(database, "DELETE FROM schema_migrations WHERE number = 9999")
    market_pipeline("db", "backup", str(broken))
    broken.write_bytes(broken.read_bytes()[:-2_000])
    do(database, "UPDATE database_world SET world = 'simulated:77'")
    market_pipeline("db", "backup", str(other))
    do(database, f"UPDATE database_world SET world = '{load_settings().world}'")
    foreign.write_text("SELECT 1;")
    before = contents(database)
    for file, complaint in (
        (newer, "newer than this code: it has migrations/9999_later.sql"),
        (foreign, "is no backup that `market-pipeline db backup` has written"),
        (broken, ""),
        (other, f"{other} holds simulated:77 data and the settings want"),
        (tmp_path / "absent", "is not there"),
    ):
        error = market_pipeline("db", "restore", str(file), "--yes").exception
        assert isinstance(error, StorageError), file
        assert complaint in str(error)
        assert contents(database) == before


def test_a_database_in_use_is_not_replaced(database: Database, tmp_path: Path) -> None:
    file = tmp_path / "market_data.dump"
    with psycopg.connect(database.url):
        assert market_pipeline("db", "backup", str(file)).exit_code == 0, "a backup disturbs nobody"
        error = market_pipeline("db", "restore", str(file), "--yes").exception
    assert isinstance(error, StorageError)
    assert "1 other connections use the database" in str(error)


def test_a_backup_that_broke_off_leaves_no_file_and_tells_no_password(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "no-such-folder" / "market_data.dump"
    error = market_pipeline("db", "backup", str(file)).exception
    assert isinstance(error, StorageError)
    assert "pg_dump failed" in str(error)
    password = database.url.partition("postgres:")[2].partition("@")[0]
    assert password == "" or password not in str(error)
