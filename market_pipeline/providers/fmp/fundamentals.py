"""The statements and ratios of Financial Modeling Prep: endpoints whose requests name its sheets.

Free keys are refused quarters and more than five periods: YearlyFundamentals asks for what they get.  Two sheets are
read and not asked for, because they share the key of another: `ratios` that of `key-metrics`, and `key-metrics-ttm` that
of `ratios-ttm`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar
from urllib.parse import urlsplit

from market_pipeline.providers.dates import day
from market_pipeline.providers.fmp.endpoint import FmpEndpoint
from market_pipeline.providers.messages import Answer, Ask, Parsed, Request, Row, rows_of
from market_pipeline.providers.normalise import integer, major_unit, number, text


@dataclass(frozen=True, slots=True)
class Sheet:
    statement: str
    columns: Mapping[str, str]
    """The vendor's name of a figure, with ours."""
    asked: bool = True


INCOME = {
    "revenue": "revenue",
    "costOfRevenue": "cost_of_revenue",
    "grossProfit": "gross_profit",
    "researchAndDevelopmentExpenses": "research_and_development",
    "operatingExpenses": "operating_expenses",
    "operatingIncome": "operating_income",
    "ebitda": "ebitda",
    "interestExpense": "interest_expense",
    "incomeBeforeTax": "pretax_income",
    "incomeTaxExpense": "income_tax",
    "netIncome": "net_income",
    "eps": "eps_basic",
    "epsDiluted": "eps_diluted",
    "weightedAverageShsOutDil": "shares_diluted",
}
BALANCE = {
    "totalAssets": "total_assets",
    "totalCurrentAssets": "current_assets",
    "cashAndCashEquivalents": "cash",
    "inventory": "inventory",
    "netReceivables": "receivables",
    "totalLiabilities": "total_liabilities",
    "totalCurrentLiabilities": "current_liabilities",
    "longTermDebt": "long_term_debt",
    "totalDebt": "total_debt",
    "totalStockholdersEquity": "total_equity",
    "retainedEarnings": "retained_earnings",
}
CASH_FLOW = {
    "operatingCashFlow": "operating_cash_flow",
    "capitalExpenditure": "capital_expenditure",
    "freeCashFlow": "free_cash_flow",
    "netCashProvidedByInvestingActivities": "investing_cash_flow",
    "netCashProvidedByFinancingActivities": "financing_cash_flow",
    "depreciationAndAmortization": "depreciation_and_amortization",
    "netDividendsPaid": "dividends_paid",
    "commonStockRepurchased": "share_repurchases",
}
OUTFLOWS = ("capital_expenditure", "dividends_paid", "share_repurchases")  # negative here, positive in our record
METRICS = {  # of four sheets: names in `…-ttm` end in TTM, all margins and yields are fractions
    "marketCap": "market_cap",
    "enterpriseValue": "enterprise_value",
    "priceToEarningsRatio": "pe_ratio",
    "priceToEarningsGrowthRatio": "peg_ratio",
    "priceToBookRatio": "price_to_book",
    "priceToSalesRatio": "price_to_sales",
    "enterpriseValueMultiple": "ev_to_ebitda",
    "evToEBITDA": "ev_to_ebitda",
    "dividendYield": "dividend_yield",
    "dividendPayoutRatio": "payout_ratio",
    "grossProfitMargin": "gross_margin",
    "operatingProfitMargin": "operating_margin",
    "netProfitMargin": "profit_margin",
    "returnOnEquity": "return_on_equity",
    "returnOnAssets": "return_on_assets",
    "debtToEquityRatio": "debt_to_equity",
    "currentRatio": "current_ratio",
    "netIncomePerShare": "eps_ttm",
    "bookValuePerShare": "book_value_per_share",
}
SHEETS = {
    "income-statement": Sheet("income", INCOME),
    "balance-sheet-statement": Sheet("balance", BALANCE),
    "cash-flow-statement": Sheet("cash_flow", CASH_FLOW),
    "key-metrics": Sheet("metrics", METRICS),
    "ratios": Sheet("metrics", METRICS, asked=False),
    "ratios-ttm": Sheet("metrics", METRICS),
    "key-metrics-ttm": Sheet("metrics", METRICS, asked=False),
}
PERIOD_TYPES = {"FY": "year", "Q1": "quarter", "Q2": "quarter", "Q3": "quarter", "Q4": "quarter", "TTM": "ttm"}


class Fundamentals(FmpEndpoint):
    """Quarters (first: if they are refused, one request was wasted), years, and the trailing twelve months."""

    data_type = "fundamentals"
    path = "/income-statement"  # the first of its sheets
    periods: ClassVar[tuple[str, ...]] = ("quarter", "annual")

    def requests(self, ask: Ask) -> tuple[Request, ...]:
        symbol = {"symbol": self.spell(ask.symbol)}
        asked = [name for name, sheet in SHEETS.items() if sheet.asked]
        dated = [
            Request(path=f"/{name}", params={**symbol, "period": period, "limit": "5"})
            for period in self.periods
            for name in asked
            if not name.endswith("-ttm")
        ]
        trailing = [Request(path=f"/{name}", params=symbol) for name in asked if name.endswith("-ttm")]
        return (*dated, *trailing)

    def match(self, path: str, params: Mapping[str, str], now: datetime) -> Ask | None:
        return super().match(self.path, params, now) if path.removeprefix("/") in SHEETS else None

    def parse(self, answer: Answer, ask: Ask) -> Parsed:
        name = urlsplit(answer.url).path.rpartition("/")[2]
        return Parsed([self.period(SHEETS[name], found, answer, ask) for found in rows_of(answer.json(), name)])

    def period(self, sheet: Sheet, found: Mapping[str, Any], answer: Answer, ask: Ask) -> Row:
        """One period of a sheet; the trailing twelve months have no date of their own and end today."""
        label = text(found["period"]) if "date" in found else "TTM"
        today = answer.received_on
        figures = {
            sheet.columns[name.removesuffix("TTM")]: number(value)
            for name, value in found.items()
            if name.removesuffix("TTM") in sheet.columns
        }
        spent = {name: -figure for name in OUTFLOWS if (figure := figures.get(name)) is not None}
        return {
            "symbol": ask.symbol,
            "statement": sheet.statement,
            "period_type": PERIOD_TYPES.get(label or ""),
            "period_end": day(found["date"]) if "date" in found else today,
            "fiscal_year": integer(found.get("fiscalYear")),
            "fiscal_period": label,
            "filed_on": day(found.get("filingDate")),
            "currency": major_unit(found.get("reportedCurrency"))[0],
            **figures,
            **spent,
        }


class YearlyFundamentals(Fundamentals):
    """Years and the trailing twelve months: the next to be asked where quarters were refused."""

    periods = ("annual",)
