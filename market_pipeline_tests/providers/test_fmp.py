"""What only Financial Modeling Prep does: errors under any status and in plain text, and hints that disagree."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import orjson
import pytest

from market_pipeline.providers import errors
from market_pipeline.providers.fmp import FinancialModelingPrep
from market_pipeline.providers.fmp.events import StockNews
from market_pipeline.providers.fmp.fundamentals import Fundamentals
from market_pipeline.providers.fmp.market import BatchQuote
from market_pipeline.providers.messages import Answer, Ask, Window

NOW = datetime(2026, 11, 20, 17, 5, tzinfo=UTC)
BASE = FinancialModelingPrep.base_url
HINTS = {"x-rate-limit-retry-after-seconds": "0", "x-rate-limit-retry-after-milliseconds": "174"}


def answer(body: Any, status: int = 200, headers: dict[str, str] | None = None, path: str = "/quote") -> Answer:
    sent = body.encode() if isinstance(body, str) else orjson.dumps(body)
    return Answer(url=BASE + path, status=status, body=sent, received_at=NOW, headers=headers or {})


def ask(data_type: str, *symbols: str, window: Window | None = None) -> Ask:
    return Ask(data_type=data_type, symbols=symbols or ("AAPL",), now=NOW, window=window)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        (HINTS | {"retry-after": "100"}, 0.174),
        (dict.fromkeys(HINTS, "0") | {"retry-after": "100"}, 100),
        ({}, None),
    ],
)
def test_the_vendors_own_hint_goes_before_retry_after(headers: dict[str, str], seconds: float | None) -> None:
    error = FinancialModelingPrep().classify(answer({"Error Message": "Too Many Requests"}, 429, headers))
    assert isinstance(error, errors.RateLimited)
    assert error.retry_after == seconds


@pytest.mark.parametrize("status", [200, 401, 402, 403])
@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("Limit Reach . Please upgrade your plan or visit our documentation", errors.RateLimited),
        ("Bandwidth Limit Reach", errors.RateLimited),
        ("Invalid API KEY. Please retry", errors.AuthenticationFailed),
        ("Legacy Endpoint : Due to Legacy endpoints being no longer supported", errors.NotEntitled),
        (
            "Premium Query Parameter: 'Special Endpoint : This value set for 'limit' is not available",
            errors.NotEntitled,
        ),
    ],
)
def test_an_error_is_known_by_its_words_whatever_its_status_and_form(
    said: str, kind: type[errors.ProviderError], status: int
) -> None:
    assert isinstance(FinancialModelingPrep().classify(answer({"Error Message": said}, status)), kind)
    assert isinstance(FinancialModelingPrep().classify(answer(said, status)), kind)


def test_words_of_an_error_in_data_are_no_error_and_an_error_in_other_words_is_no_data() -> None:
    article = [{"symbol": "AAPL", "title": "Phones' sales limit reach of Exclusive Endpoint makers"}]
    assert FinancialModelingPrep().classify(answer(article)) is None
    assert isinstance(FinancialModelingPrep().classify(answer({"Error Message": "Oops"})), errors.MalformedResponse)


def test_a_symbol_that_a_batch_leaves_out_is_unknown_and_the_others_are_served() -> None:
    body = [{"symbol": "BRK-B", "price": 500.5, "timestamp": 1763658000}]
    parsed = BatchQuote().read(answer(body), ask("stock_quotes", "BRK.B", "NOSUCH"))
    assert [row["symbol"] for row in parsed.rows] == ["BRK.B"]
    assert {symbol: type(error) for symbol, error in parsed.errors.items()} == {"NOSUCH": errors.UnknownSymbol}


def test_money_spent_is_positive_in_our_cash_flow() -> None:
    body = [{"date": "2026-09-26", "period": "FY", "capitalExpenditure": -9, "netDividendsPaid": 0}]
    (row,) = Fundamentals().read(answer(body, path="/cash-flow-statement"), ask("fundamentals")).rows
    assert (row["capital_expenditure"], row["dividends_paid"]) == (Decimal(9), Decimal(0))


def test_a_full_page_of_news_asks_for_the_next_one_and_the_rest_does_not() -> None:
    one = {"symbol": "AAPL", "publishedDate": "2026-11-19 16:00:00", "title": "t", "url": "https://a.example/1"}
    news = ask("news", window=Window(date(2026, 11, 19), date(2026, 11, 19)))
    parsed = StockNews().read(answer([one] * StockNews.page_size, path="/news/stock?page=3"), news)
    assert [request.params["page"] for request in parsed.more] == ["4"]
    assert StockNews().read(answer([one], path="/news/stock?page=4"), news).more == ()
