"""The staleness report, and the hourly check of stored statuses."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest

from market_pipeline.datasets import DATASETS
from market_pipeline.sessions import Sessions
from market_pipeline.storage.data_types import declare_data_types
from market_pipeline.storage.database import Database
from market_pipeline.storage.universe import TrackedSymbol, track
from market_pipeline.tracking.freshness import Refresh, record_freshness
from market_pipeline.tracking.staleness import (
    STATUSES,
    check_staleness,
    freshness_summary,
    record_dagster_freshness,
    staleness_report,
    symbol_freshness,
)

Connection = psycopg.Connection[Any]
NEWS, PROFILES = DATASETS["news"], DATASETS["company_info"]  # an hour and a day; eight days and fifteen
HOURS = {"AAPL": 0.1, "CAT": 0.5, "DIS": 3, "GE": 20, "HD": 30, "IBM": 200}  # ages of news; JPM has none
AGES = {"fresh": ["CAT", "AAPL"], "aging": ["GE", "DIS"], "stale": ["IBM", "HD"], "missing": ["JPM"]}


@pytest.fixture
def connection(database: Database) -> Iterator[Connection]:
    with database.connect(autocommit=True) as one:
        declare_data_types(one, [NEWS, PROFILES])
        track(one, map(TrackedSymbol, [*HOURS, "JPM"]))
        now = datetime.now(UTC)
        refreshes = [
            Refresh(symbol=symbol, as_of=now - timedelta(hours=hours), data_points=2) for symbol, hours in HOURS.items()
        ]
        record_freshness(one, NEWS, refreshes, sessions=Sessions(), now=now)
        yield one


def test_the_report_counts_all_and_lists_the_most_overdue_of_each_state_first(connection: Connection) -> None:
    report = staleness_report(connection, data_type="news")
    assert {status: [one["symbol"] for one in found] for status, found in report["by_status"].items()} == AGES
    assert report["summary"] == {
        "fresh_count": 2,
        "aging_count": 2,
        "stale_count": 2,
        "missing_count": 1,
        "total_monitored": 7,
    }
    assert report["timestamp"].tzinfo is not None
    (first, *_) = report["by_status"]["stale"]
    assert first.keys() == {
        *("data_type", "symbol", "timeframe", "status"),
        *("last_computed_at", "staleness_seconds", "data_point_count"),
    }
    assert first["staleness_seconds"] is not None
    assert 200 * 3600 <= first["staleness_seconds"] < 201 * 3600
    assert (first["status"], first["data_point_count"], first["timeframe"]) == ("stale", 2, "")


def test_lists_are_cut_off_and_counts_are_not(connection: Connection) -> None:
    report = staleness_report(connection, limit=1)
    assert [len(report["by_status"][status]) for status in STATUSES] == [1, 1, 1, 1]
    assert report["summary"]["missing_count"] == 1 + 7
    assert report["summary"]["total_monitored"] == 14


def test_a_summary_has_every_data_type(connection: Connection) -> None:
    found = freshness_summary(connection)
    assert {name: (one["stale_count"], one["missing_count"]) for name, one in found.items()} == {
        "company_info": (0, 7),
        "news": (2, 1),
    }


def test_all_data_of_a_symbol_and_nothing_of_a_stranger(connection: Connection) -> None:
    found = symbol_freshness(connection, "HD")
    assert [(one["data_type"], one["status"]) for one in found] == [("company_info", "missing"), ("news", "stale")]
    assert symbol_freshness(connection, "STRANGER") == []


def test_the_check_brings_what_the_table_says_up_to_date(connection: Connection) -> None:
    later = datetime.now(UTC) + timedelta(hours=30)
    counts = check_staleness(connection, later)
    assert counts == {"fresh": 0, "aging": 0, "stale": 6, "missing": 8}
    rows = connection.execute(
        "SELECT symbol, status, staleness_seconds / 3600, updated_at FROM data_freshness WHERE data_type = 'news'"
    ).fetchall()
    assert {row[0]: row[1:] for row in rows} == {
        **{symbol: ("stale", int(hours + 30), later) for symbol, hours in HOURS.items()},
        "JPM": ("missing", None, later),
    }


def test_the_check_neither_waits_for_rows_that_are_being_written_nor_touches_them(
    connection: Connection, database: Database
) -> None:
    with database.connect() as writer:
        writer.execute("SELECT 1 FROM data_freshness WHERE symbol = 'AAPL' FOR UPDATE")
        counts = check_staleness(connection, datetime.now(UTC))
    assert sum(counts.values()) == 14 - 2


def test_writers_of_the_same_symbols_in_any_order_and_the_check_do_not_deadlock(
    connection: Connection, database: Database
) -> None:
    failed: list[BaseException] = []

    def write(symbols: list[str]) -> None:
        try:
            with database.connect(autocommit=True) as own:
                for _ in range(40):
                    now = datetime.now(UTC)
                    refreshes = [Refresh(symbol=symbol, as_of=now, data_points=1) for symbol in symbols]
                    record_freshness(own, NEWS, refreshes, sessions=Sessions(), now=now)
                    check_staleness(own, now)
                    track(own, map(TrackedSymbol, symbols))
        except BaseException as error:  # noqa: BLE001 - told by the main thread
            failed.append(error)

    orders = [list(HOURS), list(reversed(HOURS)), sorted(HOURS, key=lambda symbol: symbol[1]), list(HOURS)]
    writers = [threading.Thread(target=write, args=[order]) for order in orders]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert failed == []
    assert freshness_summary(connection)["news"]["fresh_count"] == len(HOURS)


def test_dagsters_own_verdict_is_kept_beside_ours(connection: Connection) -> None:
    now = datetime.now(UTC)
    record_dagster_freshness(connection, {"news": "PASS", "earnings": "UNKNOWN"}, now - timedelta(hours=1))
    record_dagster_freshness(connection, {"news": "FAIL"}, now)
    rows = connection.execute("SELECT * FROM dagster_freshness ORDER BY data_type").fetchall()
    assert rows == [("earnings", "UNKNOWN", now - timedelta(hours=1)), ("news", "FAIL", now)]
