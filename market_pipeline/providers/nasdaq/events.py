"""Nasdaq on what happens on a day: dividends and earnings of one company or of all, economic releases.

Here belong the per-symbol histories and the calendars, which answer for the whole market one day at a time.
"""

import calendar
import html
import re
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import Any

from market_pipeline.providers.dates import clock, day, month, named_day
from market_pipeline.providers.dividends import add_up_dividends
from market_pipeline.providers.messages import Answer, Ask, Parsed, Request, Row, Window
from market_pipeline.providers.nasdaq.envelope import NasdaqEndpoint, SecurityEndpoint, eastern, table_rows
from market_pipeline.providers.normalise import canonical_symbol, country, figures, number, text

DAYS_AT_ONCE = 7  # a calendar answers one day at a time: longer windows are other vendors' business
_REPORT_TIMES = {"time-pre-market": "bmo", "time-after-hours": "amc"}


class Dividends(SecurityEndpoint):
    """Cash dividends as declared, for securities listed on Nasdaq; others get a message, see `classify`."""

    data_type = "dividends"
    path = "/quote/{symbol}/dividends"

    def read_data(self, data: Mapping[str, Any], answer: Answer, ask: Ask) -> Parsed:
        rows = [
            {
                "symbol": ask.symbol,
                "ex_date": day(row.get("exOrEffDate")),
                "amount": number(row.get("amount")),
                "adjustment": "raw",
                "kind": "special" if "special" in _kind(row) else None,
                "declaration_date": day(row.get("declarationDate")),
                "record_date": day(row.get("recordDate")),
                "pay_date": day(row.get("paymentDate")),
                "currency": text(row.get("currency")) or "USD",
            }
            for row in table_rows(data["dividends"], "dividends")
            if "stock" not in _kind(row)  # shares instead of cash
        ]
        return Parsed(add_up_dividends(row for row in rows if row["ex_date"] is not None))


def _kind(dividend: Mapping[str, Any]) -> str:
    return (text(dividend.get("type")) or "").lower()


class _Calendar(NasdaqEndpoint):
    """A calendar: what all companies do on one day, one request per day of the window."""

    market_wide = True
    ahead = 0
    """Days that the parameter `date` is ahead of the day it is about."""

    def serves(self, ask: Ask) -> bool:
        return super().serves(ask) and ask.window is not None and len(_days(ask.window)) <= DAYS_AT_ONCE

    def requests(self, ask: Ask) -> tuple[Request, ...]:
        days = _days(ask.window or Window(ask.today, ask.today))
        return tuple(
            Request(path=self.path, params={"date": (one + timedelta(days=self.ahead)).isoformat()}) for one in days
        )


class DividendCalendar(_Calendar):
    data_type = "dividends"
    path = "/calendar/dividends"

    def read_data(self, data: Mapping[str, Any], answer: Answer, ask: Ask) -> Parsed:
        rows = [
            {
                "symbol": canonical_symbol(row["symbol"]),
                "ex_date": day(row.get("dividend_Ex_Date")),
                "amount": number(row.get("dividend_Rate")),
                "adjustment": "raw",
                "declaration_date": day(row.get("announcement_Date")),
                "record_date": day(row.get("record_Date")),
                "pay_date": day(row.get("payment_Date")),
                "currency": "USD",
            }
            for row in table_rows(data["calendar"], "calendar")
        ]
        return Parsed(add_up_dividends(rows))


class EarningsSurprise(NasdaqEndpoint):
    """The last four quarters that were reported."""

    data_type = "earnings"
    path = "/company/{symbol}/earnings-surprise"

    def read_data(self, data: Mapping[str, Any], answer: Answer, ask: Ask) -> Parsed:
        return Parsed(
            [
                {
                    "symbol": ask.symbol,
                    "period_end": month_end(row.get("fiscalQtrEnd")),
                    "report_date": day(row.get("dateReported")),
                    "eps_actual": number(row.get("eps")),
                    "eps_estimate": number(row.get("consensusForecast")),
                    "surprise_percent": number(row.get("percentageSurprise")),
                    "currency": "USD",
                }
                for row in table_rows(data["earningsSurpriseTable"], "earningsSurpriseTable")
            ]
        )


class EarningsCalendar(_Calendar):
    data_type = "earnings"
    path = "/calendar/earnings"

    def read_data(self, data: Mapping[str, Any], answer: Answer, ask: Ask) -> Parsed:
        reported = named_day(data.get("asOf")) or _asked_day(answer)
        return Parsed(
            [
                {
                    "symbol": canonical_symbol(row["symbol"]),
                    "period_end": month_end(row.get("fiscalQuarterEnding")),
                    "report_date": reported,
                    "report_time": _REPORT_TIMES.get(row.get("time", "")),
                    "eps_estimate": number(row.get("epsForecast")),
                    "eps_actual": number(row.get("eps")),
                    "surprise_percent": number(row.get("surprise")),
                    "currency": "USD",
                }
                for row in table_rows(data, "the calendar")
            ]
        )


class EconomicEvents(_Calendar):
    """Releases of the whole world.  `date` names the day after, and `gmt` is a New York time, whatever it says.

    Seen at releases whose time is fixed: the jobs reports of 2023-03-10 and 2026-10-02 are under date=2023-03-11 and
    date=2026-10-03, at "08:30".
    """

    data_type = "economic_events"
    path = "/calendar/economicevents"
    ahead = 1

    def read_data(self, data: Mapping[str, Any], answer: Answer, ask: Ask) -> Parsed:
        released = _asked_day(answer) - timedelta(days=self.ahead)
        return Parsed(_told_apart(_event(row, released) for row in table_rows(data, "the calendar")))


def _event(row: Mapping[str, Any], released: date) -> Row:
    told = {name: html.unescape(value) if isinstance(value, str) else value for name, value in row.items()}
    (actual, estimate, previous), unit = figures(told.get("actual"), told.get("consensus"), told.get("previous"))
    at = clock(told.get("gmt"))  # None for "All Day", "Tentative", "24H"
    return {
        "event_date": released,
        "event_at": None if at is None else eastern(released, at),
        "country": country(told.get("country")),
        "event": text(told.get("eventName")),
        "actual": actual,
        "estimate": estimate,
        "previous": previous,
        "unit": unit,
    }


def _told_apart(events: Iterable[Row]) -> list[Row]:
    """Events with different names: the monthly and the yearly rate of CPI are two rows "CPI", here CPI and CPI (2)."""
    found: dict[tuple[Any, Any], list[Row]] = {}
    for event in events:
        alike = found.setdefault((event["country"], event["event"]), [])
        if event not in alike:
            alike.append(event)
    return [
        event if turn == 1 else {**event, "event": f"{event['event']} ({turn})"}
        for alike in found.values()
        for turn, event in enumerate(alike, start=1)
    ]


def month_end(value: Any) -> date | None:
    """The last day of "Jun 2026" or "May/2024"."""
    found = re.fullmatch(r"([A-Za-z]+)[ /]?(\d{4})", text(value) or "")
    if found is None:
        return None
    year, number_of_month = int(found[2]), month(found[1])
    return date(year, number_of_month, calendar.monthrange(year, number_of_month)[1])


def _days(window: Window) -> list[date]:
    return [window.start + timedelta(days=after) for after in range((window.end - window.start).days + 1)]


def _asked_day(answer: Answer) -> date:
    return date.fromisoformat(answer.params["date"])
