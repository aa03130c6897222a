"""Migrations: applied once, whole, in order, by one of many, and refused when they do not fit the database."""

import shutil
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest

from market_pipeline.storage.database import Database
from market_pipeline.storage.errors import MigrationError
from market_pipeline.storage.migrate import migrate, sql_directory
from market_pipeline.storage.schema_dump import dump_schema

FIRST = "migrations/0001_first.sql"
SECOND = "migrations/0002_second.sql"
DOUBLE = "functions/double.sql"
DOUBLED = "views/doubled.sql"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A sql/ folder with one migration, one function and a view on both."""
    for kind in ("migrations", "functions", "views"):
        (tmp_path / kind).mkdir()
    (tmp_path / FIRST).write_text("create table numbers (n integer primary key);\ninsert into numbers values (1);\n")
    (tmp_path / DOUBLE).write_text(
        "create or replace function double(n integer) returns integer\nlanguage sql as $$ select 2 * n; $$;\n"
    )
    (tmp_path / DOUBLED).write_text("create or replace view doubled as select double(n) as twice from numbers;\n")
    return tmp_path


def rows(database: Database, query: str) -> list[tuple[object, ...]]:
    with database.connect() as connection:
        return connection.execute(query.encode()).fetchall()


def tables(database: Database) -> list[tuple[object, ...]]:
    return rows(database, "select relname from pg_class where relnamespace = 'public'::regnamespace and relkind = 'r'")


def test_an_empty_database_gets_everything_and_the_next_call_finds_nothing_to_do(
    empty_database: Database, folder: Path
) -> None:
    assert migrate(empty_database, folder) == [FIRST, DOUBLE, DOUBLED]
    assert rows(empty_database, "select twice from doubled") == [(2,)]
    assert migrate(empty_database, folder) == []
    assert rows(empty_database, "select number, name from schema_migrations") == [(1, FIRST)]


def test_nothing_to_do_needs_no_right_to_change_anything(empty_database: Database, folder: Path) -> None:
    migrate(empty_database, folder)
    read_only = Database(f"{empty_database.url}&options=-c%20default_transaction_read_only%3Don")
    assert migrate(read_only, folder) == []


def test_of_twenty_processes_at_once_one_migrates_and_all_succeed(empty_database: Database, folder: Path) -> None:
    (folder / SECOND).write_text("select pg_sleep(0.2);\ninsert into numbers values (2);\n")
    with ProcessPoolExecutor(20, get_context("fork")) as pool:
        applied = list(pool.map(migrate, [empty_database] * 20, [folder] * 20))
    assert sorted(applied)[-2:] == [[], [FIRST, SECOND, DOUBLE, DOUBLED]]
    assert rows(empty_database, "select count(*) from numbers") == [(2,)]


@pytest.mark.parametrize(
    ("statement", "complaint"),
    [
        ("create tabel other ();", r"0002_second\.sql, line 6: syntax error at or near \"tabel\""),
        ("create table numbers ();", r'0002_second\.sql, line 6: relation "numbers" already exists'),
        (
            "insert into numbers\nvalues (1);",
            r"0002_second\.sql, line 6: duplicate key .* Key \(n\)=\(1\) already exists",
        ),
        ("insert into numbers\nvalues (missing);", r'0002_second\.sql, line 7: column "missing" does not exist'),
        ("do $$ begin raise 'no; never'; end $$;", r"0002_second\.sql, line 6: no; never"),
    ],
)
def test_a_failing_migration_leaves_nothing_behind_and_names_file_line_and_reason(
    empty_database: Database, folder: Path, statement: str, complaint: str
) -> None:
    migrate(empty_database, folder)
    before = (tables(empty_database), rows(empty_database, "select n from numbers"))
    (folder / SECOND).write_text(
        "-- it's; a comment\ncreate table half (note text default 'a;b');\n/* and; another */\n"
        f"insert into numbers\nvalues (7);\n{statement}\ncreate table never_reached ();\n"
    )
    with pytest.raises(MigrationError, match=complaint):
        migrate(empty_database, folder)
    assert (tables(empty_database), rows(empty_database, "select n from numbers")) == before

    (folder / SECOND).write_text("create table whole ();")
    assert SECOND in migrate(empty_database, folder)


@pytest.mark.parametrize("statement", ["commit", "BEGIN", "rollback", "start transaction"])
def test_a_migration_cannot_end_its_transaction(empty_database: Database, folder: Path, statement: str) -> None:
    (folder / FIRST).write_text(f"create table half ();\n{statement};\n")
    with pytest.raises(MigrationError, match=r"0001_first\.sql, line 2: a file is one transaction"):
        migrate(empty_database, folder)
    assert ("half",) not in tables(empty_database)


def test_semicolons_inside_bodies_strings_and_names_do_not_end_a_statement(
    empty_database: Database, folder: Path
) -> None:
    (folder / SECOND).write_text(
        """
        create table "odd;name" (a text default 'it''s; quoted', b text default E'back\\'slash;');
        create function standard() returns integer language sql begin atomic select 1; select 2; end;
        create function tagged() returns text language plpgsql as $body$ begin return $$;$$; end; $body$;
        """
    )
    assert SECOND in migrate(empty_database, folder)
    assert rows(empty_database, "select standard(), tagged()") == [(2, ";")]


def test_a_database_newer_than_the_code_is_refused(empty_database: Database, folder: Path) -> None:
    (folder / SECOND).write_text("create table later ();")
    migrate(empty_database, folder)
    (folder / SECOND).unlink()
    with pytest.raises(MigrationError, match=r"newer than this code: it has migrations/0002_second\.sql"):
        migrate(empty_database, folder)


def test_a_changed_migration_is_refused(empty_database: Database, folder: Path) -> None:
    migrate(empty_database, folder)
    (folder / FIRST).write_text("create table numbers (n bigint primary key);")
    with pytest.raises(MigrationError, match=r"0001_first\.sql is not what was applied.*new migration"):
        migrate(empty_database, folder)


def test_a_migration_put_in_before_an_applied_one_is_refused(empty_database: Database, folder: Path) -> None:
    (folder / "migrations/0003_third.sql").write_text("create table third ();")
    migrate(empty_database, folder)
    (folder / SECOND).write_text("create table second ();")
    with pytest.raises(MigrationError, match=r"0002_second\.sql comes before migrations/0003_third\.sql"):
        migrate(empty_database, folder)


@pytest.mark.parametrize(
    ("name", "complaint"),
    [("0001_again.sql", "have the same number"), ("add_news.sql", "not named like a migration")],
)
def test_a_wrongly_named_migration_is_refused(
    empty_database: Database, folder: Path, name: str, complaint: str
) -> None:
    (folder / "migrations" / name).write_text("select 1;")
    with pytest.raises(MigrationError, match=complaint):
        migrate(empty_database, folder)


def test_a_folder_without_migrations_is_an_error_and_not_an_empty_schema(
    empty_database: Database, tmp_path: Path
) -> None:
    with pytest.raises(MigrationError, match="There are no migrations in"):
        migrate(empty_database, tmp_path)


def test_changed_functions_and_views_replace_the_old_ones(empty_database: Database, folder: Path) -> None:
    migrate(empty_database, folder)
    (folder / DOUBLE).write_text((folder / DOUBLE).read_text().replace("2 * n", "20 * n"))
    assert migrate(empty_database, folder) == [DOUBLE, DOUBLED]
    assert rows(empty_database, "select twice from doubled") == [(20,)]


def test_a_view_whose_columns_changed_is_refused_until_a_migration_drops_it(
    empty_database: Database, folder: Path
) -> None:
    migrate(empty_database, folder)
    (folder / DOUBLED).write_text("create or replace view doubled as select n as once from numbers;")
    with pytest.raises(MigrationError, match=r"views/doubled\.sql, line 1: .*add a migration with `drop view NAME;`"):
        migrate(empty_database, folder)
    assert rows(empty_database, "select twice from doubled") == [(2,)]

    (folder / SECOND).write_text("drop view doubled;")
    assert migrate(empty_database, folder) == [SECOND, DOUBLE, DOUBLED]
    assert rows(empty_database, "select once from doubled") == [(1,)]


def test_the_projects_schema_is_the_same_fresh_and_migrated_step_by_step_and_as_committed(
    database: Database, empty_database: Database, tmp_path: Path
) -> None:
    (tmp_path / "migrations").mkdir()
    for migration in sorted((sql_directory() / "migrations").glob("*.sql")):
        shutil.copy(migration, tmp_path / "migrations")
        migrate(empty_database, tmp_path)
    migrate(empty_database)

    fresh = dump_schema(database)
    assert dump_schema(empty_database) == fresh
    committed = (sql_directory() / "schema.sql").read_text("utf-8")
    assert committed == fresh, "sql/schema.sql is out of date: run `market-pipeline db dump`"
