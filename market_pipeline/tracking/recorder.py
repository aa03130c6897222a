"""Attempts into `fetch_attempts` and `provider_stats`, off the hot path: a queue and one flusher thread.

Here belongs the writing of what was asked and how it went.  If it fails the fetch goes on: tracking is never the reason
for missing data.  Symbols that are owed belong to `failed_symbols`.
"""

import logging
import queue
import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType
from typing import Any, Self

import psycopg

from market_pipeline.fetching.calls import Attempt
from market_pipeline.providers.errors import RateLimited
from market_pipeline.storage.database import Database
from market_pipeline.storage.errors import StorageError

FLUSH_SECONDS = 0.5  # what a killed process may lose
CAPACITY = 100_000  # attempts waiting to be written; beyond it they are counted and dropped, a caller never waits
log = logging.getLogger(__name__)

NOT_A_FAILURE = frozenset({"success", "no_data", "unknown_symbol"})  # the vendor worked


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptRow:
    """One row of `fetch_attempts`, named like its columns."""

    attempted_at: datetime
    run_id: str
    data_type: str
    provider: str
    endpoint: str
    symbols: list[str]
    outcome: str
    http_status: int | None
    response_time_ms: float
    records: int
    rejected: int
    retry_after_seconds: float | None
    error_message: str | None
    sample: str | None

    @classmethod
    def of(cls, attempt: Attempt, run_id: str) -> Self:
        error = attempt.error
        return cls(
            attempted_at=attempt.started_at,
            run_id=run_id,
            data_type=attempt.ask.data_type,
            provider=attempt.provider,
            endpoint=attempt.endpoint,
            symbols=list(attempt.ask.symbols),
            outcome="success" if error is None else error.outcome,
            http_status=attempt.status,
            response_time_ms=attempt.response_ms,
            records=len(attempt.records),
            rejected=len(attempt.rejected),
            retry_after_seconds=error.retry_after if isinstance(error, RateLimited) else None,
            error_message=None if error is None else str(error),
            sample=None if error is None else error.sample,
        )


_COPY = f"COPY fetch_attempts ({', '.join(AttemptRow.__slots__)}) FROM STDIN (FORMAT BINARY)"
_TYPES = (
    "timestamptz text text text text text[] text int2 float4 int4 int4 float4 text text".split()
)  # of the columns above, in their order

_STATS = """
    INSERT INTO provider_stats AS old (provider, data_type, total_attempts, successes, failures, rate_limited,
        consecutive_failures, total_response_time_ms, records, last_attempt_at, last_success_at, last_failure_at,
        last_error, recent_calls, recent_successes, recent_response_ms)
    VALUES (%(provider)s, %(data_type)s, %(attempts)s, %(successes)s, %(failures)s, %(rate_limited)s, %(streak)s,
        %(response_ms)s, %(records)s, %(last_attempt_at)s, %(last_success_at)s, %(last_failure_at)s, %(last_error)s,
        %(recent_calls)s, %(recent_successes)s, %(recent_response_ms)s)
    ON CONFLICT (provider, data_type) DO UPDATE SET
        total_attempts = old.total_attempts + excluded.total_attempts,
        successes = old.successes + excluded.successes,
        failures = old.failures + excluded.failures,
        rate_limited = old.rate_limited + excluded.rate_limited,
        consecutive_failures = excluded.consecutive_failures
            + CASE WHEN %(successes)s = 0 THEN old.consecutive_failures ELSE 0 END,
        total_response_time_ms = old.total_response_time_ms + excluded.total_response_time_ms,
        records = old.records + excluded.records,
        last_attempt_at = greatest(old.last_attempt_at, excluded.last_attempt_at),
        last_success_at = greatest(old.last_success_at, excluded.last_success_at),
        last_failure_at = greatest(old.last_failure_at, excluded.last_failure_at),
        last_error = coalesce(excluded.last_error, old.last_error),
        (recent_calls, recent_successes, recent_response_ms) = (
            SELECT old.recent_calls * kept + excluded.recent_calls,
                old.recent_successes * kept + excluded.recent_successes,
                old.recent_response_ms * kept + excluded.recent_response_ms
            FROM (SELECT %(kept)s * provider_record_kept(old.last_attempt_at, excluded.last_attempt_at)) AS faded (kept)
        )
"""

