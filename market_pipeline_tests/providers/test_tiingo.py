"""What only Tiingo does: refusals in plain text under 200, one address for bars and dividends, volumes of one exchange."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import orjson
import pytest

from market_pipeline.providers import errors
from market_pipeline.providers.messages import Answer, Ask, Window
from market_pipeline.providers.tiingo import Tiingo
from market_pipeline.providers.tiingo.companies import DividendsInPrices, News
from market_pipeline.providers.tiingo.fundamentals import Fundamentals
from market_pipeline.providers.tiingo.market import CryptoDaily, DailyPrices, IexQuotes

NOW = datetime(2026, 11, 20, 17, 5, tzinfo=UTC)  # five past noon in New York
PRICES = "/tiingo/daily/AAPL/prices"
HEADER = "date,close,high,low,open,volume,adjClose,divCash,splitFactor"
DAYS = f"{HEADER}\n2026-11-12,9,9,9,9,5,8.9,0.0,1.0\n2026-11-13,8,8,8,8,5,8,0.26,2.0\n"


def answer(body: Any, status: int = 200, path: str = PRICES) -> Answer:
    sent = body.encode() if isinstance(body, str) else orjson.dumps(body)
    return Answer(url=Tiingo.base_url + path, status=status, body=sent, received_at=NOW)


def ask(data_type: str, *symbols: str, window: Window | None = None, timeframe: str | None = None) -> Ask:
    return Ask(data_type=data_type, symbols=symbols or ("AAPL",), now=NOW, window=window, timeframe=timeframe)


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ("Error: You have run over your hourly request allocation.", 55 * 60),
        ("Error: You have run over your daily request allocation.", 12 * 3600 - 5 * 60),
        ("You have run over your 500 symbol look up for this month.", 10 * 86_400 + 12 * 3600 - 5 * 60),
        ("Request was throttled.", None),
    ],
)
@pytest.mark.parametrize("status", [200, 429])
def test_a_spent_allocation_comes_back_when_its_period_ends(said: str, seconds: float | None, status: int) -> None:
    for body in (said, {"detail": said}):
        refused = Tiingo().classify(answer(body, status))
        assert isinstance(refused, errors.RateLimited)
        assert refused.retry_after == seconds


@pytest.mark.parametrize(
    ("said", "status", "kind"),
    [
        ("Error: Free and Power plans are limited to the DOW 30.", 400, errors.NotEntitled),
        ("Error: Ticker 'NOSUCH' not found", 404, errors.UnknownSymbol),
        ("Error: resampleFreq must be in 'Min' or 'Hour' only", 200, errors.MalformedResponse),
    ],
)
def test_other_refusals_are_known_by_their_words(said: str, status: int, kind: type[errors.ProviderError]) -> None:
    assert isinstance(Tiingo().classify(answer({"detail": said}, status)), kind)


def test_a_table_in_csv_is_no_remark_and_holds_the_same_bars() -> None:
    assert Tiingo().classify(answer(DAYS)) is None
    _, split = DailyPrices().read(answer(DAYS), ask("historical_prices")).rows
    assert (split["session"], split["close"], split["split_factor"]) == (date(2026, 11, 13), Decimal(8), Decimal("2.0"))


def test_dividends_are_the_bars_days_with_cash() -> None:
    (row,) = DividendsInPrices().read(answer(DAYS), ask("dividends")).rows
    assert (row["ex_date"], row["amount"]) == (date(2026, 11, 13), Decimal("0.26"))


def test_a_quote_says_that_its_volume_is_of_one_exchange_and_who_is_unknown() -> None:
    body = [{"ticker": "BRK-B", "timestamp": "2026-11-20T12:00:00.123456789-05:00", "tngoLast": 500, "volume": 10}]
    parsed = IexQuotes().read(answer(body), ask("stock_quotes", "BRK.B", "NOSUCH"))
    assert [(row["symbol"], row["flags"]) for row in parsed.rows] == [("BRK.B", ("volume_of_one_exchange",))]
    assert isinstance(parsed.errors["NOSUCH"], errors.UnknownSymbol)


def test_pairs_are_asked_for_as_crypto_and_shares_are_not() -> None:
    pairs = ask("historical_prices", "BTC-USD", "SHIB-USDT", timeframe="1d")
    assert CryptoDaily().serves(pairs)
    assert CryptoDaily().requests(pairs)[0].params["tickers"] == "btcusd,shibusdt"
    assert not CryptoDaily().serves(ask("historical_prices", "BTC-USD", "AAPL", timeframe="1d"))


def test_statements_dated_by_their_filing_are_not_read_because_their_period_is_not_told() -> None:
    path = "/tiingo/fundamentals/AAPL/statements"
    assert Fundamentals().match(path, {}, NOW) is not None
    assert Fundamentals().match(path, {"asReported": "True"}, NOW) is None


def test_a_full_page_of_news_asks_for_what_follows() -> None:
    article = {"publishedDate": "2026-11-19T16:00:00Z", "title": "t", "url": "https://a.example/1", "tickers": ["aapl"]}
    page = answer([article] * News.page_size, path="/tiingo/news?offset=1000")
    parsed = News().read(page, ask("news", window=Window(date(2026, 11, 19), date(2026, 11, 19))))
    assert [request.params["offset"] for request in parsed.more] == ["2000"]
