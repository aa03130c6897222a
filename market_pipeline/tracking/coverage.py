"""Which sessions have rows of a symbol, and which of those that are due have none, by the exchange's calendar.

Here belong counting and the rule what is due.  How good that is belongs to `quality`, whether it is an alarm to `findings`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from psycopg import sql
from psycopg.rows import class_row

from market_pipeline.datasets import Dataset
from market_pipeline.sessions import Sessions
from market_pipeline.storage.database import Connection

SETTLING = timedelta(hours=2)  # after the close, before a session's rows are due


@dataclass(frozen=True, slots=True)
class Coverage:
    """What there is of one symbol and, where the dataset has several, of one bar length ("" otherwise)."""

    symbol: str
    timeframe: str
    rows: int
    due: int
    """Sessions that should have rows: nothing is due before the first session that was ever fetched."""
    missing: list[date]
    """Those of them that have none, in order."""


def due_sessions(sessions: Sessions, first: date, now: datetime) -> list[date]:
    """The sessions from `first` on whose rows have to be there by now.  Pure."""
    return [day for day in sessions.between(first, sessions.current(now)) if sessions.closes(day) + SETTLING <= now]


def session_coverage(
    connection: Connection,
    dataset: Dataset,
    symbols: Sequence[str],
    *,
    since: date,
    sessions: Sessions,
    now: datetime,
) -> list[Coverage]:
    """The sessions from `since` on, for a dataset that is kept by session and each bar length that a symbol keeps."""
    with connection.cursor(row_factory=class_row(Coverage)) as cursor:
        return cursor.execute(
            sql.SQL(_COVERAGE).format(
                table=sql.Identifier("public", dataset.name),
                timeframe=sql.Identifier("timeframe") if dataset.timeframes else sql.SQL("''"),
            ),
            {
                "symbols": list(symbols),
                "timeframes": list(dataset.timeframes),
                "usual_timeframe": dataset.timeframes[0] if dataset.timeframes else "",
                "since": since,
                "days": sessions.between(since, sessions.current(now)),
                "due": due_sessions(sessions, since, now),
            },
        ).fetchall()


_COVERAGE = """
    WITH wanted AS (
        SELECT symbol, coalesce(timeframe, %(usual_timeframe)s) AS timeframe
        FROM unnest(%(symbols)s::text[]) AS asked (symbol)
        LEFT JOIN tracked_symbols AS tracked USING (symbol)
        LEFT JOIN LATERAL unnest(tracked.timeframes) AS timeframe ON timeframe = ANY (%(timeframes)s)
    ), kept AS (
        SELECT symbol, {timeframe} AS timeframe, count(*) AS rows,
            array_agg(DISTINCT session) FILTER (WHERE session = ANY (%(due)s)) AS there
        FROM {table} WHERE symbol = ANY (%(symbols)s) AND session = ANY (%(days)s)
        GROUP BY 1, 2
    ), expected AS (
        SELECT wanted.symbol, wanted.timeframe, coalesce(rows, 0) AS rows, coalesce(there, '{{}}') AS there,
            CASE
                WHEN EXISTS (
                    SELECT FROM {table} AS earlier
                    WHERE earlier.symbol = wanted.symbol AND {timeframe} = wanted.timeframe AND session < %(since)s
                ) THEN %(due)s::date[]
                ELSE (%(due)s::date[])[array_position(%(due)s::date[], there[1]):]
            END AS due
        FROM wanted LEFT JOIN kept USING (symbol, timeframe)
    )
    SELECT symbol, timeframe, rows, coalesce(cardinality(due), 0) AS due,
        CASE
            WHEN cardinality(there) < cardinality(due)
                THEN ARRAY(SELECT unnest(due) EXCEPT SELECT unnest(there) ORDER BY 1)
            ELSE '{{}}'
        END AS missing
    FROM expected ORDER BY symbol, timeframe
"""
