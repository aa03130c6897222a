"""Symbols that no vendor answered for: due again after 5, 15 and 60 minutes, then given up; cleared by success.

Here belongs the table `failed_symbols` and the pure rule for the next retry.  Who retries is not decided here: a sensor
does, and so does every run of a schedule that happens to ask for the symbol.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import orjson
from psycopg.rows import class_row

from market_pipeline.fetching.report import Report
from market_pipeline.storage.database import Connection

RETRY_AFTER = (timedelta(minutes=5), timedelta(minutes=15), timedelta(minutes=60))


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """A symbol that a fetch could not settle, with the last error of each vendor."""

    symbol: str
    errors: Mapping[str, str]
    unknown: bool
    """Whether every vendor that was asked says there is no such symbol."""
    not_before: datetime | None = None
    """When a vendor may be asked, for a symbol that nobody who could answer would be asked for: it burns no attempt."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryCandidate:
    """A symbol that is due for another try, as `get_retry_candidates` tells it."""

    data_type: str
    partition_key: str
    timeframe: str
    symbol: str
    attempts: int
    next_retry_at: datetime
    last_failed_at: datetime
    errors: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class RetryState:
    """Whether and when a symbol that failed is retried."""

    state: str
    attempts: int = 0
    """Failures that counted."""
    next_retry_at: datetime | None = None


def next_retry(attempts: int, failed_at: datetime) -> datetime | None:
    """When a symbol is due after its `attempts`-th failure; None when it has had all its retries."""
    return failed_at + RETRY_AFTER[attempts - 1] if attempts <= len(RETRY_AFTER) else None


def after_failure(earlier: RetryState, failure: Failure, now: datetime) -> RetryState:
    """What becomes of a symbol by one more failure.  Pure.

    A failure before its time changes nothing: a schedule that asks every minute, or a step that is tried three times,
    would otherwise use up all retries at once.
    """
    attempts, due = earlier.attempts, earlier.next_retry_at
    if failure.unknown:
        return RetryState("unknown", attempts)
    if earlier.state == "exhausted" or (attempts > 0 and due is not None and now < due):
        return earlier
    if failure.not_before is not None:
        return RetryState("waiting", attempts, failure.not_before)
    again = next_retry(attempts + 1, now)
    return RetryState("waiting" if again is not None else "exhausted", attempts + 1, again)


def record_failures(
    connection: Connection,
    data_type: str,
    partition_key: str,
    failures: Iterable[Failure],
    *,
    run_id: str,
    now: datetime,
    timeframe: str | None = None,
) -> None:
    """Remember failures, going on from what is known already."""
    listed = sorted(failures, key=lambda failure: failure.symbol)
    if not listed:
        return
    with connection.transaction(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT symbol, state, attempts, next_retry_at FROM failed_symbols WHERE data_type = %s AND partition_key = %s"
            " AND timeframe = %s AND symbol = ANY(%s) ORDER BY symbol FOR UPDATE",
            [data_type, partition_key, timeframe or "", [failure.symbol for failure in listed]],
        )
        earlier = {symbol: RetryState(*known) for symbol, *known in cursor}
        rows = [(failure, after_failure(earlier.get(failure.symbol, NEW), failure, now)) for failure in listed]
        cursor.executemany(
            _REMEMBER,
            [
                {
                    "data_type": data_type,
                    "partition_key": partition_key,
                    "timeframe": timeframe or "",
                    "symbol": failure.symbol,
                    "run_id": run_id,
                    "now": now,
                    "state": retry.state,
                    "attempts": retry.attempts,
                    "next_retry_at": retry.next_retry_at,
                    "errors": orjson.dumps(dict(failure.errors)).decode(),
                }
                for failure, retry in rows
            ],
        )


NEW = RetryState("waiting")
"""A symbol that has not failed before."""

_REMEMBER = """
    INSERT INTO failed_symbols (data_type, partition_key, timeframe, symbol, run_id, first_failed_at, last_failed_at,
        state, attempts, next_retry_at, errors)
    VALUES (%(data_type)s, %(partition_key)s, %(timeframe)s, %(symbol)s, %(run_id)s, %(now)s, %(now)s,
        %(state)s, %(attempts)s, %(next_retry_at)s, %(errors)s)
    ON CONFLICT (data_type, symbol, partition_key, timeframe) DO UPDATE SET
        run_id = excluded.run_id, last_failed_at = excluded.last_failed_at, state = excluded.state,
        attempts = excluded.attempts, next_retry_at = excluded.next_retry_at, errors = excluded.errors
"""


