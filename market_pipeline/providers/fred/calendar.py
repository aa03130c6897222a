"""The release calendar: from the API, with the figures of the headline series, or from the website.

FRED's releases are publications (Employment Situation), each with many series, and say neither country nor weight.
"""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from typing import ClassVar

from selectolax.lexbor import LexborHTMLParser, LexborNode

from market_pipeline.datasets import MARKET_WIDE
from market_pipeline.providers.base import Endpoint, with_param
from market_pipeline.providers.dates import clock, day, named_day
from market_pipeline.providers.errors import MalformedResponse
from market_pipeline.providers.fred.series import CENTRAL, ONE_DAY, Observations, window_of
from market_pipeline.providers.messages import Answer, Ask, Parsed, Request, Row, rows_of
from market_pipeline.providers.normalise import integer, text

IMPORTANCE: Mapping[int, str] = {
    **dict.fromkeys((9, 10, 50, 53, 54, 101), "high"),  # retail sales, CPI, employment, GDP, PCE, FOMC
    **dict.fromkeys((13, 27, 46, 91, 180, 192), "medium"),  # production, housing, PPI, sentiment, claims, job openings
}
"""How much markets care, by the number of the release; FRED does not say."""
ABROAD = {
    r"\bEuro|\bECB\b": "EU",
    r"\bSONIA\b|\bUK\b|United Kingdom|Bank of England": "GB",
    r"\bNikkei\b|Japan": "JP",
    r"\bTurk": "TR",
    r"\bCanad": "CA",
    r"\bSwiss\b|Switzerland": "CH",
    r"\bMexic": "MX",
    r"\bChin": "CN",
}
"""Releases that are not about the US, told by words in their names; FRED does not say."""


def _release(name: str | None, number: int | None, on: date | None) -> Row:
    country = next((code for words, code in ABROAD.items() if re.search(words, name or "")), "US")
    return {
        "symbol": MARKET_WIDE,
        "event_date": on,
        "country": country,
        "event": name,
        "importance": IMPORTANCE.get(number or 0),
    }


class ReleaseDates(Endpoint):
    """Days of releases, past and to come, without a time; the first page has the headline series follow."""

    data_type = "economic_events"
    path = "/releases/dates"
    fixed: ClassVar[Mapping[str, str]] = {"file_type": "json"}
    market_wide = True
    observations = Observations()

    def params(self, ask: Ask) -> Mapping[str, str]:
        window = window_of(ask)
        return {
            "realtime_start": window.start.isoformat(),
            "realtime_end": window.end.isoformat(),
            "include_release_dates_with_no_data": "true",  # or there are none to come
            "sort_order": "asc",
            "limit": "1000",  # the most there are; a day has about 45
        }

    def parse(self, answer: Answer, ask: Ask) -> Parsed:
        found = answer.json()
        if "observations" in found:
            return self.observations.parse(answer, ask)
        dates = list(rows_of(found["release_dates"], "release_dates"))
        rows = [_release(text(one["release_name"]), integer(one["release_id"]), day(one["date"])) for one in dates]
        more = self.observations.requests(ask) if found["offset"] == 0 else ()
        told = found["offset"] + len(dates)
        if dates and told < found["count"]:
            (first,) = self.requests(ask)
            more = (with_param(first, "offset", str(told)), *more)
        return Parsed(rows, more)


class CalendarPage(Endpoint):
    """The website's calendar, day by day: without a key and with times, in Central time; asked where the API is shut.

    JSON around a table: a row for a day, then rows of releases; a blank time is that of the row above, N/A is none.
    """

    data_type = "economic_events"
    path = "/releases/calendar"
    market_wide = True

    def requests(self, ask: Ask) -> tuple[Request, ...]:
        window = window_of(ask)
        days = [window.start + count * ONE_DAY for count in range((window.end - window.start).days + 1)]
        asked = [{"po": "1", "ptic": "0", "vs": one.isoformat(), "ve": one.isoformat()} for one in days]
        return tuple(Request(path=self.path, params=params, host="site") for params in asked)

    def parse(self, answer: Answer, ask: Ask) -> Parsed:
        found = answer.json()
        rows: list[Row] = []
        on: date | None = None
        at: time | None = None
        for line in LexborHTMLParser(found["pager"]).css("tbody tr"):
            link, cells = line.css_first("a[href*='rid=']"), line.css("td")
            if link is None:
                on, at = named_day(line.text()) or on, None
                continue
            shown = cells[0].text(strip=True)
            at = clock(shown) if shown else at
            rows.append(_release(text(link.text()), _number(link), on) | {"event_at": _moment(on, at)})
        if not rows and found["ptic"] != 0:  # the number of releases
            raise MalformedResponse("the calendar's table is no longer where it was", sample=answer.sample)
        return Parsed(rows)


def _number(link: LexborNode) -> int | None:
    found = re.search(r"rid=(\d{1,6})\b", link.attributes.get("href") or "")
    return None if found is None else int(found[1])


def _moment(on: date | None, at: time | None) -> datetime | None:
    return None if on is None or at is None else datetime.combine(on, at, CENTRAL).astimezone(UTC)
