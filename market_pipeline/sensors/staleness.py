"""Every hour the stored statuses of freshness are brought up to date, and Dagster's own verdicts are written beside them.

Here belongs the tick.  What is fresh follows from `tracking.freshness`, and is true without it; that it ran is the sign of life
that `tracking.health` looks for.
"""

from collections import Counter

import dagster as dg
from dagster._core.definitions.freshness import FreshnessState

from market_pipeline.datasets import DATA_TYPES
from market_pipeline.resources import Clock, utc_now
from market_pipeline.settings import load_settings
from market_pipeline.storage.prepare import prepared_database
from market_pipeline.tracking.staleness import check_staleness, record_dagster_freshness


def staleness_check(clock: Clock = utc_now) -> dg.SensorDefinition:
    """The sensor, by a clock of the caller's."""

    @dg.sensor(
        name="staleness_check",
        minimum_interval_seconds=3600,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Brings the stored freshness of all symbols up to date, and keeps Dagster's verdict on each asset.",
    )
    def _sensor(context: dg.SensorEvaluationContext) -> dg.SkipReason:
        """Asks for no run, so that each tick is a skipped one, with what it found as the reason."""
        now, verdicts = clock(), dagster_verdicts(context.instance)
        with prepared_database(load_settings()).connect(autocommit=True, name="staleness check") as connection:
            counts = check_staleness(connection, now)
            record_dagster_freshness(connection, verdicts, now)
        ours = ", ".join(f"{count} {status}" for status, count in counts.items())
        theirs = ", ".join(f"{count} {state}" for state, count in sorted(Counter(verdicts.values()).items()))
        return dg.SkipReason(f"symbols: {ours}; assets, by Dagster: {theirs}")

    return _sensor


def dagster_verdicts(instance: dg.DagsterInstance) -> dict[str, str]:
    """What Dagster's freshness daemon last said of each data type's asset; UNKNOWN before it has."""
    records = instance.get_freshness_state_records([dg.AssetKey(one.name) for one in DATA_TYPES])
    known = {key.to_user_string(): record.freshness_state for key, record in records.items()}
    return {one.name: known.get(one.name, FreshnessState.UNKNOWN).value for one in DATA_TYPES}
