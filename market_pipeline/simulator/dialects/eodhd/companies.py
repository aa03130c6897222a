"""Earnings and dividends in EODHD's dialect."""

from datetime import date, timedelta
from typing import Any

from market_pipeline.simulator.dialect import NEW_YORK, Call, Reply
from market_pipeline.simulator.dialects.eodhd.wording import asked, days, figure, spelled, table
from market_pipeline.simulator.market import EarningsReport

REPORT_TIMES = {"bmo": "BeforeMarket", "amc": "AfterMarket"}
PERIODS = {12: "Monthly", 4: "Quarterly", 2: "SemiAnnual", 1: "Annual"}
FIVE_YEARS, TEN_YEARS, A_YEAR, A_WEEK = 1826, 3652, 365, 7  # days


def earnings_calendar(call: Call) -> Reply:
    """All reports of some symbols, whatever the range; or those of all symbols in a range."""
    if "symbols" in call.params:
        today = call.now.astimezone(NEW_YORK).date()
        span = today - timedelta(days=FIVE_YEARS), today + timedelta(days=A_YEAR)
        about: dict[str, Any] = {"symbols": call.params["symbols"]}
        symbols: tuple[str, ...] = tuple(asked(call, "symbols"))
    else:
        span = days(call, 0, A_WEEK)
        about = {"from": span[0].isoformat(), "to": span[1].isoformat()}
        symbols = call.market.symbols()
    found = [one for symbol in symbols for one in call.market.earnings(symbol, *span, as_of=call.now)]
    told = {"type": "Earnings", "description": "Historical and upcoming Earnings", **about}
    return Reply({**told, "earnings": [_report(one) for one in found]})


def _report(report: EarningsReport) -> dict[str, Any]:
    actual, estimate = report.eps_actual, report.eps_estimate
    difference = None if actual is None else actual - estimate
    return {
        "code": spelled(report.symbol),
        "report_date": report.report_date.isoformat(),
        "date": report.period_end.isoformat(),
        "before_after_market": REPORT_TIMES[report.timing],
        "currency": report.currency,
        "actual": actual,
        "estimate": estimate,
        "difference": 0 if difference is None else difference,
        "percent": None if difference is None or estimate == 0 else round(difference / abs(estimate) * 100, 4),
    }


def earnings_trends(call: Call) -> Reply:
    """The newest quarter first.  Consensus is told as it was in the quarter and, for the next one, as it is now."""
    today = call.now.astimezone(NEW_YORK).date()
    trends = [_trends(call, symbol, today) for symbol in asked(call, "symbols")]
    told = {
        "type": "Trends",
        "description": "Historical and upcoming earning trends",
        "symbols": call.params["symbols"],
    }
    return Reply({**told, "trends": trends})


def _trends(call: Call, symbol: str, today: date) -> list[dict[str, Any]]:
    span = today - timedelta(days=FIVE_YEARS), today + timedelta(days=A_YEAR)
    reports = call.market.earnings(symbol, *span, as_of=call.now)
    expected = [report for report in reports if report.eps_actual is None][:2]
    told = [report for report in reports if report.eps_actual is not None] + expected
    return [_trend(report, "+1q" if report is told[-1] and len(expected) == 2 else "0q") for report in reversed(told)]


def _trend(report: EarningsReport, period: str) -> dict[str, Any]:
    eps, revenue = report.eps_estimate, report.revenue_estimate
    return {
        "code": spelled(report.symbol),
        "date": report.period_end.isoformat(),
        "period": period,
        "earningsEstimateAvg": figure(eps),
        "earningsEstimateLow": figure(eps * 95 / 100),
        "earningsEstimateHigh": figure(eps * 105 / 100),
        "earningsEstimateNumberOfAnalysts": figure(24),
        "revenueEstimateAvg": figure(revenue, 2),
        "revenueEstimateLow": figure(revenue * 0.95, 2),
        "revenueEstimateHigh": figure(revenue * 1.05, 2),
        "revenueEstimateNumberOfAnalysts": figure(24, 2),
        "epsTrendCurrent": figure(eps),
    }


def dividends(call: Call, symbol: str) -> Reply:
    found = call.market.dividends(symbol, *days(call, TEN_YEARS, A_YEAR), as_of=call.now)
    if call.params.get("fmt") != "json":
        rows = [{"date": one.ex_date.isoformat(), "dividends": one.adjusted_amount} for one in found]
        return table(call, rows, "Date,Dividends")
    return Reply(
        [
            {
                "date": one.ex_date.isoformat(),
                "declarationDate": one.declaration_date.isoformat(),
                "recordDate": one.record_date.isoformat(),
                "paymentDate": one.pay_date.isoformat(),
                "period": PERIODS.get(one.frequency),
                "value": one.adjusted_amount,
                "unadjustedValue": one.amount,
                "currency": one.currency,
            }
            for one in found
        ]
    )
