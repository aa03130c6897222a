"""What Alpha Vantage knows of companies: profile, statements and ratios, earnings, dividends; one class for a function.

Figures are text, in units of the currency; "None" and "-" are absent.  Histories come whole.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar

from market_pipeline.providers.alpha_vantage.function import Function, is_json, listed
from market_pipeline.providers.dates import day
from market_pipeline.providers.dividends import add_up_dividends
from market_pipeline.providers.messages import Answer, Ask, Parsed, Request, Row, rows_of
from market_pipeline.providers.normalise import cik, major_unit, number, price, text

ASSET_CLASSES = {"Common Stock": "stock", "ETF": "etf", "Mutual Fund": "fund", "Index": "index"}
REPORT_TIMES = {"pre-market": "bmo", "post-market": "amc"}

STATEMENTS = {
    "INCOME_STATEMENT": "income",
    "BALANCE_SHEET": "balance",
    "CASH_FLOW": "cash_flow",
}
FIGURES = {
    "income": {
        "revenue": "totalRevenue",
        "cost_of_revenue": "costOfRevenue",
        "gross_profit": "grossProfit",
        "research_and_development": "researchAndDevelopment",
        "operating_expenses": "operatingExpenses",
        "operating_income": "operatingIncome",
        "ebitda": "ebitda",
        "interest_expense": "interestExpense",
        "pretax_income": "incomeBeforeTax",
        "income_tax": "incomeTaxExpense",
        "net_income": "netIncome",
    },
    "balance": {
        "total_assets": "totalAssets",
        "current_assets": "totalCurrentAssets",
        "cash": "cashAndCashEquivalentsAtCarryingValue",
        "inventory": "inventory",
        "receivables": "currentNetReceivables",
        "total_liabilities": "totalLiabilities",
        "current_liabilities": "totalCurrentLiabilities",
        "long_term_debt": "longTermDebt",
        "total_debt": "shortLongTermDebtTotal",
        "total_equity": "totalShareholderEquity",
        "retained_earnings": "retainedEarnings",
        "shares_outstanding": "commonStockSharesOutstanding",
    },
    "cash_flow": {
        "operating_cash_flow": "operatingCashflow",
        "capital_expenditure": "capitalExpenditures",
        "investing_cash_flow": "cashflowFromInvestment",
        "financing_cash_flow": "cashflowFromFinancing",
        "depreciation_and_amortization": "depreciationDepletionAndAmortization",
        "dividends_paid": "dividendPayout",
        "share_repurchases": "paymentsForRepurchaseOfCommonStock",
    },
    "metrics": {
        "market_cap": "MarketCapitalization",
        "pe_ratio": "PERatio",
        "forward_pe": "ForwardPE",
        "peg_ratio": "PEGRatio",
        "price_to_book": "PriceToBookRatio",
        "price_to_sales": "PriceToSalesRatioTTM",
        "ev_to_ebitda": "EVToEBITDA",
        "dividend_yield": "DividendYield",
        "payout_ratio": "PayoutRatio",
        "beta": "Beta",
        "operating_margin": "OperatingMarginTTM",
        "profit_margin": "ProfitMargin",
        "return_on_equity": "ReturnOnEquityTTM",
        "return_on_assets": "ReturnOnAssetsTTM",
        "eps_ttm": "EPS",
        "book_value_per_share": "BookValue",
        "week_52_high": "52WeekHigh",
        "week_52_low": "52WeekLow",
    },
}
"""Our fields by statement, with the names that the vendor has for them.  Its margins and yields are fractions."""
SPENT = frozenset({"capital_expenditure", "dividends_paid", "share_repurchases"})
"""Figures that the vendor writes with either sign and that are kept as positive numbers."""


class Overview(Function):
    """A company's profile."""

    data_type = "company_info"
    fixed: ClassVar[Mapping[str, str]] = {"function": "OVERVIEW"}

    def parse(self, answer: Answer, ask: Ask) -> Parsed:
        found = answer.json()
        row = {
            "symbol": ask.symbol,
            "name": text(found["Name"]),
            "exchange": text(found.get("Exchange")),
            "asset_class": ASSET_CLASSES.get(found.get("AssetType", "")),
            "sector": text(found.get("Sector")),
            "industry": text(found.get("Industry")),
            "country": text(found.get("Country")),
            "currency": major_unit(found.get("Currency"))[0],
            "market_cap": number(found.get("MarketCapitalization")),
            "shares_outstanding": number(found.get("SharesOutstanding")),
            "website": text(found.get("OfficialSite")),
            "description": text(found.get("Description")),
            "address": text(found.get("Address")),
            "fiscal_year_end": text(found.get("FiscalYearEnd")),
            "cik": cik(found.get("CIK")),
        }
        return Parsed([row])


