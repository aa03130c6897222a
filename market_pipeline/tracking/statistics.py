"""How vendors do, in figures, and how often their answers served again.  Reading only.

All figures of vendors come from the counts that `fetch_attempts` keeps of itself (see sql/functions/count_attempts.sql), so
that they cost milliseconds however many attempts there are.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from psycopg.rows import class_row
from typing_extensions import TypedDict  # pydantic reads it, and before Python 3.12 only this one

from market_pipeline.datasets import DATASETS
from market_pipeline.storage.database import Connection


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderPerformance:
    """How a vendor does: a row of `get_provider_performance`.  A vendor without calls has no rates and no times."""

    provider: str
    total_attempts: int
    successes: int
    """Calls that were answered: also with nothing, or with not knowing the symbol."""
    failures: int
    rate_limited: int
    success_rate: float | None
    """Successes in percent; rate-limited calls are left out."""
    avg_response_time_ms: float | None
    p50_response_ms: float | None
    p95_response_ms: float | None
    """Percentiles are read from a histogram: right within 19 %, and mostly within 3 %."""
    records: int
    last_success_at: datetime | None
    last_error: str | None
    state: str | None
    """The worst state of its gate and endpoints; None for one that was never asked by a gate."""
    reason: str | None
    away_until: datetime | None
    tokens_left: int | None
    quota_left: int | None


class TrackerStats(TypedDict):
    """Over all vendors."""

    total_attempts: int
    overall_success_rate: float | None
    """A fraction from 0 to 1 (a vendor's own is in percent); None without attempts."""
    active_providers: int
    """Vendors that can be called now, for one data type at least."""


class TrackingStatistics(TypedDict):
    tracker_stats: TrackerStats
    provider_performance: dict[str, ProviderPerformance]


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryPoint:
    """How a vendor did in one hour or day (UTC), which begins at `starts_at`.  success_rate is in percent."""

    starts_at: datetime
    provider: str
    total_attempts: int
    successes: int
    failures: int
    rate_limited: int
    success_rate: float | None
    avg_response_time_ms: float
    records: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheStats:
    """How a data type's answers have served again."""

    data_type: str
    answers: int = 0
    """All that are kept, by symbol and days asked for."""
    fresh: int = 0
    """Those that still serve."""
    oldest_fresh_at: datetime | None = None
    last_answered_at: datetime | None = None
    hits: int = 0
    """Symbols that did not have to be asked for, since the beginning."""
    misses: int = 0
    """Symbols that had to be; not those of runs that wanted to ask anew."""
    stale: int = 0
    """Symbols that old rows served because nobody answered."""
    hit_rate: float | None = None
    """In percent."""


def provider_performance(
    connection: Connection, *, data_type: str | None = None, window: timedelta | None = None
) -> list[ProviderPerformance]:
    """Every vendor that was ever asked, by name: of all time, or of the last `window` (from a full hour on)."""
    with connection.cursor(row_factory=class_row(ProviderPerformance)) as cursor:
        return cursor.execute("SELECT * FROM get_provider_performance(%s, %s)", [data_type, window]).fetchall()


def tracking_statistics(
    connection: Connection, *, data_type: str | None = None, window: timedelta | None = None
) -> TrackingStatistics:
    """All vendors together, and each by its name."""
    performance = provider_performance(connection, data_type=data_type, window=window)
    judged = sum(one.successes + one.failures for one in performance)
    (active,) = connection.execute(
        "SELECT count(DISTINCT name) FROM provider_status WHERE state IN ('closed', 'half_open')"
    ).fetchone() or (0,)
    return {
        "tracker_stats": {
            "total_attempts": sum(one.total_attempts for one in performance),
            "overall_success_rate": sum(one.successes for one in performance) / judged if judged else None,
            "active_providers": active,
        },
        "provider_performance": {one.provider: one for one in performance},
    }


def provider_history(
    connection: Connection,
    *,
    since: datetime,
    by: Literal["hour", "day"] = "hour",
    provider: str | None = None,
    data_type: str | None = None,
) -> list[HistoryPoint]:
    """How vendors did hour by hour or day by day, the oldest first.  A period without calls is not in it."""
    begin = since.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    with connection.cursor(row_factory=class_row(HistoryPoint)) as cursor:
        return cursor.execute(
            _HISTORY,
            {
                "period": by,
                "since": begin if by == "hour" else begin.replace(hour=0),
                "provider": provider,
                "data_type": data_type,
            },
        ).fetchall()


def answers_by_vendor(connection: Connection, *, since: datetime) -> dict[str, list[tuple[str, int]]]:
    """Who has answered lately, from the full hour of `since` on: good calls of each vendor, the most first, by data type."""
    rows = connection.execute(
        """
        SELECT data_type, provider, sum(calls)::bigint FROM attempt_counts
        WHERE period = 'hour' AND starts_at >= date_trunc('hour', %s) AND attempt_kind(outcome) = 'success'
        GROUP BY data_type, provider ORDER BY data_type, 3 DESC, provider
        """,
        [since],
    ).fetchall()
    found: dict[str, list[tuple[str, int]]] = {}
    for data_type, provider, calls in rows:
        found.setdefault(data_type, []).append((provider, calls))
    return found


_HISTORY = """
    SELECT starts_at, provider, attempts AS total_attempts, good AS successes, attempts - good - limited AS failures,
        limited AS rate_limited, (100.0 * good / nullif(attempts - limited, 0))::double precision AS success_rate,
        response_ms / attempts AS avg_response_time_ms, records
    FROM (
        SELECT starts_at, provider, sum(calls)::bigint AS attempts, sum(response_ms) AS response_ms,
            coalesce(sum(calls) FILTER (WHERE attempt_kind(outcome) = 'success'), 0)::bigint AS good,
            coalesce(sum(calls) FILTER (WHERE attempt_kind(outcome) = 'rate_limited'), 0)::bigint AS limited,
            sum(records)::bigint AS records
        FROM attempt_counts
        WHERE period = %(period)s AND starts_at >= %(since)s
            AND (%(provider)s::text IS NULL OR provider = %(provider)s)
            AND (%(data_type)s::text IS NULL OR data_type = %(data_type)s)
        GROUP BY starts_at, provider
    ) AS counted
    ORDER BY starts_at, provider
"""


def cache_stats(connection: Connection) -> list[CacheStats]:
    """One line per data type, in the order of DATASETS, also of those that were never asked for."""
    with connection.cursor(row_factory=class_row(CacheStats)) as cursor:
        cursor.execute(
            "SELECT data_type, answers, fresh, oldest_fresh_at, last_answered_at, hits, misses, stale, hit_rate FROM cache_stats"
        )
        known = {one.data_type: one for one in cursor}
    return [known.get(name, CacheStats(data_type=name)) for name in DATASETS]
