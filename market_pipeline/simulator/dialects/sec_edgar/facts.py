"""companyfacts: every figure of every report, by concept and unit, comparative figures included.

As in real reports, income is told by quarter in a 10-Q and cash flow from the beginning of the fiscal year; a 10-K
has the year, and nobody tells the fourth quarter.  Each report repeats the figures of a year before.
"""

from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from market_pipeline.simulator.dialect import Call
from market_pipeline.simulator.market import Company, FinancialReport, Statements

Amount = int | Decimal

INCOME: Mapping[str, str] = {
    "RevenueFromContractWithCustomerExcludingAssessedTax": "revenue",
    "CostOfGoodsAndServicesSold": "cost_of_revenue",
    "GrossProfit": "gross_profit",
    "ResearchAndDevelopmentExpense": "research_and_development",
    "OperatingExpenses": "operating_expenses",
    "OperatingIncomeLoss": "operating_income",
    "InterestExpense": "interest_expense",
    "IncomeLossFromContinuingOperationsBeforeIncomeTaxesExtraordinaryItemsNoncontrollingInterest": "pretax_income",
    "IncomeTaxExpenseBenefit": "income_tax",
    "NetIncomeLoss": "net_income",
    "EarningsPerShareBasic": "eps_basic",
    "EarningsPerShareDiluted": "eps_diluted",
    "WeightedAverageNumberOfDilutedSharesOutstanding": "shares_diluted",
}
BALANCE: Mapping[str, str] = {
    "Assets": "total_assets",
    "AssetsCurrent": "current_assets",
    "CashAndCashEquivalentsAtCarryingValue": "cash",
    "InventoryNet": "inventory",
    "AccountsReceivableNetCurrent": "receivables",
    "Liabilities": "total_liabilities",
    "LiabilitiesCurrent": "current_liabilities",
    "LongTermDebt": "long_term_debt",
    "StockholdersEquity": "total_equity",
    "RetainedEarningsAccumulatedDeficit": "retained_earnings",
    "CommonStockSharesOutstanding": "shares_outstanding",
}
CASH_FLOW: Mapping[str, str] = {
    "NetCashProvidedByUsedInOperatingActivities": "operating_cash_flow",
    "NetCashProvidedByUsedInInvestingActivities": "investing_cash_flow",
    "NetCashProvidedByUsedInFinancingActivities": "financing_cash_flow",
    "PaymentsToAcquirePropertyPlantAndEquipment": "capital_expenditure",
    "DepreciationDepletionAndAmortization": "depreciation_and_amortization",
    "PaymentsOfDividends": "dividends_paid",
    "PaymentsForRepurchaseOfCommonStock": "share_repurchases",
}
UNITS = {
    "EarningsPerShareBasic": "USD/shares",
    "EarningsPerShareDiluted": "USD/shares",
    "WeightedAverageNumberOfDilutedSharesOutstanding": "shares",
    "CommonStockSharesOutstanding": "shares",
}


def accession(report: FinancialReport) -> str:
    """The number of a report: who sent it in, the year, a count."""
    return f"0009999999-{report.filing_date:%y}-{report.filing_date.timetuple().tm_yday:06d}"


def company_facts(call: Call, company: Company) -> Any:
    filed = call.market.statements(company.symbol, as_of=call.now)
    reports = [one for one in filed.quarterly if one.fiscal_period != "Q4"] + list(filed.annual)
    reports.sort(key=lambda report: report.filing_date)
    concepts = {name: list(_income(reports, field)) for name, field in INCOME.items()}
    concepts |= {name: list(_balance(reports, field)) for name, field in BALANCE.items()}
    concepts |= {name: list(_cash_flow(reports, filed, field)) for name, field in CASH_FLOW.items()}
    gaap = {
        name: {"label": name, "description": name, "units": {UNITS.get(name, "USD"): facts}}
        for name, facts in concepts.items()
    }
    return {"cik": int(company.cik), "entityName": company.name, "facts": {"us-gaap": gaap}}


def _income(reports: list[FinancialReport], field: str) -> Iterator[dict[str, Any]]:
    for report in reports:
        for told in _comparable(report, reports):
            yield _fact(report, getattr(told.income, field), told.period_end, told.period_start)


def _balance(reports: list[FinancialReport], field: str) -> Iterator[dict[str, Any]]:
    for report in reports:
        for told in _comparable(report, reports):
            yield _fact(report, getattr(told.balance, field), told.period_end)


def _cash_flow(reports: list[FinancialReport], filed: Statements, field: str) -> Iterator[dict[str, Any]]:
    for report in reports:
        for told in _comparable(report, reports):
            parts = [told] if told.fiscal_period == "FY" else _year_so_far(told, filed)
            if parts:
                value = sum(getattr(part.cash_flow, field) for part in parts)
                yield _fact(report, value, told.period_end, parts[0].period_start)


def _comparable(report: FinancialReport, reports: list[FinancialReport]) -> list[FinancialReport]:
    """The reports whose own figures a report tells: that of a year before, where there is one, and itself."""
    label = report.fiscal_year - 1, report.fiscal_period
    return [one for one in reports if (one.fiscal_year, one.fiscal_period) == label] + [report]


def _year_so_far(quarter: FinancialReport, filed: Statements) -> list[FinancialReport]:
    """The quarters of a fiscal year up to one; none where the market no longer tells all of them."""
    found = [
        one
        for one in reversed(filed.quarterly)
        if one.fiscal_year == quarter.fiscal_year and one.period_end <= quarter.period_end
    ]
    return found if len(found) == int(quarter.fiscal_period[1]) else []


def _fact(report: FinancialReport, value: Amount, end: date, start: date | None = None) -> dict[str, Any]:
    began = {} if start is None else {"start": start.isoformat()}
    return {
        **began,
        "end": end.isoformat(),
        "val": value,
        "accn": accession(report),
        "fy": report.fiscal_year,
        "fp": report.fiscal_period,
        "form": report.form,
        "filed": report.filing_date.isoformat(),
    }
