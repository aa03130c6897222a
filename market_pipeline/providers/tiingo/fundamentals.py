"""Tiingo's statements and ratios: which of its data codes are kept, under which of our names.

Codes are those of /tiingo/fundamentals/definitions.  Shares of something are fractions although their unit is "%".
"""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, ClassVar
from urllib.parse import urlsplit

from market_pipeline.providers.dates import day
from market_pipeline.providers.messages import Answer, Ask, Parsed, Request, Row, rows_of
from market_pipeline.providers.normalise import integer, number
from market_pipeline.providers.tiingo.market import TiingoEndpoint

INCOME = {
    "revenue": "revenue",
    "costRev": "cost_of_revenue",
    "grossProfit": "gross_profit",
    "rnd": "research_and_development",
    "opex": "operating_expenses",
    "opinc": "operating_income",
    "ebitda": "ebitda",
    "intexp": "interest_expense",
    "ebt": "pretax_income",
    "taxExp": "income_tax",
    "netinc": "net_income",
    "eps": "eps_basic",
    "epsDil": "eps_diluted",
    "shareswaDil": "shares_diluted",
}
BALANCE = {
    "totalAssets": "total_assets",
    "assetsCurrent": "current_assets",
    "cashAndEq": "cash",
    "inventory": "inventory",
    "acctRec": "receivables",
    "totalLiabilities": "total_liabilities",
    "liabilitiesCurrent": "current_liabilities",
    "debtNonCurrent": "long_term_debt",
    "debt": "total_debt",
    "equity": "total_equity",
    "retainedEarnings": "retained_earnings",
    "sharesBasic": "shares_outstanding",
}
CASH_FLOW = {
    "ncfo": "operating_cash_flow",
    "capex": "capital_expenditure",
    "freeCashFlow": "free_cash_flow",
    "ncfi": "investing_cash_flow",
    "ncff": "financing_cash_flow",
    "depamor": "depreciation_and_amortization",
    "payDiv": "dividends_paid",
}
METRICS = {
    "marketCap": "market_cap",
    "enterpriseVal": "enterprise_value",
    "peRatio": "pe_ratio",
    "pbRatio": "price_to_book",
    "trailingPEG1Y": "peg_ratio",
    "grossMargin": "gross_margin",
    "opMargin": "operating_margin",
    "netMargin": "profit_margin",
    "roe": "return_on_equity",
    "roa": "return_on_assets",
    "debtEquity": "debt_to_equity",
    "currentRatio": "current_ratio",
    "bvps": "book_value_per_share",
}
OUTFLOWS = ("capital_expenditure", "dividends_paid")  # negative here, positive in our record
STATEMENTS: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "incomeStatement": ("income", INCOME),
    "balanceSheet": ("balance", BALANCE),
    "cashFlow": ("cash_flow", CASH_FLOW),
    "overview": ("metrics", METRICS),
}
A_WEEK = timedelta(days=7)
FIVE_YEARS = timedelta(days=5 * 365)


class Fundamentals(TiingoEndpoint):
    """Statements as revised, by fiscal quarter and year (a quarter 0), and the ratios of the last days."""

    data_type = "fundamentals"
    path = "/tiingo/fundamentals/{symbol}/statements"
    daily: ClassVar[str] = "/tiingo/fundamentals/{symbol}/daily"

    def requests(self, ask: Ask) -> tuple[Request, ...]:
        today, ticker = ask.today, self.spell(ask.symbol)
        spans = ((self.path, FIVE_YEARS), (self.daily, A_WEEK))
        return tuple(
            Request(path=path.format(symbol=ticker), params={"startDate": (today - span).isoformat()})
            for path, span in spans
        )

    def match(self, path: str, params: Mapping[str, str], now: datetime) -> Ask | None:
        if params.get("asReported", "false").lower() == "true":
            return None  # dated by the filing: the period it is about is not told
        return super().match(path.replace("/daily", "/statements"), params, now)

    def parse(self, answer: Answer, ask: Ask) -> Parsed:
        found = rows_of(answer.json(), "fundamentals")
        if urlsplit(answer.url).path.endswith("/daily"):
            return Parsed([_ratios(ask.symbol, one) for one in found])
        return Parsed([row for one in found for row in _statements(ask.symbol, one)])


def _ratios(symbol: str, found: Mapping[str, Any]) -> Row:
    figures = {field: number(found.get(code)) for code, field in METRICS.items()}
    return {
        "symbol": symbol,
        "statement": "metrics",
        "period_type": "instant",
        "period_end": day(found["date"]),
        **figures,
    }


def _statements(symbol: str, found: Mapping[str, Any]) -> Iterator[Row]:
    quarter = integer(found["quarter"])
    period = {
        "symbol": symbol,
        "period_type": "year" if quarter == 0 else "quarter",
        "period_end": day(found["date"]),
        "fiscal_year": integer(found.get("year")),
        "fiscal_period": "FY" if quarter == 0 else f"Q{quarter}",
    }
    for name, points in found["statementData"].items():
        if name not in STATEMENTS or not points:
            continue
        statement, codes = STATEMENTS[name]
        told = {point["dataCode"]: point.get("value") for point in rows_of(points, name)}
        figures = {field: number(told.get(code)) for code, field in codes.items()}
        spent = {field: abs(figure) for field in OUTFLOWS if (figure := figures.get(field)) is not None}
        yield {**period, "statement": statement, **figures, **spent}
