"""Single calls to vendors as they are read: who was asked for what, when, and what came of it.  Reading only.

Writing them belongs to `recorder`, sums over them to `statistics`.
"""

from dataclasses import dataclass
from datetime import datetime

from psycopg import sql
from psycopg.rows import class_row

from market_pipeline.storage.database import Connection


@dataclass(frozen=True, slots=True, kw_only=True)
class PastAttempt:
    """A row of `fetch_attempts`."""

    attempt_id: int
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
    error_message: str | None


def past_attempts(
    connection: Connection,
    limit: int,
    *,
    before: int | None = None,
    provider: str | None = None,
    data_type: str | None = None,
    symbol: str | None = None,
    outcome: str | None = None,
    run_id: str | None = None,
) -> list[PastAttempt]:
    """The last calls that match all that is given, newest first; `before` is the attempt_id at which the last page ended."""
    conditions = {
        "attempt_id < %(before)s": before,
        "provider = %(provider)s": provider,
        "data_type = %(data_type)s": data_type,
        "symbols @> ARRAY[%(symbol)s]": symbol,
        "outcome = %(outcome)s": outcome,
        "run_id = %(run_id)s": run_id,
    }
    given = [sql.SQL(condition) for condition, value in conditions.items() if value is not None]
    query = sql.SQL(_PAST).format(sql.SQL(" AND ").join(given or [sql.SQL("true")]))
    with connection.cursor(row_factory=class_row(PastAttempt)) as cursor:
        return cursor.execute(
            query,
            {
                "before": before,
                "provider": provider,
                "data_type": data_type,
                "symbol": symbol,
                "outcome": outcome,
                "run_id": run_id,
                "limit": limit,
            },
        ).fetchall()


_PAST = """
    SELECT attempt_id, attempted_at, run_id, data_type, provider, endpoint, symbols, outcome, http_status, response_time_ms,
        records, rejected, error_message
    FROM fetch_attempts WHERE {} ORDER BY attempt_id DESC LIMIT %(limit)s
"""
