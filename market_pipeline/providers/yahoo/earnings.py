"""Earnings: four modules of quoteSummary, each with a part of it, put together quarter by quarter.

earningsHistory has the last four quarters with surprises, `earnings` their reports and revenues, earningsTrend what is
expected of this quarter and the next, calendarEvents when the next report is due.
"""

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, date, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from market_pipeline.datasets.earnings import calendar_quarter
from market_pipeline.providers.dates import NEW_YORK, zone
from market_pipeline.providers.messages import Answer, Ask, Parsed, Row
from market_pipeline.providers.normalise import text
from market_pipeline.providers.yahoo.summary import Modules, Summary
from market_pipeline.providers.yahoo.values import Object, date_of, figure, first, items, part, when

_LATEST_REPORT = timedelta(days=90)  # after the end of a quarter: by then the next one has ended
_OPEN, _CLOSE = time(9, 30), time(16)


class Earnings(Summary):
    """Reported and expected quarters; `quoteType` is asked for its time zone."""

    data_type = "earnings"
    modules = ("earningsHistory", "earnings", "earningsTrend", "calendarEvents", "quoteType")
    told_by = frozenset(modules) - {"quoteType"}

    def parse(self, answer: Answer, ask: Ask) -> Parsed:
        found = Modules(answer)
        named = text(found["quoteType"].get("timeZoneFullName"))
        exchange = None if named is None else zone(named)
        rows = [
            *_history(found["earningsHistory"]),
            *_charted(found["earnings"], exchange),
            *_trend(found["earningsTrend"]),
        ]
        rows += _next_report(found, exchange, [row["period_end"] for row in rows])
        return Parsed([{"symbol": ask.symbol, **row} for row in _by_quarter(rows)])


def _history(module: Object) -> Iterator[Row]:
    for quarter in items(module, "history"):
        surprise = figure(quarter.get("surprisePercent"))  # a fraction, whatever its name says
        yield {
            "period_end": date_of(quarter.get("quarter")),
            "eps_estimate": figure(quarter.get("epsEstimate")),
            "eps_actual": figure(quarter.get("epsActual")),
            "surprise_percent": None if surprise is None else surprise * 100,
            "currency": text(quarter.get("currency")),
        }


def _charted(module: Object, exchange: ZoneInfo | None) -> Iterator[Row]:
    """Past quarters and the one under way.  Answers before 2025 name quarters by label ("3Q2024") only."""
    chart = part(module, "earningsChart")
    currency = text(module.get("financialCurrency"))
    totals = items(part(module, "financialsChart"), "quarterly")
    revenues = {total.get("date"): total.get("revenue") for total in totals}
    for quarter in items(chart, "quarterly"):
        reported_at = when(quarter.get("reportedDate"))
        local = None if reported_at is None or exchange is not NEW_YORK else reported_at.astimezone(exchange).time()
        yield {
            "period_end": date_of(quarter.get("periodEndDate")),
            "calendar_quarter": _calendar_quarter(first(quarter.get("calendarQuarter"), quarter.get("date"))),
            **_fiscal(quarter.get("fiscalQuarter")),
            "report_date": _local_day(quarter.get("reportedDate"), exchange),
            "report_time": None if local is None else "bmo" if local < _OPEN else "amc" if local >= _CLOSE else "dmh",
            "eps_estimate": figure(quarter.get("estimate")),
            "eps_actual": figure(quarter.get("actual")),
            "surprise_percent": figure(quarter.get("surprisePct")),
            "revenue_actual": figure(revenues.get(quarter.get("date"))),
            "currency": currency,
        }
    label = f"{chart.get('currentQuarterEstimateDate')}{chart.get('currentQuarterEstimateYear')}"
    yield {
        "period_end": date_of(chart.get("currentPeriodEndDate")),
        "calendar_quarter": _calendar_quarter(first(chart.get("currentCalendarQuarter"), label)),
        **_fiscal(chart.get("currentFiscalQuarter")),
        "eps_estimate": figure(chart.get("currentQuarterEstimate")),
        "currency": currency,
    }


def _trend(module: Object) -> Iterator[Row]:
    """Quarters that are still expected; the trend has years, too."""
    for entry in items(module, "trend"):
        if entry.get("period") in ("0q", "+1q"):
            earnings, revenue = part(entry, "earningsEstimate"), part(entry, "revenueEstimate")
            yield {
                "period_end": date_of(entry.get("endDate")),
                "eps_estimate": figure(earnings.get("avg")),
                "revenue_estimate": figure(revenue.get("avg")),
                "currency": text(first(earnings.get("earningsCurrency"), revenue.get("revenueCurrency"))),
            }


def _next_report(found: Modules, exchange: ZoneInfo | None, period_ends: Iterable[date | None]) -> Iterator[Row]:
    """The report that is due, of the last quarter that has ended by then; an estimated date is a range, from its start."""
    event, chart = part(found["calendarEvents"], "earnings"), part(found["earnings"], "earningsChart")
    dates = [*items(event, "earningsDate"), *items(chart, "earningsDate")]
    due = _local_day(dates[0], exchange) if dates else None
    if due is not None:
        ended = (end for end in period_ends if end is not None and end < due <= end + _LATEST_REPORT)
        yield {
            "period_end": max(ended, default=None),
            "report_date": due,
            "eps_estimate": figure(event.get("earningsAverage")),
            "revenue_estimate": figure(event.get("revenueAverage")),
        }


def _by_quarter(parts: Iterable[Row]) -> list[Row]:
    """One row a quarter: what the first part says counts, and a part in another currency is left out."""
    quarters: dict[str, Row] = {}
    for found in parts:
        quarter = first(
            calendar_quarter(found["period_end"], None),
            found.get("calendar_quarter"),
            calendar_quarter(None, found.get("report_date")),
        )
        if quarter is None:
            continue
        row = quarters.setdefault(quarter, {"calendar_quarter": quarter})
        if None in (row.get("currency"), found.get("currency")) or row["currency"] == found["currency"]:
            row.update({name: value for name, value in found.items() if row.get(name) is None})
    return list(quarters.values())


def _local_day(value: Any, exchange: ZoneInfo | None) -> date | None:
    """The exchange's date; without a zone UTC's, which is the same while anybody reports."""
    at = when(value)
    return None if at is None else at.astimezone(exchange or UTC).date()


def _calendar_quarter(label: Any) -> str | None:
    """3Q2024 as 2024Q3."""
    found = re.fullmatch(r"([1-4])Q(\d{4})", label or "")
    return None if found is None else f"{found[2]}Q{found[1]}"


def _fiscal(label: Any) -> Row:
    found = re.fullmatch(r"([1-4])Q(\d{4})", label or "")
    return {} if found is None else {"fiscal_year": int(found[2]), "fiscal_quarter": int(found[1])}
