"""Attempts as rows of `fetch_attempts`, and what they add to the running totals of `provider_stats`.

Here belong the row and its writing, each attempt once.  When it is written, and what happens while the database is away,
is the recorder's.
"""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Self
from uuid import UUID, uuid4

import orjson
import psycopg

from market_pipeline.fetching.calls import Attempt
from market_pipeline.providers.errors import RateLimited
from market_pipeline.storage.texts import storable

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
    attempt_key: UUID = field(default_factory=uuid4)
    """Tells it from all others, so that it is never counted twice."""

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
            error_message=None if error is None else storable(str(error)),
            sample=None if error is None or error.sample is None else storable(error.sample),
        )

    @classmethod
    def from_json(cls, line: bytes) -> Self:
        """Raises ValueError for what is no attempt: a torn line, or one of another version."""
        try:
            found = orjson.loads(line)
            found["attempted_at"] = datetime.fromisoformat(found["attempted_at"])
            found["attempt_key"] = UUID(found["attempt_key"])
            return cls(**found)
        except (KeyError, TypeError) as error:
            raise ValueError(f"no attempt: {error}") from error


_COPY = f"COPY fetch_attempts ({', '.join(AttemptRow.__slots__)}) FROM STDIN (FORMAT BINARY)"
# Of the columns above, in their order.
_TYPES = "timestamptz text text text text text[] text int2 float4 int4 int4 float4 text text uuid".split()

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
        consecutive_failures = CASE
            WHEN excluded.last_attempt_at < old.last_attempt_at THEN old.consecutive_failures -- loaded from the spool
            WHEN excluded.successes = 0 THEN old.consecutive_failures + excluded.consecutive_failures
            ELSE excluded.consecutive_failures
        END,
        total_response_time_ms = old.total_response_time_ms + excluded.total_response_time_ms,
        records = old.records + excluded.records,
        last_attempt_at = greatest(old.last_attempt_at, excluded.last_attempt_at),
        last_success_at = greatest(old.last_success_at, excluded.last_success_at),
        last_failure_at = greatest(old.last_failure_at, excluded.last_failure_at),
        last_error = CASE
            WHEN excluded.last_failure_at < old.last_failure_at THEN old.last_error
            ELSE coalesce(excluded.last_error, old.last_error)
        END,
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


def write_attempts(connection: psycopg.Connection[Any], rows: Sequence[AttemptRow]) -> None:
    """Append attempts and bring the running totals up to date, in one transaction."""
    with connection.transaction(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL synchronous_commit = off")  # statistics: a crash may cost the last moment of them
        with cursor.copy(_COPY) as copy:
            copy.set_types(_TYPES)
            for row in rows:
                copy.write_row([getattr(row, name) for name in AttemptRow.__slots__])
        cursor.executemany(_STATS, _totals(rows))


def load_attempts(connection: psycopg.Connection[Any], lines: Sequence[bytes]) -> None:
    """Write attempts, as JSON, that are not in the table yet.  Lines that no database can take are dropped, and it is said.

    A process may have been killed, or the connection cut, between a commit and its confirmation.
    """
    rows: dict[UUID, AttemptRow] = {}
    unreadable = 0
    for line in lines:
        try:
            row = AttemptRow.from_json(line)
            rows[row.attempt_key] = row
        except ValueError:
            unreadable += 1
    known = connection.execute(
        "SELECT attempt_key FROM fetch_attempts WHERE run_id = ANY (%s) AND attempt_key = ANY (%s)",
        [list({row.run_id for row in rows.values()}), list(rows)],
    )
    new = [rows[key] for key in rows.keys() - {key for (key,) in known}]
    dropped = _write_what_can_be(connection, new)
    log.info("%d fetch attempts were loaded that could not be recorded before", len(new) - dropped)
    if unreadable + dropped:
        log.warning("%d lines of the spool are no fetch attempts and were dropped", unreadable + dropped)


def _write_what_can_be(connection: psycopg.Connection[Any], rows: Sequence[AttemptRow]) -> int:
    """Write rows, one by one if one of them is refused; how many were."""
    try:
        write_attempts(connection, rows)
    except (psycopg.DataError, psycopg.IntegrityError):
        if len(rows) > 1:
            return sum(_write_what_can_be(connection, [row]) for row in rows)
        return 1
    return 0


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
