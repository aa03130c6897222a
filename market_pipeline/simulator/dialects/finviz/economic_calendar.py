"""Finviz's economic calendar: a script with JSON as the page of today has it, and the tables of the page until 2023.

United States releases of one week, New York times.
"""

import re
from collections.abc import Iterator
from datetime import date, timedelta
from html import escape
from itertools import groupby

import orjson

from market_pipeline.simulator.dialect import NEW_YORK, Call, Reply
from market_pipeline.simulator.dialects.finviz.markup import page, row
from market_pipeline.simulator.market import EconomicEvent

WEEK = 7
IMPORTANCE = {"low": 1, "medium": 2, "high": 3}
HEADERS = ("", "Release", "Impact", "For", "Actual", "Expected", "Prior", "")
MONTHS = " Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ")


def _monday(call: Call) -> date:
    today = call.now.astimezone(NEW_YORK).date()
    return today - timedelta(days=today.weekday())


def _releases(call: Call, start: date) -> Iterator[tuple[date, list[EconomicEvent]]]:
    """The days of a week from `start` on that have releases."""
    # by UTC days: an evening in New York is the next day in UTC
    found = call.market.economic_events(start, start + timedelta(days=WEEK), as_of=call.now)
    home = [one for one in found if one.country == "US"]
    for day, events in groupby(home, key=lambda one: one.released_at.astimezone(NEW_YORK).date()):
        if start <= day < start + timedelta(days=WEEK):
            yield day, list(events)


def of_today(call: Call) -> Reply:
    start = date.fromisoformat(call.params["dateFrom"]) if "dateFrom" in call.params else _monday(call)
    entries = [
        _entry(number, one) for _, events in _releases(call, start) for number, one in enumerate(events, start=1)
    ]
    told = {"data": {"entries": entries, "initialDateFrom": start.isoformat()}}
    script = orjson.dumps(told).decode().replace("</", "<\\/")
    return page("Economic Calendar", f'<script id="route-init-data" type="application/json">{script}</script>')


def _entry(number: int, event: EconomicEvent) -> dict[str, object]:
    local = event.released_at.astimezone(NEW_YORK)
    return {
        "calendarId": local.toordinal() * 100 + number,
        "ticker": event.code.replace("_", ""),
        "event": event.event,
        "category": event.event,
        "date": f"{local:%Y-%m-%dT%H:%M:%S}",
        "reference": _period(event),
        "actual": _figure(event, event.actual) or None,
        "previous": _figure(event, event.previous) or None,
        "forecast": _figure(event, event.estimate) or None,
        "teforecast": None,
        "importance": IMPORTANCE[event.importance],
        "isHigherPositive": 1,
        "allDay": False,
    }


def of_2022(call: Call) -> Reply:
    releases = dict(_releases(call, _monday(call)))
    week = [_monday(call) + timedelta(days=after) for after in range(5)]
    tables = "".join(_table(day, releases.get(day, [])) for day in week)
    return page("Economic Calendar", f'<h1 class="calendar-title">Economic Calendar</h1>{tables}')


def _table(day: date, events: list[EconomicEvent]) -> str:
    first = f"<td><b>{day:%a}</b> {day:%b} {day.day}</td>"
    head = f'<tr class="calendar-header">{first}{"".join(f"<td>{name}</td>" for name in HEADERS)}</tr>'
    nothing = '<tr><td></td><td></td><td align="left" colspan="6">No economic releases</td><td></td></tr>'
    lines = "".join(map(_line, events)) or nothing
    return f'<table class="calendar" border="0" width="100%">{head}{lines}</table>'


def _line(event: EconomicEvent) -> str:
    local = event.released_at.astimezone(NEW_YORK)
    impact = f'<img src="gfx/calendar/impact_{IMPORTANCE[event.importance]}.gif" width="10" height="10" alt="">'
    figures = (_figure(event, one) or "NA" for one in (event.actual, event.estimate, event.previous))
    cells = (f"{local.hour % 12 or 12}:{local:%M %p}", "", escape(event.event), impact, _period(event), *figures, "")
    return row(f"<td>{cell}</td>" for cell in cells)


def _period(event: EconomicEvent) -> str:
    """2026-10 as Oct, 2026-Q3 as Q3, 2026-11-14 as 11/14."""
    return re.sub(
        r"^\d{4}-(?:(\d\d)-(\d\d)|(\d\d)|(Q\d))$",
        lambda found: f"{found[1]}/{found[2]}" if found[1] else found[4] or MONTHS[int(found[3])],
        event.period,
    )


def _figure(event: EconomicEvent, value: float | None) -> str:
    unit = event.unit if event.unit in ("%", "K", "M", "B") else ""
    return "" if value is None else f"{value:g}{unit}"
