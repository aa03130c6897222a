"""The modules of quoteSummary about earnings: what was reported, what is expected, and when."""

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from market_pipeline.simulator.dialect import NEW_YORK, Call
from market_pipeline.simulator.dialects.yahoo.values import date_pair, midnight, pair, present, seconds
from market_pipeline.simulator.market import EarningsReport

_A_YEAR = timedelta(days=400)  # four reports and a little more
_QUARTERS = 4


def _reports(call: Call, symbol: str) -> tuple[list[EarningsReport], list[EarningsReport]]:
    """The last four reported quarters, and those that are expected; both oldest first."""
    today = call.now.astimezone(NEW_YORK).date()
    found = call.market.earnings(symbol, today - _A_YEAR, today + _A_YEAR, as_of=call.now)
    reported = [report for report in found if report.eps_actual is not None]
    return reported[-_QUARTERS:], [report for report in found if report.eps_actual is None]


def _surprise(report: EarningsReport) -> float | None:
    if report.eps_actual is None or report.eps_estimate == 0:
        return None
    return float((report.eps_actual - report.eps_estimate) / abs(report.eps_estimate))


def history(call: Call, symbol: str) -> dict[str, Any]:
    reported, _ = _reports(call, symbol)
    return {
        "history": [
            {
                "maxAge": 1,
                "epsActual": pair(report.eps_actual),
                "epsEstimate": pair(report.eps_estimate),
                "epsDifference": pair((report.eps_actual or Decimal(0)) - report.eps_estimate),
                "surprisePercent": pair(_surprise(report), percent=True),
                "quarter": date_pair(report.period_end),
                "currency": report.currency,
                "period": f"-{back}q",
            }
            for back, report in zip(range(len(reported), 0, -1), reported, strict=True)
        ],
        "maxAge": 86_400,
    }


def _label(day: date) -> str:
    """The quarter that a day is in: 3Q2026."""
    return f"{(day.month + 2) // 3}Q{day.year}"


def charts(call: Call, symbol: str) -> dict[str, Any]:
    reported, expected = _reports(call, symbol)
    filed = call.market.statements(symbol, as_of=call.now)
    return {
        "maxAge": 86_400,
        "defaultMethodology": "gaap",
        "financialCurrency": filed.currency,
        "earningsChart": {"quarterly": [_charted(report) for report in reported], **_current(expected)},
        "financialsChart": {
            "quarterly": [
                {"date": _label(one.period_end), **_totals(one.income.revenue, one.income.net_income)}
                for one in reversed(filed.quarterly[:_QUARTERS])
            ],
            "yearly": [
                {"date": one.fiscal_year, **_totals(one.income.revenue, one.income.net_income)}
                for one in reversed(filed.annual)
            ],
        },
    }


def _totals(revenue: int, net_income: int) -> dict[str, Any]:
    margin = net_income / revenue
    return {"revenue": pair(revenue), "earnings": pair(net_income), "profitMargin": pair(margin, percent=True)}


def _charted(report: EarningsReport) -> dict[str, Any]:
    surprise = _surprise(report)
    return {
        "date": _label(report.period_end),
        "calendarQuarter": _label(report.period_end),
        "fiscalQuarter": f"{report.fiscal_quarter}Q{report.fiscal_year}",
        "periodEndDate": date_pair(report.period_end),
        "reportedDate": {"raw": seconds(report.reported_at), "fmt": report.report_date.isoformat()},
        "actual": pair(report.eps_actual),
        "estimate": pair(report.eps_estimate),
        "difference": f"{(report.eps_actual or Decimal(0)) - report.eps_estimate:.2f}",
        **present({"surprisePct": None if surprise is None else f"{100 * surprise:.2f}"}),
    }


def _current(expected: Sequence[EarningsReport]) -> dict[str, Any]:
    """The quarter that is reported next."""
    if not expected:
        return {"earningsDate": []}
    due = expected[0]
    return {
        "currentQuarterEstimate": pair(due.eps_estimate),
        "currentQuarterEstimateDate": _label(due.period_end)[:2],
        "currentQuarterEstimateYear": due.period_end.year,
        "currentCalendarQuarter": _label(due.period_end),
        "currentFiscalQuarter": f"{due.fiscal_quarter}Q{due.fiscal_year}",
        "currentPeriodEndDate": date_pair(due.period_end),
        "earningsDate": [{"raw": seconds(due.reported_at), "fmt": due.report_date.isoformat()}],
        "isEarningsDateEstimate": True,
    }


def trend(call: Call, symbol: str) -> dict[str, Any]:
    _, expected = _reports(call, symbol)
    return {
        "trend": [
            {
                "maxAge": 1,
                "period": period,
                "endDate": report.period_end.isoformat(),
                "earningsEstimate": {"avg": pair(report.eps_estimate), "earningsCurrency": report.currency},
                "revenueEstimate": {"avg": pair(report.revenue_estimate), "revenueCurrency": report.currency},
            }
            for period, report in zip(("0q", "+1q"), expected, strict=False)
        ],
        "maxAge": 1,
    }


def calendar_events(call: Call, symbol: str) -> dict[str, Any]:
    _, expected = _reports(call, symbol)
    today = call.now.astimezone(NEW_YORK).date()
    declared = call.market.dividends(symbol, today - _A_YEAR, today + _A_YEAR, as_of=call.now)
    due = expected[0] if expected else None
    event = {
        "earningsDate": [] if due is None else [seconds(due.reported_at)],
        "earningsCallDate": [],
        "isEarningsDateEstimate": True,
        "earningsAverage": None if due is None else due.eps_estimate,
        "revenueAverage": None if due is None else due.revenue_estimate,
    }
    dividend = {
        "exDividendDate": midnight(declared[-1].ex_date) if declared else None,
        "dividendDate": midnight(declared[-1].pay_date) if declared else None,
    }
    return {"maxAge": 1, "earnings": present(event), **present(dividend)}
