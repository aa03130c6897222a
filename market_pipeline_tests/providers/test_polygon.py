"""What only Polygon does: tickers whose case counts, quotes that are cleared to 0, a 403 that is about the hour."""

from datetime import UTC, date, datetime

import orjson
import pytest

from market_pipeline.providers.errors import NoData, NotEntitled, ProviderError, RateLimited, UnknownSymbol
from market_pipeline.providers.messages import Answer, Ask, Window
from market_pipeline.providers.polygon import Polygon
from market_pipeline.providers.polygon.companies import Financials
from market_pipeline.providers.polygon.market import GroupedDaily, Snapshot
from market_pipeline.providers.polygon.options import OptionsSnapshot

NOW = datetime(2026, 11, 20, 17, 5, tzinfo=UTC)


def answer(body: object, status: int = 200) -> Answer:
    return Answer(url="https://vendor.example/", status=status, body=orjson.dumps(body), received_at=NOW)


def ask(data_type: str, *symbols: str, window: Window | None = None, timeframe: str | None = None) -> Ask:
    return Ask(data_type=data_type, symbols=symbols, now=NOW, window=window, timeframe=timeframe)


@pytest.mark.parametrize(
    ("body", "status", "meaning"),
    [
        ({"status": "NOT_AUTHORIZED", "message": "Your plan doesn't include this data timeframe."}, 403, NotEntitled),
        ({"status": "NOT_AUTHORIZED", "message": "Attempted to request today's data before end of day."}, 403, NoData),
        ({"status": "ERROR", "error": "You've exceeded the maximum requests per minute"}, 200, RateLimited),
        ({"status": "NOT_FOUND", "message": "Ticker not found."}, 404, UnknownSymbol),
    ],
)
def test_a_refusal_is_told_by_its_words_in_either_place(
    body: object, status: int, meaning: type[ProviderError]
) -> None:
    assert type(Polygon().classify(answer(body, status))) is meaning


def test_a_snapshot_that_is_cleared_before_the_open_is_no_quote_and_a_missing_one_an_unknown_symbol() -> None:
    cleared = {"ticker": "AAPL", "day": {"c": 0, "o": 0}, "lastTrade": {"p": 0, "t": 0}, "updated": 0}
    parsed = Snapshot().read(answer({"tickers": [cleared]}), ask("stock_quotes", "AAPL", "ZZTOP"))
    assert parsed.rows == []
    assert {symbol: type(error) for symbol, error in parsed.errors.items()} == {"ZZTOP": UnknownSymbol}


def test_a_preferred_share_is_not_taken_for_the_share_that_is_spelled_alike() -> None:
    assert Polygon().match("https://api.massive.com/v3/reference/tickers/BACpL", NOW) is None
    bar = {"o": 2, "h": 3, "l": 1, "c": 2, "v": 5, "t": 1602705600000}
    body = {"adjusted": True, "results": [{"T": "BACpL", **bar}, {"T": "BRK.B", **bar}]}
    rows = GroupedDaily().read(answer(body), ask("historical_prices", "BRK.B", timeframe="1d")).rows
    assert [row["symbol"] for row in rows] == ["BRK.B"]


def test_the_whole_market_is_asked_for_one_session_and_not_for_more() -> None:
    one, two = (Window(date(2026, 11, day), date(2026, 11, 19)) for day in (19, 18))
    served = [
        GroupedDaily().serves(ask("historical_prices", "AAPL", window=window, timeframe="1d")) for window in (one, two)
    ]
    assert served == [True, False]


def test_pages_are_followed_until_one_is_empty() -> None:
    link = "https://api.polygon.io/v3/snapshot/options/AAPL?cursor=abc"
    details = {"ticker": "O:AAPL261218C00150000", "expiration_date": "2026-12-18", "contract_type": "call"}
    contract = {"details": details | {"strike_price": 150}}
    pages = [{"results": [contract], "next_url": link}, {"results": [], "next_url": link}]
    parsed = [OptionsSnapshot().read(answer(page), ask("options_chain", "AAPL")) for page in pages]
    assert [[request.path for request in one.more] for one in parsed] == [[link], []]


def test_a_later_filing_restates_the_period() -> None:
    def filing(day: str, revenue: int) -> dict[str, object]:
        period = {"fiscal_period": "Q1", "start_date": "2026-01-01", "end_date": "2026-03-31", "filing_date": day}
        return period | {"financials": {"income_statement": {"revenues": {"value": revenue, "unit": "USD"}}}}

    body = {"results": [filing("2026-08-01", 7), filing("2026-05-01", 5)]}
    (row,) = Financials().read(answer(body), ask("fundamentals", "AAPL")).rows
    assert (row["revenue"], row["filed_on"], row["currency"]) == (7, date(2026, 8, 1), "USD")