def clear_failures(
    connection: Connection,
    data_type: str,
    partition_key: str,
    symbols: Iterable[str],
    *,
    timeframe: str | None = None,
) -> None:
    """Forget failures of symbols that have been answered for."""
    connection.execute(
        "DELETE FROM failed_symbols"
        " WHERE data_type = %s AND partition_key = %s AND timeframe = %s AND symbol = ANY(%s)",
        [data_type, partition_key, timeframe or "", list(symbols)],
    )
    connection.commit()


def failures(report: Report) -> list[Failure]:
    """What has to be remembered of a report.  Pure."""
    return [
        Failure(
            symbol=symbol,
            errors={name: f"{error.outcome}: {error}" for name, error in errors.items()},
            unknown=symbol in report.unknown,
            not_before=report.kept_back.get(symbol),
        )
        for symbol, errors in report.failed.items()
    ]


def retry_candidates(connection: Connection, now: datetime) -> list[RetryCandidate]:
    """What is due for another try, the longest due first."""
    with connection.cursor(row_factory=class_row(RetryCandidate)) as cursor:
        return cursor.execute("SELECT * FROM get_retry_candidates(p_at => %s)", [now]).fetchall()


def mark_expired(connection: Connection, candidates: Iterable[RetryCandidate]) -> None:
    """Retry these no more: vendors no longer have what they need."""
    with connection.transaction(), connection.cursor() as cursor:
        cursor.executemany(
            "UPDATE failed_symbols SET state = 'expired', next_retry_at = NULL"
            " WHERE data_type = %s AND partition_key = %s AND timeframe = %s AND symbol = %s",
            [(one.data_type, one.partition_key, one.timeframe, one.symbol) for one in candidates],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedSymbol:
    """A row of `failed_symbols`."""

    data_type: str
    symbol: str
    partition_key: str
    timeframe: str
    state: str
    attempts: int
    first_failed_at: datetime
    last_failed_at: datetime
    next_retry_at: datetime | None
    errors: Mapping[str, str]
    run_id: str


def read_failed_symbols(
    connection: Connection,
    limit: int,
    *,
    offset: int = 0,
    data_type: str | None = None,
    state: str | None = None,
    symbol: str | None = None,
) -> list[FailedSymbol]:
    """Symbols that failed, the latest failure first."""
    with connection.cursor(row_factory=class_row(FailedSymbol)) as cursor:
        return cursor.execute(
            """
            SELECT data_type, symbol, partition_key, timeframe, state, attempts, first_failed_at, last_failed_at, next_retry_at,
                errors, run_id
            FROM failed_symbols
            WHERE (%(data_type)s::text IS NULL OR data_type = %(data_type)s)
                AND (%(state)s::text IS NULL OR state = %(state)s) AND (%(symbol)s::text IS NULL OR symbol = %(symbol)s)
            ORDER BY last_failed_at DESC, data_type, symbol, partition_key, timeframe LIMIT %(limit)s OFFSET %(offset)s
            """,
            {"data_type": data_type, "state": state, "symbol": symbol, "limit": limit, "offset": offset},
        ).fetchall()


def force_retry(
    connection: Connection,
    data_type: str | None = None,
    symbols: Sequence[str] | None = None,
    *,
    now: datetime,
) -> int:
    """Make failed symbols due at once, with all their retries before them again: of one data type or all, some symbols or all.

    Also those that were given up, and those that nobody knew; not sessions that are over.  Returns how many.
    """
    return connection.execute(
        """
        UPDATE failed_symbols SET state = 'waiting', attempts = 0, next_retry_at = %(now)s
        WHERE state <> 'expired' AND (%(data_type)s::text IS NULL OR data_type = %(data_type)s)
            AND (%(symbols)s::text[] IS NULL OR symbol = ANY (%(symbols)s))
        """,
        {"now": now, "data_type": data_type, "symbols": None if symbols is None else list(symbols)},
    ).rowcount


def count_failed_symbols(connection: Connection) -> list[tuple[str, str, int]]:
    """How many symbols have failed, by data type and state."""
    return connection.execute(
        "SELECT data_type, state, count(*) FROM failed_symbols GROUP BY data_type, state ORDER BY data_type, state"
    ).fetchall()
