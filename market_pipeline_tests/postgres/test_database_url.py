"""What DATABASE_URL may be, and what one is told when it is wrong or leads nowhere."""

from pathlib import Path

import pytest

from market_pipeline.storage.database import Database, Driver, normalise_url, open_database, redact_url
from market_pipeline.storage.embedded_postgres import EmbeddedServer
from market_pipeline.storage.errors import DatabaseUnavailable, InvalidDatabaseUrl

SECRET = "correct-horse"


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg2", "postgresql+asyncpg"])
@pytest.mark.parametrize("driver", ["", "+psycopg", "+psycopg2"])
def test_every_spelling_of_the_scheme_becomes_the_asked_one(scheme: str, driver: Driver) -> None:
    given = f"{scheme}://me:p%40ss@db.example:5433/market?sslmode=require"
    assert normalise_url(given, driver) == f"postgresql{driver}://me:p%40ss@db.example:5433/market?sslmode=require"


@pytest.mark.parametrize(
    ("url", "complaint"),
    [
        (f"mysql://me:{SECRET}@host/db", "its scheme is mysql://"),
        (SECRET, "it has no scheme"),
        ("", "it has no scheme"),
        (f"{SECRET} !://host/db", "its scheme is unreadable"),
        (f"postgresql://me:{SECRET}@host", "it names no database"),
        (f"postgresql://me:{SECRET}@host/", "it names no database"),
        (f"postgresql://me:{SECRET}@x@host/db", "an @ too many"),
        (f"postgresql://me:{SECRET}/x@host/db", "an @ too many"),
        (f"postgresql://me:{SECRET}?x@host/db", "an @ too many"),
        (f"postgresql://me:{SECRET}%zz@host/db", "it cannot be read"),
        (f"postgresql://me:{SECRET}@host/db?no_such_parameter=1", "it cannot be read"),
        (f"postgresql://me:{SECRET}/db", "its port is not a number"),
    ],
)
def test_a_wrong_url_is_refused_with_the_accepted_form_and_without_its_password(url: str, complaint: str) -> None:
    with pytest.raises(InvalidDatabaseUrl) as refusal:
        Database(url)
    message = str(refusal.value)
    assert complaint in message
    assert "postgresql://user:password@host:5432/database" in message
    assert SECRET not in message
    assert refusal.value.__cause__ is None


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://me:secret@host/db", "postgresql://me:***@host/db"),
        ("postgresql://me:sec@ret/@host:5432/db?sslmode=require", "postgresql://me:***@host:5432/db?sslmode=require"),
        (
            "postgresql://me@host/db?password=secret&sslmode=require",
            "postgresql://me@host/db?password=***&sslmode=require",
        ),
        ("postgresql://postgres@/db?host=/tmp/x&port=5432", "postgresql://postgres@/db?host=/tmp/x&port=5432"),
        ("postgresql://host:5432/db", "postgresql://host:5432/db"),
    ],
)
def test_a_redacted_url_shows_all_but_the_password(url: str, shown: str) -> None:
    assert redact_url(url) == shown


def test_a_database_never_shows_its_password() -> None:
    database = Database(f"postgres://me:{SECRET}@host/db")
    assert SECRET not in f"{database} {database!r}"
    assert database.url == f"postgresql://me:{SECRET}@host/db"


def test_a_url_that_leads_nowhere_is_reported_with_the_address_and_without_the_password() -> None:
    database = open_database(f"postgresql://me:{SECRET}@127.0.0.1:1/market", Path("unused"))
    with pytest.raises(DatabaseUnavailable, match=r"me:\*\*\*@127\.0\.0\.1:1/market.*Is the server running") as failure:
        database.connect()
    assert SECRET not in str(failure.value)


def test_a_missing_database_is_named_with_the_command_that_creates_it(postgres_server: EmbeddedServer) -> None:
    with pytest.raises(DatabaseUnavailable, match=r'create the database.*database "nowhere" does not exist'):
        Database(postgres_server.url("nowhere")).connect()


def test_a_wrong_password_is_told_from_an_unreachable_server(postgres_server: EmbeddedServer) -> None:
    url = postgres_server.url().replace("postgres@", f"nobody_known:{SECRET}@")
    with pytest.raises(DatabaseUnavailable, match="Correct the user name") as failure:
        Database(url).connect()
    assert SECRET not in str(failure.value)


def test_a_connection_is_in_utc_and_says_whose_it_is(empty_database: Database) -> None:
    with empty_database.connect(name="monitor") as connection:
        row = connection.execute("select current_setting('timezone'), current_setting('application_name')").fetchone()
    assert row == ("UTC", "market_pipeline monitor")


def test_our_tables_are_in_public_even_for_a_login_that_has_a_schema_of_its_own(empty_database: Database) -> None:
    with empty_database.connect() as connection:
        connection.execute("create schema postgres")
        connection.execute("create table quotes ()")
        assert connection.execute("select 'quotes'::regclass = 'public.quotes'::regclass").fetchone() == (True,)


def test_options_in_the_url_are_kept(empty_database: Database) -> None:
    with Database(f"{empty_database.url}&options=-c%20statement_timeout%3D1234").connect() as connection:
        row = connection.execute("select current_setting('statement_timeout'), current_setting('timezone')").fetchone()
    assert row == ("1234ms", "UTC")
