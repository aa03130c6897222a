"""What the market tables hold, and how it stands with each data type.  Reading only."""

from dataclasses import dataclass
from datetime import datetime

from psycopg import sql
from psycopg.rows import class_row

from market_pipeline.datasets import DATA_TYPES
from market_pipeline.storage.database import Connection

COUNTED = 1_000_000  # rows; from there on PostgreSQL's own estimate is told, because counting takes seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """A data type: its rows, how fresh they are by symbol and bar length, and what went wrong."""

    data_type: str
    rows: int
    """An estimate from COUNTED on."""
    fresh: int
    aging: int
    stale: int
    missing: int
    last_refreshed_at: datetime | None
    waiting: int
    """Symbols that will be retried."""
    exhausted: int
    """Symbols that were given up."""
    rejected: int
    """Rows in quarantine."""


def holdings(connection: Connection) -> list[Holding]:
    """One line per data type, in the order in which they are declared."""
    with connection.cursor(row_factory=class_row(Holding)) as cursor:
        found = []
        for data_type in DATA_TYPES:
            query = _HOLDING.format(table=sql.Identifier("public", data_type.name))
            found += cursor.execute(query, {"data_type": data_type.name, "counted": COUNTED}).fetchall()
        return found


_HOLDING = sql.SQL(
    """
    SELECT
        %(data_type)s AS data_type,
        CASE WHEN estimate.n_live_tup < %(counted)s THEN (SELECT count(*) FROM {table}) ELSE estimate.n_live_tup END AS rows,
        coalesce(fresh_count, 0) AS fresh,
        coalesce(aging_count, 0) AS aging,
        coalesce(stale_count, 0) AS stale,
        coalesce(missing_count, 0) AS missing,
        last_computed_at AS last_refreshed_at,
        failed.waiting,
        failed.exhausted,
        (SELECT count(*) FROM rejected_records WHERE data_type = %(data_type)s) AS rejected
    FROM (
        SELECT count(*) FILTER (WHERE state = 'waiting') AS waiting, count(*) FILTER (WHERE state = 'exhausted') AS exhausted
        FROM failed_symbols WHERE data_type = %(data_type)s
    ) AS failed
    JOIN pg_stat_user_tables AS estimate ON estimate.relid = %(data_type)s::regclass
    LEFT JOIN freshness_summary AS freshness ON freshness.data_type = %(data_type)s
    """
)
