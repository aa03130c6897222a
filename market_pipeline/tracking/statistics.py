"""What is known of vendors and data, read from the tracking tables.  Reading only."""

from dataclasses import dataclass
from datetime import datetime

import psycopg
from psycopg import sql
from psycopg.rows import TupleRow, class_row

from market_pipeline.datasets import DATASETS, Dataset


@dataclass(frozen=True, slots=True)
class ProviderPerformance:
    """Running totals of a vendor for one data type.  success_rate is in percent and leaves rate-limited calls out."""

    provider: str
    data_type: str
    total_attempts: int
    success_rate: float | None
    avg_response_time_ms: float | None
    rate_limited: int
    records: int
    last_success_at: datetime | None
    last_error: str | None


@dataclass(frozen=True, slots=True)
class Holding:
    """What a market table holds."""

    data_type: str
    rows: int
    symbols: int
    last_fetched_at: datetime | None
    waiting: int
    """Symbols due for a retry."""
    exhausted: int
    rejected: int
    """Rows in quarantine."""


def provider_performance(connection: psycopg.Connection[TupleRow]) -> list[ProviderPerformance]:
    with connection.cursor(row_factory=class_row(ProviderPerformance)) as cursor:
        return cursor.execute(
            """
            SELECT provider, data_type, total_attempts, rate_limited, records, last_success_at, last_error,
                100.0 * successes / nullif(successes + failures, 0) AS success_rate,
                total_response_time_ms / nullif(total_attempts, 0) AS avg_response_time_ms
            FROM provider_stats ORDER BY provider, data_type
            """
        ).fetchall()


def holdings(connection: psycopg.Connection[TupleRow]) -> list[Holding]:
    """One line per data type, in the order of DATASETS."""
    with connection.cursor(row_factory=class_row(Holding)) as cursor:
        found = []
        for dataset in DATASETS.values():
            cursor.execute(_holding(dataset), {"data_type": dataset.name})
            found += cursor.fetchall()
        return found


def _holding(dataset: Dataset) -> sql.Composed:
    return sql.SQL(
        """
        SELECT %(data_type)s AS data_type, count(*) AS rows, count(DISTINCT symbol) AS symbols,
            max(fetched_at) AS last_fetched_at,
            (SELECT count(*) FROM failed_symbols WHERE data_type = %(data_type)s AND state = 'waiting') AS waiting,
            (SELECT count(*) FROM failed_symbols WHERE data_type = %(data_type)s AND state = 'exhausted') AS exhausted,
            (SELECT count(*) FROM rejected_records WHERE data_type = %(data_type)s) AS rejected
        FROM {}
        """
    ).format(sql.Identifier("public", dataset.name))
