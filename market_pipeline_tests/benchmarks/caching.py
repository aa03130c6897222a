"""The answer cache: 500 symbols looked up, and answers kept, beside as many `SELECT 1` on the same connection."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import partial

from market_pipeline.datasets import DATASETS
from market_pipeline.providers.messages import Window
from market_pipeline.storage.answers import AnswerCache, Question
from market_pipeline.storage.database import Database
from market_pipeline.storage.writer import Provenance, Writer
from market_pipeline_tests.benchmarks.measure import Result, per_second

SYMBOLS = [f"S{number}" for number in range(500)]
CHUNK = 10  # symbols whose answers come together
NOW = datetime(2026, 11, 20, 22, tzinfo=UTC)
DAY = date(2026, 11, 20)


def run(database: Database) -> Iterator[Result]:
    with database.connect(autocommit=True) as connection:

        def cache(question: Question) -> AnswerCache:
            return AnswerCache(connection, question, run_id="bench", clock=lambda: NOW)

        def kept(one: AnswerCache, window: Window | None) -> int:
            for at in range(0, len(SYMBOLS), CHUNK):
                one.remember("yahoo", dict.fromkeys(SYMBOLS[at : at + CHUNK], 1), window=window)
            return len(SYMBOLS)

        def found(one: AnswerCache) -> int:
            return len(one.fresh(SYMBOLS, others=True).answers)

        def select() -> int:
            for _ in SYMBOLS:
                connection.execute("SELECT 1").fetchone()
            return len(SYMBOLS)

        _write_bars(Writer(connection))
        profiles = Question(dataset=DATASETS["company_info"])
        bars = Question(dataset=DATASETS["historical_prices"], window=Window(DAY, DAY), timeframe="1d")
        limit = per_second(select)
        for what, question in (("profiles", profiles), ("bars of a day", bars)):
            one = cache(question)
            written, read = per_second(partial(kept, one, question.window)), per_second(partial(found, one))
            yield Result(f"answers kept, {what}", "symbols/s", written, limit, "SELECT 1")
            yield Result(f"served from the cache, {what}", "symbols/s", read, limit, "SELECT 1", 1.0)


def _write_bars(writer: Writer) -> None:
    price = dict.fromkeys(("open", "high", "low", "close"), Decimal("10.11"))
    rows = (
        {
            "symbol": symbol,
            "timeframe": "1d",
            "bar_start": NOW - timedelta(hours=17),
            "session": DAY,
            "adjustment": "split",
        }
        | price
        for symbol in SYMBOLS
    )
    dataset = DATASETS["historical_prices"]
    writer.write(dataset, dataset.check(rows).records, Provenance("yahoo", NOW, "bench"), {})
