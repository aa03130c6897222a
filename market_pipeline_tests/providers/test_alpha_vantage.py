"""What only Alpha Vantage does: errors by wording under HTTP 200, JSON or CSV as it pleases, samples that are no data."""

from datetime import UTC, date, datetime
from decimal import Decimal

import orjson
import pytest

from market_pipeline.providers.alpha_vantage import AlphaVantage
from market_pipeline.providers.alpha_vantage.companies import Fundamentals
from market_pipeline.providers.alpha_vantage.events import NewsSentiment
from market_pipeline.providers.alpha_vantage.market import Daily, GlobalQuote
from market_pipeline.providers.errors import (
    AuthenticationFailed,
    NoData,
    NotEntitled,
    ProviderError,
    RateLimited,
    UnknownSymbol,
)
from market_pipeline.providers.messages import Answer, Ask, Window

NOW = datetime(2026, 11, 20, 17, 5, tzinfo=UTC)
PLANS = "subscribe to any of the premium plans to instantly unlock all premium endpoints"


def answer(body: object, function: str = "") -> Answer:
    written = body if isinstance(body, bytes) else orjson.dumps(body)
    return Answer(url=f"https://vendor.example/query?function={function}", status=200, body=written, received_at=NOW)


def ask(data_type: str, start: date | None = None, end: date | None = None, timeframe: str | None = None) -> Ask:
    window = None if start is None or end is None else Window(start, end)
    return Ask(data_type=data_type, symbols=("BRK.B",), now=NOW, window=window, timeframe=timeframe)


@pytest.mark.parametrize(
    ("body", "meaning"),
    [
        ({"Information": f"Please spread out your requests more sparingly. You may {PLANS}"}, RateLimited),
        ({"Information": "We have detected your API key as K; our standard API rate limit is 25 a day."}, RateLimited),
        ({"Information": f"This is a premium endpoint. You may {PLANS}"}, NotEntitled),
        ({"Information": f"The outputsize=full parameter value is a premium feature. You may {PLANS}"}, NotEntitled),
        ({"message": "THE SAMPLE DATA SCHEMA BELOW IS ARTIFICIAL", "data": [{"strike": "20.00"}]}, NotEntitled),
        ({"Information": "The **demo** API key is for demo purposes only."}, AuthenticationFailed),
        ({"Error Message": "the parameter apikey is invalid or missing."}, AuthenticationFailed),
        ({"Error Message": "Invalid API call. Please retry or visit the documentation."}, UnknownSymbol),
        ({"message": "No data for symbol IBM on date 2026-11-21.", "data": []}, NoData),
        ({}, UnknownSymbol),
    ],
)
def test_an_answer_with_status_200_is_the_error_that_its_words_say(body: object, meaning: type[ProviderError]) -> None:
    assert type(AlphaVantage().classify(answer(body))) is meaning


def test_a_quote_reads_the_same_from_json_and_csv_and_is_no_younger_than_the_answer() -> None:
    in_json = {
        "Global Quote": {"05. price": "2.5", "07. latest trading day": "2026-11-20", "10. change percent": "1.5%"}
    }
    in_csv = b"symbol,price,latestDay,changePercent\r\nBRK-B,2.5,2026-11-20,1.5%\r\n"
    from_json, from_csv = (GlobalQuote().read(answer(body), ask("stock_quotes")).rows for body in (in_json, in_csv))
    assert from_json == from_csv
    assert (from_json[0]["price"], from_json[0]["change_percent"]) == (Decimal("2.5"), Decimal("1.5"))
    assert from_json[0]["as_of"] == NOW  # an hour before New York's close


def test_free_daily_bars_serve_the_latest_hundred_sessions_only() -> None:
    assert Daily().serves(ask("historical_prices", date(2026, 7, 6), date(2026, 11, 19), "1d"))
    assert not Daily().serves(ask("historical_prices", date(2026, 6, 1), date(2026, 11, 19), "1d"))


def test_fundamentals_are_three_statements_and_the_ratios_of_the_day() -> None:
    asked = [request.params for request in Fundamentals().requests(ask("fundamentals"))]
    assert [params["function"] for params in asked] == ["INCOME_STATEMENT", "BALANCE_SHEET", "CASH_FLOW", "OVERVIEW"]
    assert {params["symbol"] for params in asked} == {"BRK-B"}
    (row,) = Fundamentals().read(answer({"PERatio": "21.5", "Beta": "None"}, "OVERVIEW"), ask("fundamentals")).rows
    assert (row["pe_ratio"], row["beta"], row["period_end"]) == (Decimal("21.5"), None, date(2026, 11, 20))


def test_the_sentiment_of_an_article_is_that_of_the_ticker_asked_for() -> None:
    scores = [
        {"ticker": "AAPL", "ticker_sentiment_score": "-0.4"},
        {"ticker": "BRK-B", "ticker_sentiment_score": "0.3"},
    ]
    article = {"title": "Two", "url": "https://news.example/2", "time_published": "20261120T120000"}
    (row,) = NewsSentiment().read(answer({"feed": [article | {"ticker_sentiment": scores}]}), ask("news")).rows
    assert (row["symbol"], row["sentiment"], row["related_symbols"]) == ("BRK.B", Decimal("0.3"), ("AAPL",))
