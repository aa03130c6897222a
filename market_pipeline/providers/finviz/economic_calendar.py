"""Finviz's economic calendar: United States releases of a week, New York times.

The page of today carries its entries as JSON in a script (`route-init-data`); until 2023 it was a table for each day.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import orjson

from market_pipeline.providers.dates import NEW_YORK, clock, moment
from market_pipeline.providers.errors import MalformedResponse
from market_pipeline.providers.finviz.endpoint import FinvizEndpoint
from market_pipeline.providers.finviz.pages import Node, Page, day_near, page_of, tables, words
from market_pipeline.providers.messages import SAMPLE, Answer, Ask, Parsed, Request, Row, rows_of
from market_pipeline.providers.normalise import figures, text

_IMPORTANCE = {1: "low", 2: "medium", 3: "high"}
_COLUMNS = ("Release", "Impact", "For", "Actual", "Expected", "Prior")


class EconomicEvents(FinvizEndpoint):
    data_type = "economic_events"
    path = "/calendar/economic"
    aliases = ("/calendar.ashx",)
    market_wide = True

    def requests(self, ask: Ask) -> tuple[Request, ...]:
        """One page for each week from the first day of the window on."""
        if ask.window is None:
            return (Request(path=self.path),)
        weeks = range(0, (ask.window.end - ask.window.start).days + 1, 7)
        starts = (ask.window.start + timedelta(days=after) for after in weeks)
        return tuple(Request(path=self.path, params={"dateFrom": start.isoformat()}) for start in starts)

    def parse(self, answer: Answer, ask: Ask) -> Parsed:
        page = page_of(answer)
        script = page.css_first("script#route-init-data")
        if script is not None:
            return Parsed([_entry(one) for one in rows_of(_entries(script), "the calendar's entries")])
        rows = list(_tabled(page, answer.received_on))
        if not rows and next(tables(page, *_COLUMNS), None) is None:
            raise MalformedResponse("the page holds no calendar", sample=answer.sample)
        return Parsed(rows)


def _entries(script: Node) -> Any:
    try:
        return orjson.loads(script.text())["data"]["entries"]
    except orjson.JSONDecodeError as error:
        raise MalformedResponse(f"the calendar's script is no JSON: {error}", sample=script.text()[:SAMPLE]) from error


def _entry(entry: Mapping[str, Any]) -> Row:
    at = moment(entry["date"])
    (actual, estimate, previous), unit = figures(entry.get("actual"), entry.get("forecast"), entry.get("previous"))
    return {
        "event_date": None if at is None else at.astimezone(NEW_YORK).date(),
        "event_at": None if entry.get("allDay") else at,
        "country": "US",
        "event": text(entry.get("event")),
        "period": text(entry.get("reference")),
        "actual": actual,
        "estimate": estimate,
        "previous": previous,
        "unit": unit,
        "importance": _IMPORTANCE.get(entry.get("importance", 0)),
    }


def _tabled(page: Page, today: date) -> Iterator[Row]:
    for names, lines in tables(page, *_COLUMNS):
        on = day_near(names[0], today)
        if on is None:
            raise MalformedResponse(f"a day of the calendar is called {names[0][:40]!r}")
        for line in lines:
            yield _release(on, clock(words(line[0])), dict(zip(names, line, strict=True)))


def _release(on: date, at: time | None, columns: Mapping[str, Node]) -> Row:
    (actual, estimate, previous), unit = figures(*(words(columns[name]) for name in ("Actual", "Expected", "Prior")))
    image = columns["Impact"].css_first("img")
    impact = re.search(r"impact_(\d)", "" if image is None else image.attributes.get("src") or "")
    return {
        "event_date": on,
        "event_at": None if at is None else datetime.combine(on, at, NEW_YORK).astimezone(UTC),
        "country": "US",
        "event": text(words(columns["Release"])),
        "period": text(words(columns["For"])),
        "actual": actual,
        "estimate": estimate,
        "previous": previous,
        "unit": unit,
        "importance": None if impact is None else _IMPORTANCE.get(int(impact[1])),
    }
