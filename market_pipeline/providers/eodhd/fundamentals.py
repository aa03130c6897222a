"""EODHD's statements and ratios: which of the many figures are kept, under which of our names."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from market_pipeline.providers.dates import day
from market_pipeline.providers.eodhd.answers import EodhdEndpoint, objects
from market_pipeline.providers.messages import Answer, Ask, Parsed, Row
from market_pipeline.providers.normalise import major_unit, number

Names = Mapping[str, tuple[str, ...]]
"""Our field: what the vendor calls it, best first."""

INCOME: Names = {
    "revenue": ("totalRevenue",),
    "cost_of_revenue": ("costOfRevenue",),
    "gross_profit": ("grossProfit",),
    "research_and_development": ("researchDevelopment",),
    "operating_expenses": ("totalOperatingExpenses",),
    "operating_income": ("operatingIncome",),
    "ebitda": ("ebitda",),
    "interest_expense": ("interestExpense",),
    "pretax_income": ("incomeBeforeTax",),
    "income_tax": ("incomeTaxExpense", "taxProvision"),
    "net_income": ("netIncome",),
}
BALANCE: Names = {
    "total_assets": ("totalAssets",),
    "current_assets": ("totalCurrentAssets",),
    "cash": ("cash", "cashAndEquivalents"),
    "inventory": ("inventory",),
    "receivables": ("netReceivables",),
    "total_liabilities": ("totalLiab",),
    "current_liabilities": ("totalCurrentLiabilities",),
    "long_term_debt": ("longTermDebt", "longTermDebtTotal"),
    "total_debt": ("shortLongTermDebtTotal",),
    "total_equity": ("totalStockholderEquity",),
    "retained_earnings": ("retainedEarnings",),
    "shares_outstanding": ("commonStockSharesOutstanding",),
}
CASH_FLOW: Names = {
    "operating_cash_flow": ("totalCashFromOperatingActivities",),
    "capital_expenditure": ("capitalExpenditures",),
    "free_cash_flow": ("freeCashFlow",),
    "investing_cash_flow": ("totalCashflowsFromInvestingActivities",),
    "financing_cash_flow": ("totalCashFromFinancingActivities",),
    "depreciation_and_amortization": ("depreciation",),
    "dividends_paid": ("dividendsPaid",),
}
METRICS: Names = {  # of several sections, whose names do not clash; margins, returns and yields are fractions
    "market_cap": ("MarketCapitalization",),
    "enterprise_value": ("EnterpriseValue",),
    "pe_ratio": ("TrailingPE", "PERatio"),
    "forward_pe": ("ForwardPE",),
    "peg_ratio": ("PEGRatio",),
    "price_to_book": ("PriceBookMRQ",),
    "price_to_sales": ("PriceSalesTTM",),
    "ev_to_ebitda": ("EnterpriseValueEbitda",),
    "dividend_yield": ("DividendYield",),
    "payout_ratio": ("PayoutRatio",),
    "beta": ("Beta",),
    "operating_margin": ("OperatingMarginTTM",),
    "profit_margin": ("ProfitMargin",),
    "return_on_equity": ("ReturnOnEquityTTM",),
    "return_on_assets": ("ReturnOnAssetsTTM",),
    "eps_ttm": ("DilutedEpsTTM", "EarningsShare"),
    "book_value_per_share": ("BookValue",),
    "week_52_high": ("52WeekHigh",),
    "week_52_low": ("52WeekLow",),
}
METRIC_SECTIONS = ("Highlights", "Valuation", "SplitsDividends", "Technicals")
SECTIONS = ("General", *METRIC_SECTIONS, "Financials")
STATEMENTS: Mapping[str, tuple[str, Names]] = {
    "Income_Statement": ("income", INCOME),
    "Balance_Sheet": ("balance", BALANCE),
    "Cash_Flow": ("cash_flow", CASH_FLOW),
}
PERIODS = {"quarterly": "quarter", "yearly": "year"}
SPENT = ("capital_expenditure", "dividends_paid", "interest_expense")  # with either sign here, positive in our record


class Fundamentals(EodhdEndpoint):
    """Three statements by quarter and year, and the ratios as of the vendor's last update; funds have ratios only."""

    data_type = "fundamentals"
    path = "/fundamentals/{symbol}"
    cost = 10

    def params(self, ask: Ask) -> Mapping[str, str]:
        return {**super().params(ask), "filter": ",".join(SECTIONS)}

    def match(self, path: str, params: Mapping[str, str], now: datetime) -> Ask | None:
        named = params.get("filter", "Financials").split(",")
        return super().match(path, params, now) if {"Financials", *METRIC_SECTIONS} & {*named} else None

    def parse(self, answer: Answer, ask: Ask) -> Parsed:
        payload, named = answer.json(), answer.params.get("filter")
        sections = payload if named is None or "," in named else {named: payload}
        rows = [*_ratios(sections, answer), *_statements(sections.get("Financials") or {})]
        return Parsed([{"symbol": ask.symbol, **row} for row in rows])


def _ratios(sections: Mapping[str, Any], answer: Answer) -> Iterator[Row]:
    told = {name: value for section in METRIC_SECTIONS for name, value in (sections.get(section) or {}).items()}
    if told:
        general = sections.get("General") or {}
        updated_on = day(general.get("UpdatedAt"))
        yield {
            "statement": "metrics",
            "period_type": "instant",
            "period_end": answer.received_on if updated_on is None else updated_on,
            "currency": major_unit(general.get("CurrencyCode"))[0],
            **_figures(told, METRICS),
        }


def _statements(financials: Mapping[str, Any]) -> Iterator[Row]:
    for name, (statement, names) in STATEMENTS.items():
        sheet = financials.get(name) or {}
        for period, period_type in PERIODS.items():
            for found in objects(sheet.get(period)):
                figures = _figures(found, names)
                spent = {field: abs(figure) for field in SPENT if (figure := figures.get(field)) is not None}
                yield {
                    "statement": statement,
                    "period_type": period_type,
                    "period_end": day(found["date"]),
                    "fiscal_period": "FY" if period_type == "year" else None,
                    "filed_on": day(found.get("filing_date")),
                    "currency": major_unit(found.get("currency_symbol") or sheet.get("currency_symbol"))[0],
                    **figures,
                    **spent,
                }


def _figures(found: Mapping[str, Any], names: Names) -> Row:
    return {
        field: next((number(found[name]) for name in spellings if found.get(name) is not None), None)
        for field, spellings in names.items()
    }
