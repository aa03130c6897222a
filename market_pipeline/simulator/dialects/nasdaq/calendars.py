"""Nasdaq's calendars: what all companies of the market do on one day, and the world's economic releases.

The economic calendar is a day ahead: `date` names the day after the releases, whose `gmt` is a New York time.
"""

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any

from market_pipeline.simulator.dialect import NEW_YORK, Call, Reply
from market_pipeline.simulator.dialects.nasdaq.wording import data, dollars, refusal, short_us_date, surprise, us_date
from market_pipeline.simulator.market import EarningsReport, EconomicEvent

COUNTRIES = {"US": "United States", "EU": "Euro Zone", "UK": "United Kingdom", "JP": "Japan"}
REPORT_TIMES = {"bmo": "time-pre-market", "amc": "time-after-hours"}
NO_RECORD = 1002
ABSENT = "&nbsp;"


def _asked_day(call: Call) -> date:
    today = call.now.astimezone(NEW_YORK).date()
    return date.fromisoformat(call.params.get("date", today.isoformat()))


def _nothing(calendar: str) -> Reply:
    return refusal(NO_RECORD, f"{calendar} Calendar: No record found.", status=200)


def dividends(call: Call) -> Reply:
    day = _asked_day(call)
    rows: list[dict[str, Any]] = [
        {
            "companyName": call.market.company(symbol, as_of=call.now).name,
            "symbol": symbol,
            "dividend_Ex_Date": us_date(one.ex_date),
            "payment_Date": us_date(one.pay_date),
            "record_Date": us_date(one.record_date),
            "dividend_Rate": float(one.amount),
            "indicated_Annual_Dividend": float(one.amount * one.frequency),
            "announcement_Date": us_date(one.declaration_date),
        }
        for symbol in call.market.symbols()
        for one in call.market.dividends(symbol, day, day, as_of=call.now)
    ]
    headers = {
        "symbol": "Symbol",
        "companyName": "Name",
        "dividend_Ex_Date": "Ex-Dividend Date",
        "payment_Date": "Payment Date",
        "record_Date": "Record Date",
        "dividend_Rate": "Dividend",
        "indicated_Annual_Dividend": "Indicated Annual Dividend",
        "announcement_Date": "Announcement Date",
    }
    frame = {"minDate": "2011-09-22T00:00:00", "maxDate": f"{day + timedelta(days=220)}T00:00:00"}
    return data({"calendar": {"headers": headers, "rows": rows}, "timeframe": frame}) if rows else _nothing("Dividend")


def earnings(call: Call) -> Reply:
    day = _asked_day(call)
    reports = [
        one for symbol in call.market.symbols() for one in call.market.earnings(symbol, day, day, as_of=call.now)
    ]
    if not reports:
        return _nothing("Earnings")
    headers = {
        "time": "Time",
        "symbol": "Symbol",
        "name": "Company Name",
        "marketCap": "Market Cap",
        "fiscalQuarterEnding": "Fiscal Quarter Ending",
        "epsForecast": "Consensus EPS* Forecast",
        "noOfEsts": "# of Ests",
        "lastYearRptDt": "Last Year's Report Date",
        "lastYearEPS": "Last year's EPS*",
    }
    as_of = f"{day:%a, %b} {day.day}, {day.year}"
    return data({"asOf": as_of, "headers": headers, "rows": [_report(call, one) for one in reports]})


def _report(call: Call, report: EarningsReport) -> dict[str, str]:
    day, symbol = report.report_date, report.symbol
    year_ago = call.market.earnings(symbol, day - timedelta(days=410), day - timedelta(days=320), as_of=call.now)
    last = next((one for one in year_ago if one.fiscal_quarter == report.fiscal_quarter), None)
    known = last is not None and last.eps_actual is not None
    row = {
        "lastYearRptDt": short_us_date(last.report_date) if last is not None else "N/A",
        "lastYearEPS": dollars(last.eps_actual)
        if last is not None and last.eps_actual is not None and known
        else "N/A",
        "time": REPORT_TIMES[report.timing],
        "symbol": symbol,
        "name": call.market.company(symbol, as_of=call.now).name,
        "marketCap": dollars(call.market.ratios(symbol, call.now).market_cap),
        "fiscalQuarterEnding": f"{report.period_end:%b/%Y}",
        "epsForecast": dollars(report.eps_estimate),
        "noOfEsts": "10",
    }
    if report.eps_actual is not None:
        row |= {"eps": dollars(report.eps_actual), "surprise": surprise(report.eps_actual, report.eps_estimate)}
    return row


def economic_events(call: Call) -> Reply:
    released = _asked_day(call) - timedelta(days=1)
    # by UTC days: an evening in New York is the next day in UTC
    found: Iterable[EconomicEvent] = call.market.economic_events(released, released + timedelta(days=1), as_of=call.now)
    rows = [_event(one) for one in found if one.released_at.astimezone(NEW_YORK).date() == released]
    if not rows:
        return _nothing("Economic Events")
    headers = {
        "gmt": "Time (ET)",
        "country": "Country",
        "eventName": "Event",
        "actual": "Actual",
        "consensus": "Consensus",
        "previous": "Previous",
        "description": "Description",
    }
    return data({"headers": headers, "rows": rows})


def _event(event: EconomicEvent) -> dict[str, str]:
    return {
        "gmt": f"{event.released_at.astimezone(NEW_YORK):%H:%M}",
        "country": COUNTRIES.get(event.country, event.country),
        "eventName": event.event,
        "actual": _figure(event.actual, event.unit),
        "consensus": _figure(event.estimate, event.unit),
        "previous": _figure(event.previous, event.unit),
        "description": f"{event.event} for {event.period}.",
    }


def _figure(value: float | None, unit: str) -> str:
    """As displayed: the units that are signs or letters stand behind the figure, others are left out."""
    return ABSENT if value is None else f"{value:,g}{unit if unit in ('%', 'K', 'M', 'B') else ''}"
