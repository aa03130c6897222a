"""Attempts into the database, off the hot path: a queue and one flusher thread.

Here belongs when attempts are written.  If it fails the fetch goes on: tracking is never the reason for missing data.  The
attempts wait in a spool then, and the next recorder that reaches the database loads them.
"""

import logging
import threading
from collections.abc import Sequence
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from queue import Empty, SimpleQueue
from types import TracebackType
from typing import Self

import orjson
import psycopg

from market_pipeline.fetching.calls import Attempt
from market_pipeline.storage.database import Connection, Database, redact_url
from market_pipeline.storage.errors import StorageError
from market_pipeline.storage.locks import impatient
from market_pipeline.tracking.attempts import AttemptRow, load_attempts, write_attempts
from market_pipeline.tracking.spool import Spool

FLUSH_SECONDS = 0.25  # what a killed process may lose
CAPACITY = 20_000  # attempts waiting for the flusher; beyond it they are counted and dropped, a caller never waits
log = logging.getLogger(__name__)


def spool_for(database: Database, home: Path) -> Spool:
    """Where attempts wait that `database` could not take: attempts of another one are none of its business."""
    return Spool(home / ".spool" / f"attempts-{sha256(redact_url(database.url).encode()).hexdigest()[:12]}.jsonl")


class Recorder:
    """Use as a context manager: leaving it writes what is queued.  `record` may be called from any thread.

    `run_id` is the run that makes the attempts.
    """

    def __init__(self, database: Database, spool: Spool, run_id: str) -> None:
        self._database = database
        self._spool = spool
        self._run_id = run_id
        self._connection: Connection | None = None
        self._queue: SimpleQueue[Attempt] = SimpleQueue()  # in C, and `put` waits for nobody, the flusher included
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="recorder", daemon=True)
        self._overflowed = 0
        self._lost = 0
        self._said = False

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()
        if lost := self._overflowed + self._lost:
            log.warning("%d fetch attempts were not recorded; the data itself is not concerned", lost)

    def record(self, attempt: Attempt) -> None:
        """Queue one attempt; never blocks and never raises.  Making the row takes ten times as long: the flusher does."""
        if self._queue.qsize() < CAPACITY:
            self._queue.put(attempt)
        else:
            self._overflowed += 1

    def _run(self) -> None:
        while not self._stop.wait(FLUSH_SECONDS):
            self._flush()
        self._flush()
        self._disconnect()

    def _flush(self) -> None:
        """Write what is queued; into the spool if the database does not take it, and what waits there when it does again."""
        rows = [AttemptRow.of(attempt, self._run_id) for attempt in _drained(self._queue)]
        if not rows and not self._spool.waiting:
            return
        try:
            connection = self._connect()
            if rows:
                with impatient(connection):
                    write_attempts(connection, rows)
        except (psycopg.Error, StorageError) as error:
            self._disconnect()
            if rows:
                self._keep(rows, error)
            return
        try:
            if self._spool.waiting:
                with impatient(connection):
                    self._spool.drain(lambda lines: load_attempts(connection, lines))
        except (psycopg.Error, OSError) as error:
            self._disconnect()
            self._say(f"attempts in {self._spool.path} cannot be loaded: {error}")

    def _keep(self, rows: Sequence[AttemptRow], reason: Exception) -> None:
        kept, where = 0, str(self._spool.path)
        try:
            kept = self._spool.append([orjson.dumps(row) for row in rows])
        except OSError as error:
            where = f"{self._spool.path} cannot be written either: {error}"
        self._lost += len(rows) - kept
        self._say(f"fetch attempts cannot be recorded, fetching goes on; they wait in {where}. {reason}")

    def _say(self, message: str) -> None:
        """Once: a database that is away would fill the log four times a second."""
        if not self._said:
            log.warning(message)
        self._said = True

    def _connect(self) -> Connection:
        """One connection as long as it works: a new one for each flush would cost as much as the flush."""
        if self._connection is None:
            self._connection = self._database.connect(name="recorder", autocommit=True)
        return self._connection

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _drained(waiting: SimpleQueue[Attempt]) -> list[Attempt]:
    found: list[Attempt] = []
    with suppress(Empty):
        while True:
            found.append(waiting.get_nowait())
    return found
