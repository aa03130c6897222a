"""The accountant finds what is missing: otherwise a table without losses would prove nothing."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any, cast

import pytest
from psycopg.abc import Query

from market_pipeline.simulator.market import SyntheticMarket
from market_pipeline.storage.database import Database
from market_pipeline_tests.chaos.accountant import fates, served_and_gone, untrue
from market_pipeline_tests.chaos.plan import Order
from market_pipeline_tests.chaos.stage import Placed, Row, Stage

AT = datetime(2026, 5, 29, 18, tzinfo=UTC)
LATER, EARLIER = AT + timedelta(minutes=1), AT - timedelta(minutes=1)
SESSION = date(2026, 5, 28)
PRICES = Placed(Order("historical_prices", ("AAPL",), (SESSION,), ("1d",)), "run", AT, "an act")
NEWS = Placed(Order("news", ("AAPL",)), "run", AT, "an act")


@dataclass
class Books:
    """As much of a stage as the accountant reads."""

    database: Database
    served: Counter[tuple[str, str]] = field(default_factory=Counter)

    def rows(self, query: Query, parameters: Mapping[str, Any] | Sequence[Any] | None = None) -> list[Row]:
        with self.database.connect(autocommit=True) as connection:
            cursor = connection.execute(query, parameters)
            return [] if cursor.description is None else cursor.fetchall()

    def all_served(self) -> Counter[tuple[str, str]]:
        return self.served

    def answered(self, data_type: str, timeframe: str, span: str, at: datetime) -> None:
        answer = [data_type, "AAPL", timeframe, span, "fmp", 0, "run", at, at]
        self.rows("INSERT INTO cached_answers VALUES (%s, %s, %s, %s::daterange, %s, %s, %s, %s, %s)", answer)

    def owed(self, partition: str, at: datetime, errors: str = '{"fmp": "down"}') -> None:
        self.rows(
            """INSERT INTO failed_symbols (data_type, symbol, partition_key, timeframe, run_id, first_failed_at,
                last_failed_at, state, attempts, next_retry_at, errors)
            VALUES ('historical_prices', 'AAPL', %s, '1d', 'run', %s, %s, 'waiting', 1, %s, %s)""",
            [partition, at, at, at, errors],
        )

    def bar(self, close: object, fetched_at: datetime) -> None:
        self.rows(
            """INSERT INTO historical_prices (symbol, timeframe, bar_start, session, adjustment, open, high, low, close, flags,
                provider, series_provider, fetched_at, run_id)
            VALUES ('AAPL', '1d', %s, %s, 'raw', %s, %s, %s, %s, '{}', 'fmp', 'fmp', %s, 'run')""",
            [AT, SESSION, close, close, close, close, fetched_at],
        )


@pytest.fixture
def books(database: Database) -> Books:
    return Books(database)


def of(books: Books, placed: Placed) -> str | None:
    """The fate of the one thing that an order is about."""
    (fate,) = fates(cast(Stage, books), placed).values()
    return fate


def test_of_what_nobody_knows_anything_is_lost(books: Books) -> None:
    assert of(books, PRICES) is None
    books.bar(1, fetched_at=EARLIER)
    books.owed("2026-05-28", EARLIER)
    books.answered("historical_prices", "1d", "[2026-05-28,2026-05-29)", EARLIER)
    assert of(books, PRICES) is None, "what was there before the order was placed is no answer to it"


def test_rows_and_empty_answers_since_the_order_are_held(books: Books) -> None:
    books.bar(1, fetched_at=LATER)
    assert of(books, PRICES) == "held"
    assert of(books, NEWS) is None
    books.answered("news", "", "(,)", LATER)
    assert of(books, NEWS) == "held"


def test_an_answer_about_other_days_or_bars_is_none(books: Books) -> None:
    books.answered("historical_prices", "1d", "[2026-05-29,2026-05-30)", LATER)
    books.answered("historical_prices", "1h", "[2026-05-28,2026-05-29)", LATER)
    assert of(books, PRICES) is None


def test_a_backfill_is_served_by_an_answer_that_was_still_fresh(books: Books) -> None:
    books.answered("historical_prices", "1d", "[2026-05-28,2026-05-29)", EARLIER)
    served = replace(PRICES, order=replace(PRICES.order, anew=False))
    assert of(books, served) == "held"


@pytest.mark.parametrize(
    ("partition", "expected"),
    [("2026-05-28", "owed"), ("2026-05-26...2026-05-28", "owed"), ("2026-05-26...2026-05-27", None)],
)
def test_what_is_owed_has_a_reason_and_is_of_the_day(books: Books, partition: str, expected: str | None) -> None:
    books.owed(partition, LATER)
    assert of(books, PRICES) == expected


def test_each_thing_of_an_order_has_its_own_fate(books: Books) -> None:
    books.bar(1, fetched_at=LATER)
    order = replace(PRICES.order, symbols=("MSFT", "AAPL"), days=(SESSION, SESSION + timedelta(days=1)))
    found = fates(cast(Stage, books), replace(PRICES, order=order))
    assert len(found) == 4
    assert [key for key, fate in found.items() if fate is not None] == [("AAPL", SESSION, "1d")]


def test_a_debt_without_a_reason_is_a_loss(books: Books) -> None:
    books.owed("2026-05-28", LATER, errors="{}")
    assert of(books, PRICES) is None


def test_what_was_served_and_is_nowhere_is_found(books: Books) -> None:
    books.served.update({("news", "AAPL"): 1, ("dividends", "AAPL"): 2})
    books.answered("news", "", "(,)", LATER)
    assert [loss.what for loss in served_and_gone(cast(Stage, books))] == [
        "dividends of AAPL was served and is nowhere"
    ]


def test_an_answer_about_the_whole_market_is_about_any_symbol(books: Books) -> None:
    books.served.update({("stock_quotes", "*"): 1, ("news", "*"): 1})
    books.answered("news", "", "(,)", LATER)
    assert [loss.what for loss in served_and_gone(cast(Stage, books))] == [
        "stock_quotes of * was served and is nowhere"
    ]


def test_a_close_that_is_not_the_markets_is_found(books: Books) -> None:
    true = SyntheticMarket(1).bar("AAPL", SESSION, as_of=AT)
    assert true is not None
    books.bar(true.close, fetched_at=LATER)
    assert list(untrue(cast(Stage, books))) == []
    books.rows("UPDATE historical_prices SET close = close * 2, high = high * 2")
    assert [f"{2 * true.close}" in loss.what for loss in untrue(cast(Stage, books))] == [True]
