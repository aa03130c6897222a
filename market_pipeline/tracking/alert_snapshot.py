"""What the alert rules look at, as far as our own tables know it.

Here belongs the reading.  What only Dagster knows (daemons, schedules, runs) is added by the sensor.
"""

from datetime import datetime, timedelta

from market_pipeline.datasets import DATASETS, PartitionedBy
from market_pipeline.storage.database import Connection
from market_pipeline.tracking.alerts import ENRICHMENT, Counted, Snapshot
from market_pipeline.tracking.quality import quality_summary
from market_pipeline.tracking.staleness import freshness_summary

LOOKBACK = timedelta(hours=26)  # what ran before says nothing about now; daily jobs ran within it
ENOUGH = 10  # symbols: of a retry of two symbols, one failure is half
BY_SESSION = [one.name for one in DATASETS.values() if one.partitioned_by is PartitionedBy.SESSION]


def read_snapshot(connection: Connection, now: datetime) -> Snapshot:
    """How things are by our tables; the parts of it that only Dagster knows are empty."""
    since = now - LOOKBACK
    return Snapshot(
        run_seconds=_run_seconds(connection, since, now),
        last_enrichment=_last_enrichment(connection, since),
        last_fetches=_last_fetches(connection, since),
        quality_score=quality_summary(connection).avg_quality_score,
        freshness=_freshness(connection),
    )


def _run_seconds(connection: Connection, since: datetime, now: datetime) -> dict[str, float]:
    rows = connection.execute(
        """
        SELECT DISTINCT ON (job) job, extract(epoch FROM
            CASE WHEN bool_or(status = 'running') THEN %(now)s ELSE max(completed_at) END - min(started_at))::float8
        FROM scheduler_execution_log
        WHERE started_at > %(since)s AND NOT (data_type = ANY (%(by_session)s) AND partition_key LIKE '%%...%%')
        GROUP BY job, run_id ORDER BY job, min(started_at) DESC
        """,
        {"since": since, "now": now, "by_session": BY_SESSION},
    ).fetchall()
    return dict(rows)


def _last_enrichment(connection: Connection, since: datetime) -> Counted | None:
    """Its steps are about the same symbols, so that the step with the most counts."""
    row = connection.execute(
        """
        SELECT max(total_symbols), max(failed_symbols) FROM scheduler_execution_log
        WHERE started_at > %s AND job = %s
        GROUP BY run_id HAVING bool_and(status <> 'running') ORDER BY min(started_at) DESC LIMIT 1
        """,
        [since, ENRICHMENT],
    ).fetchone()
    return None if row is None else Counted(*row)


def _last_fetches(connection: Connection, since: datetime) -> dict[str, Counted]:
    rows = connection.execute(
        """
        SELECT DISTINCT ON (data_type) data_type, total_symbols, failed_symbols
        FROM scheduler_execution_log AS past LEFT JOIN data_types AS kind USING (data_type)
        WHERE started_at > %(since)s AND past.status <> 'running' AND total_symbols >= CASE
            WHEN kind.per_symbol THEN least(%(enough)s, (SELECT count(*) FROM tracked_symbols WHERE active)) ELSE 1 END
        ORDER BY data_type, started_at DESC
        """,
        {"since": since, "enough": ENOUGH},
    ).fetchall()
    return {data_type: Counted(total, failed) for data_type, total, failed in rows}


def _freshness(connection: Connection) -> dict[str, Counted]:
    summaries = freshness_summary(connection)
    return {name: Counted(one["total_monitored"], one["stale_count"]) for name, one in summaries.items()}
