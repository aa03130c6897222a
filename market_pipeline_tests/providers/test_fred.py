"""What only FRED does: 400 for everything, vintages that tell the day of a release, a calendar in two shapes."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import orjson
import pytest

from market_pipeline.providers.errors import (
    AuthenticationFailed,
    MalformedResponse,
    ProviderError,
    RateLimited,
    UnknownSymbol,
)
from market_pipeline.providers.fred import Fred
from market_pipeline.providers.fred.calendar import CalendarPage, ReleaseDates
from market_pipeline.providers.fred.series import HEADLINES, Observations
from market_pipeline.providers.messages import Answer, Ask, Request, Window

NOW = datetime(2026, 11, 20, 17, 5, tzinfo=UTC)
WINDOW = Window(date(2026, 11, 5), date(2026, 12, 4))


def answer(body: Any, status: int = 200, query: str = "") -> Answer:
    sent = body if isinstance(body, bytes) else orjson.dumps(body)
    return Answer(url=f"https://api.stlouisfed.org/fred/x?{query}", status=status, body=sent, received_at=NOW)


def ask(window: Window = WINDOW) -> Ask:
    return Ask(data_type="economic_events", symbols=("*",), now=NOW, window=window)


@pytest.mark.parametrize(
    ("words", "status", "error"),
    [
        ("Bad Request.  The value for variable api_key is not registered.", 400, AuthenticationFailed),
        ("Bad Request.  The series does not exist.", 400, UnknownSymbol),
        ("Bad Request.  Variable realtime_start is not a date.", 400, MalformedResponse),
        ("Too Many Requests.  Exceeded Rate Limit", 429, RateLimited),
    ],
)
def test_the_words_tell_the_error_in_json_and_in_xml(words: str, status: int, error: type[ProviderError]) -> None:
    xml = f'<?xml version="1.0" encoding="utf-8" ?>\n<error code="{status}" message="{words}"/>'
    for body in ({"error_code": status, "error_message": words}, xml.encode()):
        assert type(Fred().classify(answer(body, status))) is error


def test_the_key_goes_to_the_api_and_not_to_the_website() -> None:
    assert Fred().authorise(Request(path="/releases/dates"), "k" * 32).params == {"api_key": "k" * 32}
    assert Fred().authorise(Request(path="/releases/calendar", host="site"), "k" * 32).params == {}


def test_an_observation_is_dated_by_its_first_release_and_a_revision_is_none() -> None:
    told = [
        {"realtime_start": "2026-11-04", "realtime_end": "2026-11-05", "date": "2026-09-01", "value": "166000"},
        {"realtime_start": "2026-11-06", "realtime_end": "2026-11-20", "date": "2026-09-01", "value": "165950"},
        {"realtime_start": "2026-11-06", "realtime_end": "2026-11-20", "date": "2026-10-01", "value": "166100"},
        {"realtime_start": "2026-11-20", "realtime_end": "2026-11-20", "date": "2026-11-01", "value": "."},
    ]
    body = {"realtime_start": "2026-11-04", "realtime_end": "2026-11-20", "observations": told}
    before, released, missing = Observations().read(answer(body, query="series_id=PAYEMS"), ask()).rows
    assert before["event_date"] == date(2026, 9, 1), "known when the period began: nobody says since when"
    assert (released["event_date"], released["period"]) == (date(2026, 11, 6), "2026-10-01")
    assert (released["actual"], released["previous"]) == (Decimal(166100), Decimal(166000))
    assert (missing["actual"], missing["previous"]) == (None, Decimal(166100))


def test_the_first_page_of_the_calendar_has_the_series_follow_up_to_today_and_none_for_days_to_come() -> None:
    (calendar,) = ReleaseDates().requests(ask())
    assert calendar.params["realtime_end"] == "2026-12-04"
    page = answer({"count": 0, "offset": 0, "release_dates": []})
    series = ReleaseDates().read(page, ask()).more
    assert {request.params["series_id"] for request in series} == set(HEADLINES)
    assert {request.params["realtime_end"] for request in series} == {"2026-11-20"}
    assert ReleaseDates().read(page, ask(Window(date(2026, 11, 21), date(2026, 12, 4)))).more == ()


def test_a_page_of_the_calendar_that_is_not_the_last_asks_for_the_next() -> None:
    release = {"release_id": 50, "release_name": "Employment Situation", "date": "2026-11-06"}
    parsed = ReleaseDates().read(answer({"count": 5, "offset": 3, "release_dates": [release]}), ask())
    assert [request.params["offset"] for request in parsed.more] == ["4"]
    assert ReleaseDates().read(answer({"count": 4, "offset": 3, "release_dates": [release]}), ask()).more == ()


def test_a_time_on_the_website_is_central_and_holds_for_the_lines_below_it() -> None:
    lines = [("8:30 am", "Employment Situation"), ("", "Consumer Credit"), ("N/A", "NASDAQ")]
    releases = "".join(f"<tr><td>{at}</td><td><a href='/release?rid=5'>{name}</a></td></tr>" for at, name in lines)
    table = f"<table><tbody><tr><td colspan=2>Friday November 06, 2026</td></tr>{releases}</tbody></table>"
    rows = CalendarPage().read(answer({"pager": table, "ptic": 3}), ask()).rows
    half_past_two = datetime(2026, 11, 6, 14, 30, tzinfo=UTC)
    assert [row["event_at"] for row in rows] == [half_past_two, half_past_two, None]
    assert {row["event_date"] for row in rows} == {date(2026, 11, 6)}
    with pytest.raises(MalformedResponse):
        CalendarPage().read(answer({"pager": "<p>Moved</p>", "ptic": 3}), ask())
