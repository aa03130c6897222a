"""Fundamentals as time series: one figure over years, quarters or the last twelve months."""

import re
from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal
from typing import Any

from market_pipeline.providers.normalise import dashed_symbol
from market_pipeline.simulator.dialect import Call, Reply
from market_pipeline.simulator.dialects.yahoo.values import canonical, envelope, midnight
from market_pipeline.simulator.market import FinancialReport, Statements

Value = int | Decimal

FIGURES: dict[str, Callable[[FinancialReport], Value]] = {
    "TotalRevenue": lambda one: one.income.revenue,
    "CostOfRevenue": lambda one: one.income.cost_of_revenue,
    "GrossProfit": lambda one: one.income.gross_profit,
    "ResearchAndDevelopment": lambda one: one.income.research_and_development,
    "OperatingExpense": lambda one: one.income.operating_expenses,
    "OperatingIncome": lambda one: one.income.operating_income,
    "EBITDA": lambda one: one.income.ebitda,
    "InterestExpense": lambda one: one.income.interest_expense,
    "PretaxIncome": lambda one: one.income.pretax_income,
    "TaxProvision": lambda one: one.income.income_tax,
    "NetIncome": lambda one: one.income.net_income,
    "BasicEPS": lambda one: one.income.eps_basic,
    "DilutedEPS": lambda one: one.income.eps_diluted,
    "OperatingCashFlow": lambda one: one.cash_flow.operating_cash_flow,
    "CapitalExpenditure": lambda one: -one.cash_flow.capital_expenditure,
    "FreeCashFlow": lambda one: one.cash_flow.free_cash_flow,
    "InvestingCashFlow": lambda one: one.cash_flow.investing_cash_flow,
    "FinancingCashFlow": lambda one: one.cash_flow.financing_cash_flow,
    "DepreciationAndAmortization": lambda one: one.cash_flow.depreciation_and_amortization,
    "CashDividendsPaid": lambda one: -one.cash_flow.dividends_paid,
    "RepurchaseOfCapitalStock": lambda one: -one.cash_flow.share_repurchases,
}
LEVELS: dict[str, Callable[[FinancialReport], Value]] = {
    "DilutedAverageShares": lambda one: one.income.shares_diluted,
    "TotalAssets": lambda one: one.balance.total_assets,
    "CurrentAssets": lambda one: one.balance.current_assets,
    "CashAndCashEquivalents": lambda one: one.balance.cash,
    "Inventory": lambda one: one.balance.inventory,
    "Receivables": lambda one: one.balance.receivables,
    "TotalLiabilitiesNetMinorityInterest": lambda one: one.balance.total_liabilities,
    "CurrentLiabilities": lambda one: one.balance.current_liabilities,
    "LongTermDebt": lambda one: one.balance.long_term_debt,
    "TotalDebt": lambda one: one.balance.total_debt,
    "StockholdersEquity": lambda one: one.balance.total_equity,
    "RetainedEarnings": lambda one: one.balance.retained_earnings,
    "OrdinarySharesNumber": lambda one: one.balance.shares_outstanding,
}
"""Figures that are not added up over quarters, and have no trailing twelve months."""

_QUARTERS_SHOWN = 5
_TWELVE_MONTHS = 4  # quarters


def timeseries(call: Call) -> Reply:
    """A series for each of the asked types; without points for what is not known, unknown symbols among it."""
    symbol = canonical(call.values["symbol"])
    filed = call.market.statements(symbol, as_of=call.now) if call.market.knows(symbol) else None
    first, last = int(call.params.get("period1", 0)), int(call.params.get("period2", call.now.timestamp()))
    found = []
    for number, kind in enumerate(call.params.get("type", "").split(",")):
        series: dict[str, Any] = {"meta": {"symbol": [dashed_symbol(symbol)], "type": [kind]}}
        points = [] if filed is None else sorted(_points(filed, kind))
        kept = [(end, period, value) for end, period, value in points if first <= midnight(end) <= last]
        if kept:
            series["timestamp"] = [midnight(end) for end, _, _ in kept]
            series[kind] = [
                {
                    "dataId": 20_000 + number,
                    "asOfDate": end.isoformat(),
                    "periodType": period,
                    "currencyCode": "USD",
                    "reportedValue": {"raw": value, "fmt": f"{value:,}"},
                }
                for end, period, value in kept
            ]
        found.append(series)
    return envelope("timeseries", found)


def _points(filed: Statements, kind: str) -> Iterator[tuple[date, str, Value]]:
    split = re.fullmatch(r"(annual|quarterly|trailing)(\w+)", kind)
    if split is None:
        return
    period, name = split.groups()
    value_of = FIGURES.get(name) or (LEVELS.get(name) if period != "trailing" else None)
    if value_of is None:
        return
    if period == "trailing":
        quarters = filed.quarterly[:_TWELVE_MONTHS]
        yield quarters[0].period_end, "TTM", sum((value_of(one) for one in quarters), start=0)
        return
    reports = filed.annual if period == "annual" else filed.quarterly[:_QUARTERS_SHOWN]
    for report in reports:
        yield report.period_end, "12M" if period == "annual" else "3M", value_of(report)
