"""Upserting 100,000 daily bars, beside plain binary COPY of them into the same table and into one without key and log."""

import gc
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any

from psycopg import Connection, sql
from psycopg.rows import TupleRow

from market_pipeline.datasets import DATASETS, Record
from market_pipeline.datasets.fields import column_type
from market_pipeline.storage.database import Database
from market_pipeline.storage.upsert import total
from market_pipeline.storage.writer import Provenance, Writer
from market_pipeline_tests.benchmarks.measure import Result, by_turns

BARS = DATASETS["historical_prices"]
COUNT = 100_000
CHUNK = 10_000
PROVENANCE = Provenance("yahoo", datetime(2026, 11, 20, 22, tzinfo=UTC), "bench")
COLUMNS = {name: column_type(field.annotation) for name, field in BARS.record.model_fields.items()} | {
    "provider": "text",
    "fetched_at": "timestamp with time zone",
    "run_id": "text",
    "series_provider": "text",
}


def bars() -> list[Record]:
    start = datetime(2000, 1, 3, 5, tzinfo=UTC)
    price = {"open": Decimal("10.11"), "high": Decimal("11.5"), "low": Decimal("9.75"), "close": Decimal("10.92")}
    rows = (
        {
            "symbol": f"S{number % 100}",
            "timeframe": "1d",
            "bar_start": start + timedelta(days=number // 100),
            "session": date(2000, 1, 3) + timedelta(days=number // 100),
            "adjustment": "split",
            "volume": 1_000_000 + number,
            **price,
        }
        for number in range(COUNT)
    )
    return BARS.check(rows).records


def plain(record: Record) -> tuple[Any, ...]:
    """The same row, ready to be sent."""
    own = {**vars(record), "flags": list(record.flags)}
    return (*own.values(), PROVENANCE.provider, PROVENANCE.fetched_at, PROVENANCE.run_id, PROVENANCE.provider)


def chunks(records: list[Record]) -> Iterator[list[Record]]:
    return (records[at : at + CHUNK] for at in range(0, len(records), CHUNK))


def copy(connection: Connection[TupleRow], table: str, ready: list[tuple[Any, ...]]) -> int:
    """Bars sent into an emptied table: the least that storing them takes."""
    connection.execute(sql.SQL("TRUNCATE {}").format(sql.Identifier(table)))
    columns = sql.SQL(", ").join(map(sql.Identifier, COLUMNS))
    statement = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT BINARY)").format(sql.Identifier(table), columns)
    with connection.cursor().copy(statement) as stream:
        stream.set_types(list(COLUMNS.values()))
        for row in ready:
            stream.write_row(row)
    return len(ready)


def run(database: Database) -> Iterator[Result]:
    records = bars()
    ready = [plain(record) for record in records]
    with database.connect(autocommit=True) as connection:

        def upsert() -> int:
            writer = Writer(connection)
            return sum(total(writer.write(BARS, chunk, PROVENANCE, {})).rows for chunk in chunks(records))

        def upsert_afresh() -> int:
            connection.execute("TRUNCATE historical_prices")
            return upsert()

        connection.execute("CREATE UNLOGGED TABLE bare (LIKE historical_prices)")
        gc.freeze()  # what the bench keeps for itself is not the writer's to look through
        bare, same, first, again = by_turns(
            partial(copy, connection, "bare", ready),
            partial(copy, connection, "historical_prices", ready),
            upsert_afresh,
            upsert,
            rounds=1,
        )
        gc.unfreeze()
    yield Result("100,000 bars upserted, first time", "rows/s", first, same, "COPY into the same table", 0.5)
    yield Result("100,000 bars upserted again", "rows/s", again, same, "COPY into the same table", 0.6)
    yield Result("100,000 bars upserted, first time", "rows/s", first, bare, "COPY, unlogged, no key")