class Fundamentals(Function):
    """Three statements, and the ratios of OVERVIEW as of the day they are read: a request for each."""

    data_type = "fundamentals"

    def requests(self, ask: Ask) -> tuple[Request, ...]:
        symbol = self.spell(ask.symbol)
        functions = (*STATEMENTS, Overview.fixed["function"])
        return tuple(Request(path=self.path, params={"function": name, "symbol": symbol}) for name in functions)

    def match(self, path: str, params: Mapping[str, str], now: datetime) -> Ask | None:
        return super().match(path, params, now) if params.get("function") in STATEMENTS else None

    def parse(self, answer: Answer, ask: Ask) -> Parsed:
        payload, function = answer.json(), answer.params.get("function") or ""
        if function == Overview.fixed["function"]:
            today = answer.received_on
            rows = [
                _row("metrics", "instant", payload) | {"period_end": today, "currency": _currency(payload, "Currency")}
            ]
        else:
            rows = [
                _row(STATEMENTS[function], period_type, report)
                | {
                    "period_end": day(report["fiscalDateEnding"]),
                    "fiscal_period": "FY" if period_type == "year" else None,
                    "currency": _currency(report, "reportedCurrency"),
                }
                for name, period_type in (("annualReports", "year"), ("quarterlyReports", "quarter"))
                for report in rows_of(payload[name], name)
            ]
        return Parsed([{"symbol": ask.symbol, **row} for row in rows])


def _row(statement: str, period_type: str, found: Mapping[str, Any]) -> Row:
    figures = {field: number(found.get(name)) for field, name in FIGURES[statement].items()}
    positive = {field: abs(figure) for field, figure in figures.items() if field in SPENT and figure is not None}
    return {"statement": statement, "period_type": period_type, **figures, **positive}


def _currency(found: Mapping[str, Any], name: str) -> str | None:
    return major_unit(found.get(name))[0]


class Earnings(Function):
    """Every quarter that was reported, with the estimate of the day before."""

    data_type = "earnings"
    fixed: ClassVar[Mapping[str, str]] = {"function": "EARNINGS"}

    def parse(self, answer: Answer, ask: Ask) -> Parsed:
        rows: list[Row] = [
            {
                "symbol": ask.symbol,
                "period_end": day(found["fiscalDateEnding"]),
                "report_date": day(found.get("reportedDate")),
                "report_time": REPORT_TIMES.get(found.get("reportTime", "")),
                "eps_estimate": number(found.get("estimatedEPS")),
                "eps_actual": number(found["reportedEPS"]),
                "surprise_percent": number(found.get("surprisePercentage")),
            }
            for found in rows_of(answer.json()["quarterlyEarnings"], "quarterlyEarnings")
        ]
        return Parsed(rows)


class EarningsCalendar(Function):
    """Reports expected in the next three months, of every company with one request; CSV only."""

    data_type = "earnings"
    fixed: ClassVar[Mapping[str, str]] = {"function": "EARNINGS_CALENDAR"}
    symbols_in = None
    market_wide = True

    def serves(self, ask: Ask) -> bool:
        """Only windows that lie ahead: what has been reported is not in it."""
        today = ask.today
        return super().serves(ask) and ask.window is not None and ask.window.start >= today

    def params(self, ask: Ask) -> Mapping[str, str]:
        return {"horizon": "3month"}

    def parse(self, answer: Answer, ask: Ask) -> Parsed:
        rows: list[Row] = [
            {
                "symbol": symbol,
                "period_end": day(found["fiscalDateEnding"]),
                "report_date": day(found["reportDate"]),
                "report_time": REPORT_TIMES.get(found.get("timeOfTheDay", "")),  # a column since 2025
                "eps_estimate": number(found["estimate"]),
                "currency": major_unit(found["currency"])[0],
            }
            for found in answer.csv("symbol", "reportDate", "fiscalDateEnding", "estimate", "currency")
            for symbol in listed([self.unspell(found["symbol"])])
        ]
        return Parsed(rows)


class Dividends(Function):
    """Every dividend as declared, future ones included; those before about 2021 without dates but the ex-date."""

    data_type = "dividends"
    fixed: ClassVar[Mapping[str, str]] = {"function": "DIVIDENDS"}

    def parse(self, answer: Answer, ask: Ask) -> Parsed:
        columns = "ex_dividend_date", "amount"
        payments = rows_of(answer.json()["data"], "data") if is_json(answer) else answer.csv(*columns)
        rows: list[Row] = [
            {
                "symbol": ask.symbol,
                "ex_date": day(found["ex_dividend_date"]),
                "amount": price(found["amount"]),
                "adjustment": "raw",
                "declaration_date": day(found.get("declaration_date")),
                "record_date": day(found.get("record_date")),
                "pay_date": day(found.get("payment_date")),
            }
            for found in payments
        ]
        return Parsed(add_up_dividends(rows))
