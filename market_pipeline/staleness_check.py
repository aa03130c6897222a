"""The hourly check of freshness: stored statuses are brought up to the clock, beside what Dagster says of the assets.

Here belongs what only Dagster knows.  How stale data is belongs to `tracking.staleness`, refreshing it to a sensor.
"""

from datetime import datetime

import dagster as dg

from market_pipeline.datasets import DATA_TYPES
from market_pipeline.storage.database import Database
from market_pipeline.tracking.staleness import Status, check_staleness, record_dagster_freshness

NEVER_JUDGED = "UNKNOWN"


def check_freshness(database: Database, instance: dg.DagsterInstance, now: datetime) -> dict[Status, int]:
    """Bring the table `data_freshness` up to date, and write down Dagster's verdicts; how much is in which state."""
    keys = {dg.AssetKey(one.name): one.name for one in DATA_TYPES}
    records = instance.get_freshness_state_records(list(keys))
    verdicts = {
        name: records[key].freshness_state.value if key in records else NEVER_JUDGED for key, name in keys.items()
    }
    with database.connect(name="staleness check") as connection:
        record_dagster_freshness(connection, verdicts, now)
        return check_staleness(connection, now)
