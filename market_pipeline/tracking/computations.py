"""How computing went lately, in figures.  Reading only; how fetching went belongs to `statistics`."""

from dataclasses import dataclass
from datetime import timedelta

from psycopg.rows import class_row

from market_pipeline.storage.database import Connection


@dataclass(frozen=True, slots=True)
class ComputeStats:
    """Series that were computed, each execution for itself.  The rate is in percent; None without any."""

    total_computations: int
    successful: int
    success_rate: float | None
    avg_computation_time_ms: float | None


def compute_stats(connection: Connection, window: timedelta) -> ComputeStats:
    """Of the computations that began within the last `window` and have ended."""
    with connection.cursor(row_factory=class_row(ComputeStats)) as cursor:
        (found,) = cursor.execute(
            """
            SELECT count(*) AS total_computations, count(*) FILTER (WHERE success) AS successful,
                (100.0 * count(*) FILTER (WHERE success) / nullif(count(*), 0))::double precision AS success_rate,
                avg(computation_time_ms)::double precision AS avg_computation_time_ms
            FROM enrichment_compute_log WHERE started_at > now() - %s AND computed_at IS NOT NULL
            """,
            [window],
        ).fetchall()
        return found
