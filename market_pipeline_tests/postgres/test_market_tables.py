"""Market tables: they hold what the datasets declare, and writing is idempotent, committed as it arrives and race-free."""

import threading
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from market_pipeline.datasets import DATASETS, Record, column_type
from market_pipeline.storage.database import Database
from market_pipeline.storage.upsert import total
from market_pipeline.storage.writer import Provenance, Writer

BARS = DATASETS["historical_prices"]
FETCHED = datetime(2026, 11, 20, 22, tzinfo=UTC)


def bars(count: int, symbol: str = "AAPL", close: Decimal = Decimal("10.25")) -> list[Record]:
    start = datetime(2026, 1, 5, 5, tzinfo=UTC)
    rows: list[dict[str, Any]] = [
        {
            "symbol": symbol,
            "timeframe": "1h",
            "bar_start": start + timedelta(hours=number),
            "session": date(2026, 1, 5),
            "adjustment": "split",
            "open": Decimal(10),
            "high": Decimal(11),
            "low": Decimal(9),
            "close": close,
            "flags": ("odd",) if number == 0 else (),
        }
        for number in range(count)
    ]
    checked = BARS.check(rows)
    assert checked.rejected == []
    return checked.records


def provenance(provider: str = "yahoo", run: str = "first") -> Provenance:
    return Provenance(provider, FETCHED, run)


@pytest.mark.parametrize("name", DATASETS)
def test_a_table_has_the_fields_of_its_dataset_the_provenance_and_the_key(database: Database, name: str) -> None:
    dataset = DATASETS[name]
    with database.connect() as connection:
        columns = connection.execute(
            "SELECT column_name FROM information_schema.columns WHERE table_name = %s", [name]
        ).fetchall()
        key = connection.execute(
            "SELECT attname FROM pg_index JOIN pg_attribute ON attrelid = indrelid AND attnum = ANY(indkey)"
            " WHERE indrelid = %s::regclass AND indisprimary ORDER BY array_position(indkey::int2[], attnum)",
            [name],
        ).fetchall()
    pinned = {"series_provider", "mixed"} if dataset.pinned else set()
    complete = {"first_seen_at", "last_seen_at", "removed_at"} if dataset.complete else set()
    expected = set(dataset.record.model_fields) | {"provider", "fetched_at", "run_id"} | pinned | complete
    assert {column for (column,) in columns} == expected
    assert tuple(column for (column,) in key) == dataset.key


@pytest.mark.parametrize("name", DATASETS)
def test_columns_have_the_types_of_the_fields(database: Database, name: str) -> None:
    fields = DATASETS[name].record.model_fields
    with database.connect() as connection:
        types = connection.execute(
            "SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0",
            [name],
        ).fetchall()
    declared = {field: column_type(info.annotation) for field, info in fields.items()}
    assert {column: kind for column, kind in types if column in fields} == declared


@pytest.mark.parametrize("name", DATASETS)
def test_every_table_and_column_of_market_data_says_what_it_is(database: Database, name: str) -> None:
    with database.connect() as connection:
        undescribed = connection.execute(
            "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0"
            " AND col_description(attrelid, attnum) IS NULL"
            " AND attname NOT IN ('symbol', 'as_of', 'flags', 'provider', 'fetched_at', 'run_id')",
            [name],
        ).fetchall()
        described = connection.execute("SELECT obj_description(%s::regclass)", [name]).fetchone()
    assert undescribed == []
    assert described is not None
    assert described[0] is not None


def test_every_table_view_and_function_says_what_it_is(database: Database) -> None:
    with database.connect() as connection:
        undescribed = connection.execute(
            """
            SELECT relname FROM pg_class
            WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'v') AND obj_description(oid, 'pg_class') IS NULL
            UNION ALL
            SELECT proname FROM pg_proc
            WHERE pronamespace = 'public'::regnamespace AND obj_description(oid, 'pg_proc') IS NULL
            """
        ).fetchall()
    assert undescribed == []


def test_money_is_exact_and_times_are_utc(database: Database) -> None:
    with database.connect(autocommit=True) as connection:
        Writer(connection).write(BARS, bars(1, close=Decimal("10.123456789012345")), provenance(), {})
        row = connection.execute("SELECT close, bar_start, fetched_at, flags FROM historical_prices").fetchone()
    assert row == (Decimal("10.123456789012345"), datetime(2026, 1, 5, 5, tzinfo=UTC), FETCHED, ["odd"])


def test_the_same_rows_again_change_nothing_and_new_values_update(database: Database) -> None:
    with database.connect(autocommit=True) as connection:
        writer = Writer(connection)
        first = total(writer.write(BARS, bars(300), provenance(), {}))
        again = total(writer.write(BARS, bars(300), provenance(run="second"), {}))
        changed = total(writer.write(BARS, bars(300, close=Decimal("10.5")), provenance(run="third"), {}))
        runs = connection.execute("SELECT DISTINCT run_id FROM historical_prices").fetchall()
    assert (first.inserted, first.updated, first.unchanged) == (300, 0, 0)
    assert (again.inserted, again.updated, again.unchanged) == (0, 0, 300)
    assert (changed.inserted, changed.updated, changed.unchanged) == (0, 300, 0)
    assert runs == [("third",)]


def test_each_write_is_committed_as_it_arrives_whatever_was_read_before(database: Database) -> None:
    with database.connect() as connection, database.connect() as onlooker:
        connection.execute("SELECT 1")
        connection.commit()
        writer = Writer(connection)
        seen = []
        for symbol in ("AAPL", "MSFT"):
            writer.write(BARS, bars(3, symbol), provenance(), {})
            seen += onlooker.execute("SELECT count(*) FROM historical_prices").fetchall()
            onlooker.commit()
    assert seen == [(3,), (6,)]


def test_writers_of_the_same_rows_at_once_neither_fail_nor_duplicate(database: Database) -> None:
    errors: list[BaseException] = []

    def write(number: int) -> None:
        try:
            with database.connect(autocommit=True) as connection:
                for _ in range(5):
                    Writer(connection).write(
                        BARS, bars(200, close=Decimal(10) + number / Decimal(10)), provenance(), {}
                    )
        except BaseException as error:  # noqa: BLE001 - told by the main thread
            errors.append(error)

    threads = [threading.Thread(target=write, args=[number]) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with database.connect() as connection:
        counted = connection.execute("SELECT count(*) FROM historical_prices").fetchone()
    assert errors == []
    assert counted == (200,)


def test_a_bar_of_another_vendor_than_its_series_is_marked(database: Database) -> None:
    with database.connect(autocommit=True) as connection:
        Writer(connection).write(BARS, bars(1) + bars(1, "MSFT"), provenance("fmp"), {"AAPL": "yahoo"})
        rows = connection.execute(
            "SELECT symbol, provider, series_provider, mixed FROM historical_prices ORDER BY symbol"
        ).fetchall()
    assert rows == [("AAPL", "fmp", "yahoo", True), ("MSFT", "fmp", "fmp", False)]
