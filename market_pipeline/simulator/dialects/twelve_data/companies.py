"""Profiles, earnings, estimates, dividends and statistics in Twelve Data's dialect."""

from collections.abc import Callable, Iterable, Mapping
from datetime import date, timedelta
from decimal import Decimal
from itertools import groupby
from typing import Any

from market_pipeline.simulator.dialect import NEW_YORK, Call, Reply
from market_pipeline.simulator.dialects.twelve_data.wording import TIERS, days, instrument, listed
from market_pipeline.simulator.market import Dividend, EarningsReport

REPORT_TIMES = {"bmo": "Pre Market", "amc": "After Hours"}
A_YEAR = 365
A_WEEK = 7


def profile(call: Call, symbol: str) -> dict[str, Any]:
    found = call.market.company(symbol, as_of=call.now)
    return {
        "symbol": symbol,
        "name": found.name,
        "exchange": found.exchange,
        "mic_code": TIERS[found.exchange],
        "sector": found.sector,
        "industry": found.industry,
        "employees": found.employees,
        "website": found.website,
        "description": found.description,
        "type": "Common Stock",
        "CEO": found.ceo,
        "address": found.street,
        "address2": None,
        "city": found.city,
        "zip": found.zip_code,
        "state": found.state,
        "country": "United States",
        "phone": found.phone,
    }


def earnings(call: Call, symbol: str) -> dict[str, Any]:
    found = call.market.earnings(symbol, *days(call, 2 * A_YEAR, A_YEAR), as_of=call.now)
    reports = [{"date": one.report_date.isoformat(), **_report(one)} for one in reversed(found)]
    return {"meta": instrument(call.market.company(symbol, as_of=call.now)), "earnings": reports, "status": "ok"}


def _report(report: EarningsReport) -> dict[str, Any]:
    actual, estimate = report.eps_actual, report.eps_estimate
    difference = None if actual is None else actual - estimate
    percent = None if difference is None or estimate == 0 else round(difference / abs(estimate) * 100, 2)
    return {
        "time": REPORT_TIMES[report.timing],
        "eps_estimate": estimate,
        "eps_actual": actual,
        "difference": difference,
        "surprise_prc": percent,
    }


def earnings_calendar(call: Call) -> Reply:
    """By day, the earliest first; without a range, today only."""
    found = _of_all(call, call.market.earnings, days(call, 0, 0))
    found.sort(key=lambda report: (report.report_date, report.symbol))
    by_day = groupby(listed(call, found), key=lambda entry: entry[0].report_date)
    calendar = {
        reported_on.isoformat(): [
            instrument(company, "exchange_timezone", "type") | {"country": "United States"} | _report(report)
            for report, company in entries
        ]
        for reported_on, entries in by_day
    }
    return Reply({"earnings": calendar, "status": "ok"})


def _of_all(call: Call, tell: Callable[..., Iterable[Any]], range_: tuple[date, date]) -> list[Any]:
    return [one for symbol in call.market.symbols() for one in tell(symbol, *range_, as_of=call.now)]


def earnings_estimate(call: Call, symbol: str) -> dict[str, Any]:
    means = {report.period_end: report.eps_estimate for report in _expected(call, symbol)}
    return _estimates(call, symbol, "earnings_estimate", means, year_ago="year_ago_eps")


def revenue_estimate(call: Call, symbol: str) -> dict[str, Any]:
    means = {report.period_end: Decimal(report.revenue_estimate) for report in _expected(call, symbol)}
    return _estimates(call, symbol, "revenue_estimate", means, year_ago="year_ago_sales")


def _expected(call: Call, symbol: str) -> list[EarningsReport]:
    """The next two reports."""
    today = call.now.astimezone(NEW_YORK).date()
    found = call.market.earnings(symbol, today, today + timedelta(days=A_YEAR), as_of=call.now)
    return [report for report in found if report.eps_actual is None][:2]


def _estimates(call: Call, symbol: str, name: str, means: Mapping[date, Decimal], year_ago: str) -> dict[str, Any]:
    """The means by quarter; the other figures are in a fixed proportion to them."""
    estimates = [
        {
            "date": period_end.isoformat(),
            "period": period,
            "number_of_analysts": 24,
            "avg_estimate": mean,
            "low_estimate": mean * 95 / 100,
            "high_estimate": mean * 105 / 100,
            year_ago: mean * 90 / 100,
        }
        for period, (period_end, mean) in zip(("current_quarter", "next_quarter"), means.items(), strict=False)
    ]
    return {"meta": instrument(call.market.company(symbol, as_of=call.now)), name: estimates, "status": "ok"}


