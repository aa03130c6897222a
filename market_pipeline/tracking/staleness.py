"""How stale data is: the report of it, and the hourly check, which keeps the stored statuses and Dagster's verdicts.

Reading is right at any moment, whether the check runs or not.  The rule, and writing down refreshes, belong to `freshness`.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Literal, get_args

from psycopg.rows import dict_row
from typing_extensions import TypedDict  # pydantic reads it, and before Python 3.12 only this one

from market_pipeline.storage.database import Connection

Status = Literal["fresh", "aging", "stale", "missing"]
STATUSES: tuple[Status, ...] = get_args(Status)


class StalenessSummary(TypedDict):
    """How much is in each state, counted by symbol and bar length."""

    fresh_count: int
    aging_count: int
    stale_count: int
    missing_count: int
    total_monitored: int


class FreshnessEntry(TypedDict):
    """A symbol's data of one type.  What is missing may have neither last_computed_at nor staleness."""

    data_type: str
    symbol: str
    timeframe: str
    """Bar length, "" where the data type has none."""
    last_computed_at: datetime | None
    staleness_seconds: int | None
    """By the clock on the wall."""
    status: Status
    data_point_count: int


class StalenessReport(TypedDict):
    timestamp: datetime
    summary: StalenessSummary
    by_status: dict[Status, list[FreshnessEntry]]
    """What is most overdue, or turns next, comes first.  The lists are cut off, the summary counts all."""


def freshness_summary(connection: Connection, *, data_type: str | None = None) -> dict[str, StalenessSummary]:
    """The summary of each data type, or of one, by name."""
    with connection.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(
            "SELECT data_type, fresh_count, aging_count, stale_count, missing_count, total_monitored FROM freshness_summary"
            " WHERE %(data_type)s::text IS NULL OR data_type = %(data_type)s ORDER BY data_type",
            {"data_type": data_type},
        ).fetchall()
    return {row.pop("data_type"): StalenessSummary(**row) for row in rows}  # type: ignore[typeddict-item]


def staleness_report(connection: Connection, *, data_type: str | None = None, limit: int = 50) -> StalenessReport:
    """What is fresh, aging, stale and missing now, at most `limit` of each: of one data type or of all."""
    with connection.transaction(), connection.cursor(row_factory=dict_row) as cursor:  # one now() for all of it
        summaries = freshness_summary(connection, data_type=data_type).values()
        by_status: dict[Status, list[FreshnessEntry]] = {
            status: cursor.execute(query, {"data_type": data_type, "limit": limit}).fetchall()  # type: ignore[misc]
            for status, query in _LISTS.items()
        }
        (now,) = cursor.execute("SELECT now()").fetchall()
    return StalenessReport(timestamp=now["now"], summary=_total(summaries), by_status=by_status)


def symbol_freshness(connection: Connection, symbol: str) -> list[FreshnessEntry]:
    """How fresh all data of a symbol is now, by data type; empty for a symbol that is not active."""
    with connection.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(
            "SELECT data_type, symbol, timeframe, last_computed_at, staleness_seconds, status, data_point_count"
            " FROM current_freshness WHERE symbol = %s ORDER BY data_type, timeframe",
            [symbol],
        ).fetchall()
    return [FreshnessEntry(**row) for row in rows]  # type: ignore[typeddict-item]


def _total(summaries: Iterable[StalenessSummary]) -> StalenessSummary:
    """All data types together.  Pure."""
    listed = list(summaries)
    return StalenessSummary(
        fresh_count=sum(one["fresh_count"] for one in listed),
        aging_count=sum(one["aging_count"] for one in listed),
        stale_count=sum(one["stale_count"] for one in listed),
        missing_count=sum(one["missing_count"] for one in listed),
        total_monitored=sum(one["total_monitored"] for one in listed),
    )


def _list(condition: str, order: str) -> str:
    """A query for the first entries, in the order of an index."""
    return f"""
        SELECT data_type, symbol, timeframe, last_computed_at, staleness_seconds, status, data_point_count
        FROM current_freshness WHERE {condition} AND (%(data_type)s::text IS NULL OR data_type = %(data_type)s)
        ORDER BY {order} LIMIT %(limit)s
    """  # noqa: S608 - of the constants below


_LISTS: Mapping[Status, str] = {
    "fresh": _list("fresh_until > now()", "fresh_until, symbol"),
    "aging": _list("fresh_until <= now() AND stale_at > now()", "stale_at, symbol"),
    "stale": _list("stale_at <= now()", "stale_at, symbol"),
    "missing": _list("fresh_until IS NULL", "data_type, symbol"),
}


def check_staleness(connection: Connection, now: datetime) -> dict[Status, int]:
    """Bring the stored statuses up to date, for readers of the table itself; how many rows are in each now.

    A row that is being written at the moment is left alone: what writes it knows better.
    """
    found: dict[Status, int] = dict.fromkeys(STATUSES, 0)
    with connection.transaction():
        rows = connection.execute(_CHECK, {"now": now}).fetchall()
    for status, count in rows:
        found[status] += count
    return found


_CHECK = """
    WITH free AS MATERIALIZED (
        SELECT data_type, symbol, timeframe FROM data_freshness FOR UPDATE SKIP LOCKED
    ), checked AS (
        UPDATE data_freshness AS kept SET
            status = freshness_status(fresh_until, stale_at, %(now)s),
            staleness_seconds = extract(epoch FROM %(now)s - last_computed_at),
            updated_at = %(now)s
        FROM free
        WHERE kept.data_type = free.data_type AND kept.symbol = free.symbol AND kept.timeframe = free.timeframe
        RETURNING status
    )
    SELECT status, count(*) FROM checked GROUP BY status
"""


def record_dagster_freshness(connection: Connection, states: Mapping[str, str], now: datetime) -> None:
    """Keep what Dagster says about each data type's asset (PASS, WARN, FAIL, UNKNOWN, NOT_APPLICABLE)."""
    with connection.transaction(), connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO dagster_freshness (data_type, state, recorded_at) VALUES (%s, %s, %s)"
            " ON CONFLICT (data_type) DO UPDATE SET state = excluded.state, recorded_at = excluded.recorded_at",
            [(name, state, now) for name, state in sorted(states.items())],
        )
