"""How long tracking is kept: rows of the past are deleted in small batches, so that nobody waits for it, and vacuumed.

Here belongs which rows of which table may go.  Market data is never deleted, and neither are states that are still true: open
executions, unresolved failures, symbols that are waiting for a retry, running totals.  Dagster's own history is
`market_pipeline.maintenance`.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta

from psycopg import sql

from market_pipeline.storage.database import Connection

BATCH = 5_000  # rows a transaction
MAY_GO: Mapping[str, str] = {
    "fetch_attempts": "attempted_at < %(before)s",
    "attempt_counts": "period = 'hour' AND starts_at < %(before)s",  # the days, and all of time, stay
    "attempt_latencies": "period = 'hour' AND starts_at < %(before)s",
    "provider_events": "at < %(before)s",
    "rejected_records": "last_seen_at < %(before)s",
    "failed_symbols": "state <> 'waiting' AND last_failed_at < %(before)s",
    "feature_computation_failures": "resolved AND failed_at < %(before)s",
    "alerts": "closed_at < %(before)s",
    # before their executions, which would take them all along in one transaction
    "symbol_computation_status": "execution_id IN (SELECT execution_id FROM scheduler_execution_log"
    " WHERE started_at < %(before)s AND status <> 'running')",
    "scheduler_execution_log": "started_at < %(before)s AND status <> 'running'",
}
"""By table, which rows are too old; the large ones have an index for it."""


def cleanup(connection: Connection, days_to_keep: int = 30, *, now: datetime) -> dict[str, int]:
    """Delete tracking from before `days_to_keep` days; how many rows, by table.

    Makes the connection commit each batch.  Rows that somebody else has locked are left for the next time.
    """
    connection.autocommit = True
    before = now - timedelta(days=days_to_keep)
    return {table: _delete(connection, table, condition, before) for table, condition in MAY_GO.items()}


def _delete(connection: Connection, table: str, condition: str, before: datetime) -> int:
    batch = sql.SQL(
        "DELETE FROM {table} WHERE ctid = ANY (ARRAY("
        "SELECT ctid FROM {table} WHERE {condition} LIMIT {batch} FOR UPDATE SKIP LOCKED))"
    ).format(table=sql.Identifier("public", table), condition=sql.SQL(condition), batch=sql.Literal(BATCH))
    deleted = 0
    while True:
        rows = connection.execute(batch, {"before": before}).rowcount
        deleted += rows
        if rows < BATCH:
            break
    if deleted:  # so that new rows take the places of the old ones now, and not when a fifth of a large table is dead
        connection.execute(sql.SQL("VACUUM (ANALYZE) {}").format(sql.Identifier("public", table)))
    return deleted
