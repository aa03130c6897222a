"""Upserting 100,000 daily bars, beside plain binary COPY into the same table and into one without key and log."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from market_pipeline.datasets import DATASETS, Record
from market_pipeline.storage.database import Database
from market_pipeline.storage.writer import Provenance, Writer, total
from market_pipeline_tests.benchmarks.measure import Result, per_second

BARS = DATASETS["historical_prices"]
COUNT = 100_000
CHUNK = 10_000
PROVENANCE = Provenance("yahoo", datetime(2026, 11, 20, 22, tzinfo=UTC), "bench")
COLUMNS = "symbol, timeframe, bar_start, session, adjustment, open, high, low, close, volume"
TYPES = "text text timestamptz date text numeric numeric numeric numeric numeric".split()


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


def chunks(records: list[Record]) -> Iterator[list[Record]]:
    return (records[at : at + CHUNK] for at in range(0, len(records), CHUNK))


def run(database: Database) -> Iterator[Result]:
    records = bars()
    fields = COLUMNS.split(", ")
    plain = [tuple(getattr(record, name) for name in fields) for record in records]
    with database.connect(autocommit=True) as connection:

        def upsert() -> int:
            writer = Writer(connection)
            return sum(total(writer.write(BARS, chunk, PROVENANCE, {})).rows for chunk in chunks(records))

        def upsert_afresh() -> int:
            connection.execute("TRUNCATE historical_prices")
            return upsert()

        def copy(table: str) -> int:
            connection.execute(f"TRUNCATE {table}")  # type: ignore[arg-type]
            with connection.cursor().copy(f"COPY {table} ({COLUMNS}) FROM STDIN (FORMAT BINARY)") as stream:  # type: ignore[arg-type]
                stream.set_types(TYPES)
                for row in plain:
                    stream.write_row(row)
            return len(plain)

        connection.execute("CREATE UNLOGGED TABLE bare (LIKE historical_prices)")
        connection.execute(f"CREATE TABLE keyed (LIKE historical_prices, PRIMARY KEY ({', '.join(BARS.key)}))")  # type: ignore[arg-type]
        for table in ("bare", "keyed"):
            for name in ("flags", "provider", "fetched_at", "run_id", "series_provider"):
                connection.execute(f"ALTER TABLE {table} ALTER {name} DROP NOT NULL")  # type: ignore[arg-type]
        first, bare, keyed = (
            per_second(upsert_afresh),
            per_second(lambda: copy("bare")),
            per_second(lambda: copy("keyed")),
        )
        again = per_second(upsert)
    yield Result("100,000 bars upserted, first time", "rows/s", first, keyed, "COPY into the same table", 0.5)
    yield Result("100,000 bars upserted again", "rows/s", again, keyed, "COPY into the same table", 0.6)
    yield Result("100,000 bars upserted, first time", "rows/s", first, bare, "COPY, unlogged, no key")
