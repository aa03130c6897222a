"""Freshness in SQL: what is expected, what is missing, and states that turn by themselves."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest

from market_pipeline.datasets import DATA_TYPES, DATASETS, DERIVED, DataType, Freshness
from market_pipeline.sessions import Sessions
from market_pipeline.storage.data_types import declare_data_types
from market_pipeline.storage.database import Database
from market_pipeline.storage.universe import TrackedSymbol, track, untrack
from market_pipeline.tracking.freshness import Refresh, record_freshness

Connection = psycopg.Connection[Any]
SESSIONS = Sessions()
NEWS = DATASETS["news"]  # fresh for an hour, stale after a day
FEATURES = DERIVED["price_features"]


@pytest.fixture
def connection(database: Database) -> Iterator[Connection]:
    """Two tracked symbols, of which one keeps hourly bars, too."""
    with database.connect(autocommit=True) as one:
        declare_data_types(one)
        track(one, [TrackedSymbol("AAPL", timeframes=("1d", "1h")), TrackedSymbol("MSFT")])
        yield one


def refreshed(
    connection: Connection, age: timedelta, *, data_type: DataType = NEWS, symbol: str = "AAPL", points: int = 1
) -> None:
    now = datetime.now(UTC)
    refresh = Refresh(symbol=symbol, as_of=now - age, data_points=points)
    timeframe = data_type.timeframes[0] if data_type.timeframes else ""
    record_freshness(connection, data_type, [refresh], timeframe=timeframe, sessions=SESSIONS, now=now)


def status(connection: Connection, data_type: str = "news", symbol: str = "AAPL") -> str:
    row = connection.execute(
        "SELECT status FROM current_freshness WHERE data_type = %s AND symbol = %s AND timeframe IN ('', '1d')",
        [data_type, symbol],
    ).fetchone()
    assert row is not None
    return str(row[0])


def stored(connection: Connection) -> list[tuple[Any, ...]]:
    """What the table itself says of what was refreshed."""
    query = "SELECT status, staleness_seconds FROM data_freshness WHERE last_computed_at IS NOT NULL"
    return connection.execute(query).fetchall()


def test_everything_that_is_expected_is_missing_before_it_is_fetched(connection: Connection) -> None:
    rows = connection.execute(
        "SELECT data_type, symbol, timeframe, status, data_point_count, staleness_seconds FROM current_freshness"
    ).fetchall()
    expected = Counter(
        (dataset.name, symbol, timeframe)
        for dataset in DATA_TYPES
        for symbol, kept in (
            {"AAPL": ("1d", "1h"), "MSFT": ("1d",)} if dataset.per_symbol else dict.fromkeys(dataset.subjects, ())
        ).items()
        for timeframe in (kept if dataset.timeframes else ("",))
    )
    assert Counter(row[:3] for row in rows) == expected
    assert {row[3:] for row in rows} == {("missing", 0, None)}


@pytest.mark.parametrize(
    ("age", "expected"),
    [
        (timedelta(), "fresh"),
        (timedelta(minutes=58), "fresh"),
        (timedelta(minutes=61), "aging"),
        (timedelta(hours=23, minutes=58), "aging"),
        (timedelta(hours=25), "stale"),
    ],
)
def test_age_decides_between_fresh_aging_and_stale_in_the_table_and_now(
    connection: Connection, age: timedelta, expected: str
) -> None:
    refreshed(connection, age)
    assert status(connection) == expected
    assert stored(connection) == [(expected, age.total_seconds())]


def test_a_state_turns_by_itself_when_nothing_runs_any_more(connection: Connection) -> None:
    refreshed(connection, timedelta())
    connection.execute(  # two hours, then two days pass
        "UPDATE data_freshness SET fresh_until = now() - interval '1 hour', stale_at = now() + interval '22 hours'"
    )
    assert status(connection) == "aging"
    connection.execute("UPDATE data_freshness SET fresh_until = now() - interval '2 days', stale_at = now()")
    assert status(connection) == "stale"


def test_staleness_is_told_by_the_clock_on_the_wall_also_where_the_calendar_stands_still(
    connection: Connection,
) -> None:
    friday = datetime(2026, 11, 20, 20, 59, tzinfo=UTC)
    refresh = Refresh(symbol="AAPL", as_of=friday, data_points=1)
    sunday = friday + timedelta(days=2)
    record_freshness(connection, DATASETS["stock_quotes"], [refresh], sessions=SESSIONS, now=sunday)
    assert stored(connection) == [("fresh", 172_800)]


def test_an_older_refresh_changes_nothing_and_a_newer_one_everything(connection: Connection) -> None:
    refreshed(connection, timedelta(minutes=5), points=7)
    refreshed(connection, timedelta(days=3), points=9)
    assert (status(connection), points(connection)) == ("fresh", 7)
    refreshed(connection, timedelta(), points=8)
    assert (status(connection), points(connection)) == ("fresh", 8)


def test_an_empty_answer_is_fresh_where_it_is_an_answer_and_forgets_no_points(connection: Connection) -> None:
    refreshed(connection, timedelta(minutes=2), points=0)
    assert (status(connection), points(connection)) == ("fresh", 0)
    refreshed(connection, timedelta(minutes=1), points=12)
    refreshed(connection, timedelta(), points=0)
    assert (status(connection), points(connection)) == ("fresh", 12)


def test_without_data_points_a_symbol_is_missing_where_an_empty_answer_is_none(connection: Connection) -> None:
    refreshed(connection, timedelta(), data_type=FEATURES, points=250)
    assert status(connection, "price_features") == "fresh"
    refreshed(connection, timedelta(), data_type=FEATURES, points=0)
    assert (status(connection, "price_features"), points(connection)) == ("missing", 0)


def points(connection: Connection) -> int:
    query = "SELECT data_point_count FROM data_freshness WHERE last_computed_at IS NOT NULL"
    ((count,),) = connection.execute(query).fetchall()
    return int(count)


def test_features_have_the_columns_that_dashboards_of_them_ask_for(connection: Connection) -> None:
    refreshed(connection, timedelta(), data_type=FEATURES, points=250)
    cursor = connection.execute("SELECT * FROM feature_freshness ORDER BY symbol, timeframe")
    columns = "symbol timeframe last_computed_at data_point_count status staleness_seconds updated_at".split()
    assert [column.name for column in cursor.description or ()] == columns
    assert [(row[0], row[1], row[4]) for row in cursor.fetchall()] == [
        ("AAPL", "1d", "fresh"),
        ("AAPL", "1h", "missing"),
        ("MSFT", "1d", "missing"),
    ]


def test_a_symbol_that_is_no_longer_tracked_and_a_data_type_that_is_gone_are_not_expected(
    connection: Connection,
) -> None:
    refreshed(connection, timedelta())
    untrack(connection, ["AAPL"])
    declare_data_types(connection, [NEWS])
    assert connection.execute("SELECT data_type, symbol FROM current_freshness").fetchall() == [("news", "MSFT")]


def test_declaring_again_writes_nothing_and_a_change_of_windows_is_taken_over(connection: Connection) -> None:
    before = connection.execute("SELECT xmin, data_type FROM data_types ORDER BY data_type").fetchall()
    declare_data_types(connection)
    assert connection.execute("SELECT xmin, data_type FROM data_types ORDER BY data_type").fetchall() == before
    shorter = replace(NEWS, freshness=Freshness(timedelta(minutes=1), timedelta(minutes=2)))
    declare_data_types(connection, [shorter])
    assert connection.execute("SELECT data_type, warn_window, fail_window FROM data_types").fetchall() == [
        ("news", timedelta(minutes=1), timedelta(minutes=2))
    ]
