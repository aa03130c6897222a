"""The universe: adding, importing and removing symbols, and the world a database holds."""

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from market_pipeline.storage.database import Database
from market_pipeline.storage.universe import (
    InvalidSymbol,
    TrackedSymbol,
    active_symbols,
    checked_symbol,
    default_universe,
    new_symbols,
    read_csv,
    track,
    tracked_symbols,
    untrack,
)
from market_pipeline.storage.world import WrongWorld, claim_world


def test_the_default_universe_is_at_least_50_described_large_caps() -> None:
    found = default_universe()
    assert len(found) >= 50
    assert all(one.name and one.exchange and one.sector and one.indices for one in found)
    assert len({one.symbol for one in found}) == len(found)


@pytest.mark.parametrize(("typed", "symbol"), [("aapl", "AAPL"), (" brk.b ", "BRK.B"), ("^gspc", "^GSPC")])
def test_a_symbol_is_taken_as_people_type_it(typed: str, symbol: str) -> None:
    assert checked_symbol(typed) == symbol


@pytest.mark.parametrize("typed", ['"; drop table', "A" * 300, "", "A B", "ÄPFEL", "AAPL\n", "*"])
def test_what_is_no_symbol_is_refused_with_what_is_accepted(typed: str) -> None:
    if typed == "AAPL\n":
        assert checked_symbol(typed) == "AAPL"
        return
    with pytest.raises(InvalidSymbol, match="letters, digits") as raised:
        checked_symbol(typed)
    assert len(str(raised.value)) < 200


def test_removing_deactivates_and_adding_again_keeps_what_was_known(database: Database) -> None:
    with database.connect() as connection:
        track(connection, [TrackedSymbol("AAPL", name="Apple Inc.", sector="Technology", indices=("S&P 500",))])
        assert untrack(connection, ["AAPL", "MSFT"]) == ("AAPL",)
        assert active_symbols(connection) == ()
        assert [one.symbol for one in tracked_symbols(connection, include_inactive=True)] == ["AAPL"]
        track(connection, [TrackedSymbol("AAPL")])
        (apple,) = tracked_symbols(connection)
    assert (apple.name, apple.sector, apple.indices, apple.active) == ("Apple Inc.", "Technology", ("S&P 500",), True)


def test_who_reads_new_symbols_with_a_cursor_misses_none_though_they_are_added_at_the_same_time(
    database: Database,
) -> None:
    with database.connect() as slow, database.connect(autocommit=True) as reader, ThreadPoolExecutor() as pool:
        track(slow, [TrackedSymbol("SLOW")])
        with slow.transaction():
            track(slow, [TrackedSymbol("SLOWER")])
            quick = pool.submit(_track, database, "QUICK")
            while not quick.done() and not reader.execute(_SOMEBODY_WAITS).fetchone():
                time.sleep(0.01)
            seen = new_symbols(reader, None, limit=10)
        quick.result()
        later = new_symbols(reader, seen[-1], limit=10)
    assert [new.symbol for new in (*seen, *later)] == ["SLOW", "SLOWER", "QUICK"]


_SOMEBODY_WAITS = "SELECT 1 FROM pg_locks WHERE NOT granted"


def _track(database: Database, symbol: str) -> None:
    with database.connect() as connection:
        track(connection, [TrackedSymbol(symbol)])


def test_new_symbols_come_in_the_order_in_which_they_were_added(database: Database) -> None:
    with database.connect() as connection:
        for symbol in ("MSFT", "AAPL", "XOM"):
            track(connection, [TrackedSymbol(symbol)])
        first = new_symbols(connection, None, limit=2)
        assert [new.symbol for new in first] == ["MSFT", "AAPL"]
        assert [new.symbol for new in new_symbols(connection, first[-1], limit=2)] == ["XOM"]


def test_a_csv_is_read_by_its_column_names(tmp_path: Path) -> None:
    file = tmp_path / "symbols.csv"
    file.write_text("Name,symbol,indices,timeframes,note\nx,aapl,S&P 500;Dow Jones,1d;1h,y\nx,brk.b,,,\n")
    apple, berkshire = read_csv(file)
    assert (apple.symbol, apple.indices, apple.timeframes) == ("AAPL", ("S&P 500", "Dow Jones"), ("1d", "1h"))
    assert (berkshire.symbol, berkshire.timeframes) == ("BRK.B", ("1d",))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("symbol\nAAPL\n$$$\n", "line 3"),
        ("symbol,timeframes\nAAPL,1d;5m\n", "no such timeframe: 5m"),
        ("ticker\nAAPL\n", "`symbol`"),
        ("", "`symbol`"),
    ],
)
def test_a_bad_csv_is_refused_whole_and_says_where(tmp_path: Path, text: str, told: str) -> None:
    file = tmp_path / "symbols.csv"
    file.write_text(text)
    with pytest.raises(InvalidSymbol, match=told):
        read_csv(file)


def test_a_database_holds_one_world_and_refuses_the_other(database: Database) -> None:
    with database.connect() as connection:
        assert claim_world(connection, "simulated:1") is True
        assert claim_world(connection, "simulated:1") is False
        for other in ("live", "simulated:2"):
            with pytest.raises(WrongWorld, match="market-pipeline db reset"):
                claim_world(connection, other)
