"""`get_retry_candidates`: what is ready for another try."""

from datetime import UTC, datetime, timedelta
from typing import Any

from market_pipeline.storage.database import Database
from market_pipeline.storage.universe import TrackedSymbol, track, untrack
from market_pipeline.tracking.failed_symbols import Failure, record_failures

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


def failed(database: Database, data_type: str, *symbols: str, minutes_ago: int, unknown: bool = False) -> None:
    with database.connect() as connection:
        record_failures(
            connection,
            data_type,
            "",
            [Failure(symbol=symbol, errors={"yahoo": "HTTP 503"}, unknown=unknown) for symbol in symbols],
            run_id="run",
            now=NOW - timedelta(minutes=minutes_ago),
        )


def candidates(database: Database, *data_type: str) -> list[tuple[Any, ...]]:
    wanted = data_type[0] if data_type else None
    with database.connect() as connection:
        query = "SELECT data_type, symbol FROM get_retry_candidates(%s, %s)"
        return connection.execute(query, [wanted, NOW]).fetchall()


def test_those_whose_delay_has_passed_are_ready_the_longest_due_first(database: Database) -> None:
    with database.connect() as connection:
        track(connection, [TrackedSymbol(symbol) for symbol in ("AAPL", "JPM", "MSFT", "XOM", "ZZTOP")])
    failed(database, "company_info", "MSFT", minutes_ago=5)
    failed(database, "company_info", "AAPL", minutes_ago=7)
    failed(database, "company_info", "XOM", minutes_ago=4)
    failed(database, "company_info", "ZZTOP", minutes_ago=60, unknown=True)
    failed(database, "dividends", "JPM", minutes_ago=6)
    assert candidates(database) == [("company_info", "AAPL"), ("dividends", "JPM"), ("company_info", "MSFT")]
    assert candidates(database, "dividends") == [("dividends", "JPM")]


def test_a_symbol_that_is_not_tracked_is_owed_nothing_and_the_whole_market_always_is(database: Database) -> None:
    with database.connect() as connection:
        track(connection, [TrackedSymbol("AAPL"), TrackedSymbol("MSFT")])
    failed(database, "company_info", "AAPL", "MSFT", "STRANGER", minutes_ago=10)
    failed(database, "economic_events", "*", minutes_ago=10)
    with database.connect() as connection:
        untrack(connection, ["MSFT"])
    assert candidates(database) == [("company_info", "AAPL"), ("economic_events", "*")]
    with database.connect() as connection:
        track(connection, [TrackedSymbol("MSFT")])
    assert ("company_info", "MSFT") not in candidates(database), "back again, it starts anew"
