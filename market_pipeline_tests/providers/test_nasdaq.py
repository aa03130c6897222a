"""What only Nasdaq does: a calendar that is a day ahead, refusals under HTTP 200, an edge that shuts clients out."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import orjson
import pytest

from market_pipeline.datasets import DATASETS
from market_pipeline.providers import errors
from market_pipeline.providers.messages import Answer, Ask, Window
from market_pipeline.providers.nasdaq import Nasdaq
from market_pipeline.providers.nasdaq.events import EconomicEvents
from market_pipeline.providers.nasdaq.securities import Historical, Info

NOW = datetime(2026, 11, 20, 17, 5, tzinfo=UTC)
PAYROLLS = {"gmt": "08:30", "country": "United States", "eventName": "Nonfarm Payrolls", "actual": "219K"}
CPI = {"gmt": "08:30", "country": "United States", "eventName": "CPI", "actual": "0.3%"}


def answer(body: Any, status: int = 200, path: str = "/quote/AAPL/info") -> Answer:
    sent = body if isinstance(body, bytes) else orjson.dumps(body)
    return Answer(url=Nasdaq.base_url + path, status=status, body=sent, received_at=NOW)


def refused(code: int, message: str, r_code: int = 400) -> dict[str, Any]:
    return {"data": None, "status": {"rCode": r_code, "bCodeMessage": [{"code": code, "errorMessage": message}]}}


def ask(data_type: str, window: Window | None = None) -> Ask:
    return Ask(data_type=data_type, symbols=("AAPL",), now=NOW, window=window)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (answer(refused(1001, "Symbol not exists.")), errors.UnknownSymbol),
        (answer(refused(3004, "Error while calling vendor", 200)), errors.Unavailable),
        (answer(refused(1002, "Earnings Calendar: No record found.", 200)), type(None)),
        (answer(b"<HTML><TITLE>Access Denied</TITLE></HTML>", 403), errors.RateLimited),
        (answer(b"<html>404</html>", 404), errors.Unavailable),
    ],
)
def test_refusals_are_told_by_their_words_and_those_of_the_edge_by_their_status(given: Answer, expected: type) -> None:
    assert type(Nasdaq().classify(given)) is expected


def test_releases_are_asked_for_under_the_next_day_and_timed_in_new_york() -> None:
    endpoint, wanted = EconomicEvents(), ask("economic_events", Window(date(2026, 10, 2), date(2026, 10, 2)))
    (request,) = endpoint.requests(wanted)
    assert request.params == {"date": "2026-10-03"}
    body = {"data": {"rows": [PAYROLLS, CPI, CPI | {"actual": "3.1%"}]}}
    parsed = endpoint.read(answer(body, path="/calendar/economicevents?date=2026-10-03"), wanted)
    payrolls, *inflation = DATASETS["economic_events"].check(parsed.rows).records
    assert payrolls.model_dump(include={"event_date", "event_at", "country", "actual", "unit"}) == {
        "event_date": date(2026, 10, 2),
        "event_at": datetime(2026, 10, 2, 12, 30, tzinfo=UTC),
        "country": "US",
        "actual": Decimal(219),
        "unit": "K",
    }
    assert [one.model_dump()["event"] for one in inflation] == ["CPI", "CPI (2)"]  # monthly, yearly: one name for both


def test_one_day_of_bars_is_asked_for_as_two() -> None:
    (request,) = Historical().requests(ask("historical_prices", Window(date(2026, 11, 19), date(2026, 11, 19))))
    assert (request.params["fromdate"], request.params["todate"]) == ("2026-11-18", "2026-11-19")


def test_after_hours_the_change_is_still_against_the_close_before() -> None:
    late = {"lastSalePrice": "$102.00", "netChange": "+1.00", "lastTradeTimestamp": "Nov 20, 2026 5:13 PM ET"}
    close = {
        "lastSalePrice": "$101.00",
        "netChange": "-4.00",
        "lastTradeTimestamp": "Closed at Nov 20, 2026 4:00 PM ET",
    }
    body = {"data": {"primaryData": late, "secondaryData": close, "marketStatus": "After-Hours"}}
    (row,) = Info().read(answer(body), ask("stock_quotes")).rows
    assert (row["previous_close"], row["change"], row["market_state"]) == (105, -3, "post")
