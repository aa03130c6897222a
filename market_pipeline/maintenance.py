"""What a pipeline leaves behind is deleted once it is old: tracking, and Dagster's runs, which would grow for ever.

Here belongs which runs may go; which rows of tracking may is `tracking.retention`.  Dagster takes a partition whose
materialisation is deleted for missing, and would fetch it again: so the run that last materialised a partition stays.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice

import dagster as dg
from psycopg import sql

from market_pipeline.queue import UNFINISHED
from market_pipeline.storage.dagster_storage import SCHEMA
from market_pipeline.storage.database import Connection, Database
from market_pipeline.tracking.retention import cleanup

CHECKS = "asset_check_executions"
PAGE = 500  # ids in one query
FINISHED = [status for status in dg.DagsterRunStatus if status not in (*UNFINISHED, dg.DagsterRunStatus.MANAGED)]


def delete_old_history(
    database: Database, instance: dg.DagsterInstance, days_to_keep: int, *, now: datetime
) -> dict[str, int]:
    """Delete what is older than `days_to_keep`; how many rows by table, and how many `dagster runs`."""
    before = now - timedelta(days=days_to_keep)
    with database.connect(autocommit=True, name="maintenance") as connection:
        deleted = cleanup(connection, days_to_keep, now=now)
        checks = trim_checks(connection, before)
    return {**deleted, "dagster checks": checks, "dagster runs": trim_runs(instance, before)}


def trim_runs(instance: dg.DagsterInstance, before: datetime) -> int:
    """Delete runs that were created before a moment and have ended; how many."""
    needed = {run_id for key in instance.get_asset_keys() for run_id in _last_materialised_by(instance, key)}
    old = dg.RunsFilter(statuses=FINISHED, created_before=before)
    deleted = 0
    for run_id in instance.get_run_ids(old):
        if run_id not in needed:
            instance.delete_run(run_id)
            instance.compute_log_manager.delete_logs(prefix=[run_id])
            deleted += 1
    return deleted


def trim_checks(connection: Connection, before: datetime) -> int:
    """Delete results of asset checks from before a moment, but for the last of each check; how many.

    Dagster deletes a run's events and leaves these, which would be half a million a year for one asset by the minute.
    """
    if connection.execute("SELECT to_regclass(%s)", [f"{SCHEMA}.{CHECKS}"]).fetchone() == (None,):
        return 0  # another storage than ours
    statement = sql.SQL(
        "DELETE FROM {table} WHERE create_timestamp < %s"
        " AND id NOT IN (SELECT max(id) FROM {table} GROUP BY asset_key, check_name, partition)"
    ).format(table=sql.Identifier(SCHEMA, CHECKS))
    return connection.execute(statement, [before.astimezone(UTC).replace(tzinfo=None)]).rowcount  # UTC, unsaid


def _last_materialised_by(instance: dg.DagsterInstance, key: dg.AssetKey) -> Iterator[str]:
    """The runs that hold the last materialisation of an asset, and of each of its partitions."""
    last = instance.get_latest_materialization_event(key)
    if last is not None:
        yield last.run_id
    by_partition = instance.event_log_storage.get_latest_storage_id_by_partition(
        key, dg.DagsterEventType.ASSET_MATERIALIZATION
    )
    ids = iter(by_partition.values())
    while page := list(islice(ids, PAGE)):
        found = instance.fetch_materializations(dg.AssetRecordsFilter(key, storage_ids=page), limit=len(page))
        yield from (record.run_id for record in found.records)
