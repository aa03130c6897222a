"""Which database we use and how one connects to it.

Belongs here: reading DATABASE_URL, opening connections, translating what can go wrong. Does not: starting a private
server (`embedded_postgres`), tables (`migrate`), SQL of any kind.

Our own connections are psycopg 3; Dagster's storage is psycopg2. With SQLAlchemy 2.1 a bare `postgresql://` means
psycopg 3, which breaks dagster-postgres, so whoever hands a URL on says for which driver.
"""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import psycopg
from psycopg.conninfo import conninfo_to_dict
from psycopg.rows import TupleRow

from market_pipeline.storage.embedded_postgres import EmbeddedServer
from market_pipeline.storage.errors import DatabaseUnavailable, InvalidDatabaseUrl

Connection = psycopg.Connection[TupleRow]
Driver = Literal["", "+psycopg", "+psycopg2"]

FORM = "postgresql://user:password@host:5432/database"
SECRET_PARAMETER = re.compile(r"([?&](?:password|sslpassword|oauth_client_secret|scram_\w+_key)=)[^&]*")
ADVICE = {
    r"password authentication failed|no password supplied": "The user name or the password in DATABASE_URL is wrong.",
    r'role ".*" does not exist': "Correct the user name in DATABASE_URL, or create the role.",
    r'database ".*" does not exist': "Correct the name in DATABASE_URL, or create the database: `createdb NAME`.",
    r"too many clients|remaining connection slots": "Too many connections: raise max_connections, or run less at once.",
    r"no pg_hba.conf entry": "The server's pg_hba.conf does not let this user connect from this machine.",
}
# A machine that is cut off says no goodbye, and by default its locks outlive it by two hours, or by fifteen minutes where an
# answer to it is under way.  Both sides ask after 30 s of silence, three times, and give up after a minute, which is also how
# long they wait for an answer to be acknowledged.  Sockets of the same machine have no such doubts.
CLIENT_GIVES_UP = {"keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 3, "tcp_user_timeout": 60_000}
SERVER_GIVES_UP = " ".join(
    f"-c tcp_{name}"
    for name in ("keepalives_idle=30", "keepalives_interval=10", "keepalives_count=3", "user_timeout=60000")
)
UNREACHABLE = "Is the server running, and does DATABASE_URL, if set, name the right host and port?"


def normalise_url(url: str, driver: Driver = "") -> str:
    """`url` (`postgres://`, `postgresql://` or `postgresql+any driver://`) in the form `driver` wants.

    "" is for libpq and psycopg, "+psycopg" for our SQLAlchemy, "+psycopg2" for Dagster's. Raises InvalidDatabaseUrl
    for another scheme, a missing database name and anything libpq cannot read; no part of a bad URL but its scheme
    is shown, because a misplaced character can make any other part of it the password.
    """
    scheme, separator, rest = url.strip().partition("://")
    if not separator:
        raise _invalid("it has no scheme")
    if not re.fullmatch(r"postgres(ql)?(\+\w+)?", scheme):
        raise _invalid(
            f"its scheme is {scheme}://" if re.fullmatch(r"[\w+.-]+", scheme) else "its scheme is unreadable"
        )
    credentials_and_host = re.split(r"[/?]", rest, maxsplit=1)[0]
    if rest.count("@") > 1 or rest.count("@") != credentials_and_host.count("@"):
        raise _invalid("it has an @ too many: in a user name or password @ is written %40, / is %2F and ? is %3F")
    try:
        parts = conninfo_to_dict(f"postgresql://{rest}")
    except psycopg.ProgrammingError:
        message = (
            "it cannot be read: in a user name or password % is written %25 and : is %3A; after ? come libpq's names"
        )
        raise _invalid(message) from None  # the cause quotes the text it stumbled over
    if not re.fullmatch(r"[\d,]*", str(parts.get("port", ""))):
        raise _invalid("its port is not a number")
    if not parts.get("dbname"):
        raise _invalid("it names no database")
    return f"postgresql{driver}://{rest}"


def redact_url(url: str) -> str:
    """`url` with `***` for every password in it; for logs and messages."""
    without_password = re.sub(r"(://[^:/@?]*):.*@", r"\1:***@", url)
    return SECRET_PARAMETER.sub(r"\1***", without_password)


@dataclass(frozen=True, repr=False)
class Database:
    """One PostgreSQL database. Creating the object checks the URL (InvalidDatabaseUrl) and does no I/O."""

    url: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "url", normalise_url(self.url))

    def __repr__(self) -> str:
        return f"Database({redact_url(self.url)!r})"

    def connect(self, *, autocommit: bool = False, name: str = "") -> Connection:
        """A new connection in UTC; `name` tells it from others in pg_stat_activity (`market_pipeline <name>`).

        Raises DatabaseUnavailable: not reachable within 10 s, wrong password, no such database.
        """
        try:
            return psycopg.connect(autocommit=autocommit, **self.parameters(name))
        except psycopg.OperationalError as error:
            raise DatabaseUnavailable(_explanation(error, self.url)) from error

    def parameters(self, name: str) -> dict[str, Any]:
        """What psycopg.connect takes for such a connection; for a pool, which connects by itself."""
        given = conninfo_to_dict(self.url)
        # Not "$user", public: a login called dagster would find and create our tables in Dagster's schema.
        options = f"{given.get('options', '')} -c timezone=UTC -c search_path=public {SERVER_GIVES_UP}".strip()
        return {
            "connect_timeout": 10,
            **CLIENT_GIVES_UP,
            **given,
            "application_name": f"market_pipeline {name}".strip(),
            "options": options,
        }


def open_database(database_url: str | None, home: Path) -> Database:
    """The database at `database_url`, or for None the private server's of `home`, which is started when necessary.

    Raises InvalidDatabaseUrl, and DatabaseUnavailable when the private server cannot be started.
    """
    if database_url is not None:
        return Database(database_url)
    server = EmbeddedServer(home)
    server.ensure()
    return Database(server.url())


def _invalid(reason: str) -> InvalidDatabaseUrl:
    return InvalidDatabaseUrl(f"DATABASE_URL is wrong: {reason}. The accepted form is {FORM}.")


def _explanation(error: psycopg.OperationalError, url: str) -> str:
    advice = next((advice for sign, advice in ADVICE.items() if re.search(sign, str(error))), UNREACHABLE)
    return f"Cannot connect to {redact_url(url)}. {advice} In the system's words: {error}"
