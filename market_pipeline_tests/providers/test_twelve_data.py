"""What only Twelve Data does: errors in the place of a symbol, one code for several reasons, tickers of the whole world."""

from datetime import UTC, date, datetime
from itertools import pairwise
from typing import Any

import orjson
import pytest

from market_pipeline.providers import errors
from market_pipeline.providers.messages import Answer, Ask, Window
from market_pipeline.providers.twelve_data import TwelveData
from market_pipeline.providers.twelve_data.companies import Dividends, EarningsCalendar
from market_pipeline.providers.twelve_data.market import DailySeries, HourlySeries, Quote

NOW = datetime(2026, 11, 20, 17, 5, 15, tzinfo=UTC)
SPENT = (
    "You have run out of API credits for the {}. 9 API credits were used. Wait for the next one or consider upgrading"
)


def answer(body: Any, status: int = 200, query: str = "") -> Answer:
    return Answer(url=f"{TwelveData.base_url}/?{query}", status=status, body=orjson.dumps(body), received_at=NOW)


def error(code: int, message: str) -> dict[str, Any]:
    return {"code": code, "message": message, "status": "error"}


def ask(data_type: str, *symbols: str, window: Window | None = None, timeframe: str | None = None) -> Ask:
    return Ask(data_type=data_type, symbols=symbols or ("AAPL",), now=NOW, window=window, timeframe=timeframe)


@pytest.mark.parametrize("status", [200, 404])
@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("**symbol** or **figi** parameter is missing or invalid. Please provide a valid symbol", errors.UnknownSymbol),
        ("This symbol is available starting with the Grow or Venture plan. Consider upgrading", errors.NotEntitled),
        ("No data is available on the specified dates. Try setting different start/end dates.", errors.NoData),
        ("**apikey** parameter is incorrect or not specified.", errors.AuthenticationFailed),
    ],
)
def test_one_code_has_several_reasons_and_the_words_tell(said: str, kind: type[Exception], status: int) -> None:
    assert isinstance(TwelveData().classify(answer(error(404, said), status)), kind)


@pytest.mark.parametrize(("window", "seconds"), [("current minute", 45), ("day", 6 * 3600 + 54 * 60 + 45)])
def test_credits_come_back_with_the_next_minute_or_day(window: str, seconds: float) -> None:
    refused = TwelveData().classify(answer(error(429, SPENT.format(window))))
    assert isinstance(refused, errors.RateLimited)
    assert refused.retry_after == seconds


def test_in_a_batch_an_error_is_about_one_symbol_and_the_others_are_served() -> None:
    quote: dict[str, Any] = {
        "datetime": "2026-11-20",
        "timestamp": 1795185000,
        "last_quote_at": 1795194300,
        "close": "7",
    }
    body = {"BTC/USD": quote, "NOSUCH": error(404, "**NOSUCH** not found"), "MSFT": error(429, SPENT.format("day"))}
    assert TwelveData().classify(answer(body)) is None
    parsed = Quote().read(answer(body), ask("stock_quotes", "BTC-USD", "NOSUCH", "MSFT"))
    assert [row["symbol"] for row in parsed.rows] == ["BTC-USD"]
    assert parsed.rows[0]["as_of"] == datetime.fromtimestamp(quote["last_quote_at"], UTC)  # not the opening
    kinds = {symbol: type(about) for symbol, about in parsed.errors.items()}
    assert kinds == {"NOSUCH": errors.UnknownSymbol, "MSFT": errors.RateLimited}


def test_bars_are_what_was_asked_for_and_pence_are_pounds() -> None:
    bar = {"datetime": "2026-11-19", "open": "150", "high": "160", "low": "140", "close": "155", "volume": "10"}
    series = {"meta": {"currency": "GBp", "exchange_timezone": "Europe/London"}, "values": [bar], "status": "ok"}
    (row,) = DailySeries().read(answer(series, query="adjust=none"), ask("historical_prices", "VOD")).rows
    assert (row["adjustment"], str(row["close"]), row["currency"]) == ("raw", "1.55", "GBP")
    assert row["bar_start"] == datetime(2026, 11, 19, tzinfo=UTC)


def test_hours_are_asked_for_in_windows_that_fit_an_answer_and_to_the_end_of_the_last_day() -> None:
    window = Window(date(2025, 1, 1), date(2026, 10, 5))
    requests = HourlySeries().requests(ask("historical_prices", window=window, timeframe="1h"))
    spans = [(request.params["start_date"], request.params["end_date"]) for request in requests]
    assert (spans[0][0], spans[-1][1]) == ("2025-01-01T00:00:00", "2026-10-05T23:59:59")
    assert all(start > end for (_, end), (start, _) in pairwise(spans))


def test_calendars_tell_shares_abroad_from_ours() -> None:
    listed = [{"symbol": "A", "mic_code": mic, "currency": "EUR"} for mic in ("XFRA", "XNGS", "XXXX", "XLON")]
    body = {"earnings": {"2026-11-20": listed}}
    rows = EarningsCalendar().read(answer(body), ask("earnings")).rows
    assert [row["symbol"] for row in rows] == ["A.F", "A", "A.L"]


@pytest.mark.parametrize(("query", "adjustment"), [("adjust=false", "raw"), ("range=full", "split")])
def test_dividends_are_adjusted_for_splits_unless_asked_for_otherwise(query: str, adjustment: str) -> None:
    body = {"meta": {"currency": "USD"}, "dividends": [{"ex_date": "2026-11-10", "amount": 0.26}]}
    (row,) = Dividends().read(answer(body, query=query), ask("dividends")).rows
    assert row["adjustment"] == adjustment