def dividends(call: Call, symbol: str) -> dict[str, Any]:
    """Without a range the last one only; split-adjusted unless `adjust` is false."""
    found = call.market.dividends(symbol, *days(call, 2 * A_YEAR, A_YEAR), as_of=call.now)
    if "start_date" not in call.params and call.params.get("range") != "full":
        today = call.now.astimezone(NEW_YORK).date()
        found = [one for one in found if one.ex_date <= today][-1:]
    is_raw = call.params.get("adjust") == "false"
    payments = [
        {"ex_date": one.ex_date.isoformat(), "amount": one.amount if is_raw else one.adjusted_amount}
        for one in reversed(found)
    ]
    return {"meta": instrument(call.market.company(symbol, as_of=call.now), "type"), "dividends": payments}


def dividends_calendar(call: Call) -> Reply:
    found: list[Dividend] = _of_all(call, call.market.dividends, days(call, A_WEEK, A_WEEK))
    found.sort(key=lambda payment: payment.ex_date, reverse=True)
    calendar = [
        {
            "symbol": payment.symbol,
            "mic_code": TIERS[company.exchange],
            "exchange": company.exchange,
            "ex_date": payment.ex_date.isoformat(),
            "amount": payment.amount,
        }
        for payment, company in listed(call, found)
    ]
    return Reply(calendar)


def statistics(call: Call, symbol: str) -> dict[str, Any]:
    """Shares of something are fractions, but debt to equity is in percent."""
    found = call.market.ratios(symbol, call.now)
    return {
        "meta": instrument(call.market.company(symbol, as_of=call.now), "type"),
        "statistics": {
            "valuations_metrics": {
                "market_capitalization": found.market_cap,
                "enterprise_value": found.enterprise_value,
                "trailing_pe": found.pe,
                "forward_pe": found.forward_pe,
                "peg_ratio": found.peg,
                "price_to_sales_ttm": found.ps,
                "price_to_book_mrq": found.pb,
                "enterprise_to_revenue": found.enterprise_value / found.revenue_ttm,
                "enterprise_to_ebitda": found.ev_to_ebitda,
            },
            "financials": {
                "fiscal_year_ends": call.market.statements(symbol, as_of=call.now).annual[0].period_end.isoformat(),
                "most_recent_quarter": found.quarters[0].period_end.isoformat(),
                "gross_margin": found.gross_margin,
                "profit_margin": found.profit_margin,
                "operating_margin": found.operating_margin,
                "return_on_assets_ttm": found.roa,
                "return_on_equity_ttm": found.roe,
                "income_statement": {
                    "revenue_ttm": found.revenue_ttm,
                    "revenue_per_share_ttm": found.revenue_ttm / found.shares_outstanding,
                    "ebitda": found.ebitda_ttm,
                    "net_income_to_common_ttm": found.net_income_ttm,
                    "diluted_eps_ttm": found.eps_ttm,
                },
                "balance_sheet": {
                    "total_cash_mrq": found.balance.cash,
                    "total_cash_per_share_mrq": found.balance.cash / found.shares_outstanding,
                    "total_debt_mrq": found.balance.total_debt,
                    "total_debt_to_equity_mrq": found.debt_to_equity * 100,
                    "current_ratio_mrq": found.current_ratio,
                    "book_value_per_share_mrq": found.book_value_per_share,
                },
            },
            "stock_statistics": {
                "shares_outstanding": found.shares_outstanding,
                "avg_10_volume": found.average_volume_10d,
                "avg_90_volume": found.average_volume_3m,
            },
            "stock_price_summary": {
                "fifty_two_week_low": found.week52_low,
                "fifty_two_week_high": found.week52_high,
                "beta": found.beta,
                "day_50_ma": found.average_50d,
                "day_200_ma": found.average_200d,
            },
            "dividends_and_splits": {
                "trailing_annual_dividend_rate": found.dividend_per_share,
                "trailing_annual_dividend_yield": found.dividend_yield,
                "forward_annual_dividend_rate": found.dividend_per_share,
                "forward_annual_dividend_yield": found.dividend_yield,
                "payout_ratio": found.payout_ratio,
            },
        },
    }