# What is left of a call in the recent record after another one: about the last hundred calls count.  It fades with time as
# well, see provider_record_kept.
KEPT = 0.99


class Recorder:
    """Use as a context manager: leaving it writes what is queued.  `record` may be called from any thread."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._queue: queue.Queue[AttemptRow] = queue.Queue(CAPACITY)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="recorder", daemon=True)
        self._lost = 0

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()
        if self._lost:
            log.warning("%d fetch attempts were not recorded; the data itself is not concerned", self._lost)

    def record(self, row: AttemptRow) -> None:
        """Queue one attempt; never blocks and never raises."""
        try:
            self._queue.put_nowait(row)
        except queue.Full:
            self._lost += 1

    def _run(self) -> None:
        while not self._stop.wait(FLUSH_SECONDS):
            self._flush()
        self._flush()

    def _flush(self) -> None:
        rows = _drained(self._queue)
        if not rows:
            return
        try:
            with self._database.connect(name="recorder") as connection:
                write_attempts(connection, rows)
        except (psycopg.Error, StorageError) as error:
            if not self._lost:  # said once
                log.warning("fetch attempts cannot be recorded, fetching goes on: %s", error)
            self._lost += len(rows)


def write_attempts(connection: psycopg.Connection[Any], rows: Sequence[AttemptRow]) -> None:
    """Append attempts and bring the running totals up to date, in one transaction."""
    with connection.transaction(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL synchronous_commit = off")  # statistics: a crash may cost the last moment of them
        with cursor.copy(_COPY) as copy:
            copy.set_types(_TYPES)
            for row in rows:
                copy.write_row([getattr(row, name) for name in AttemptRow.__slots__])
        cursor.executemany(_STATS, _totals(rows))


def _drained(waiting: "queue.Queue[AttemptRow]") -> list[AttemptRow]:
    rows: list[AttemptRow] = []
    while True:
        try:
            rows.append(waiting.get_nowait())
        except queue.Empty:
            return rows


def _totals(rows: Iterable[AttemptRow]) -> list[dict[str, Any]]:
    """What attempts add to `provider_stats`, sorted by its key so that two flushers cannot deadlock.  Pure."""
    groups: dict[tuple[str, str], list[AttemptRow]] = {}
    for row in sorted(rows, key=lambda row: row.attempted_at):
        groups.setdefault((row.provider, row.data_type), []).append(row)
    return [_total(provider, data_type, group) for (provider, data_type), group in sorted(groups.items())]


def _total(provider: str, data_type: str, rows: list[AttemptRow]) -> dict[str, Any]:
    good = [row for row in rows if row.outcome in NOT_A_FAILURE]
    limited = [row for row in rows if row.outcome == "rate_limited"]
    bad = [row for row in rows if row.outcome not in NOT_A_FAILURE and row.outcome != "rate_limited"]
    streak = 0
    for row in rows:
        streak = 0 if row.outcome in NOT_A_FAILURE else streak + (row.outcome != "rate_limited")
    return {
        "provider": provider,
        "data_type": data_type,
        "attempts": len(rows),
        "successes": len(good),
        "failures": len(bad),
        "rate_limited": len(limited),
        "streak": streak,
        "response_ms": sum(row.response_time_ms for row in rows),
        "records": sum(row.records for row in rows),
        "last_attempt_at": rows[-1].attempted_at,
        "last_success_at": good[-1].attempted_at if good else None,
        "last_failure_at": bad[-1].attempted_at if bad else None,
        "last_error": bad[-1].error_message if bad else None,
        "kept": KEPT ** len(rows),
        "recent_calls": _fading(1.0 for _ in rows),
        "recent_successes": _fading(float(row.outcome in NOT_A_FAILURE) for row in rows),
        "recent_response_ms": _fading(row.response_time_ms for row in rows),
    }


def _fading(values: Iterable[float]) -> float:
    """A sum in which each value counts KEPT times as much as the one after it."""
    total = 0.0
    for value in values:
        total = total * KEPT + value
    return total
