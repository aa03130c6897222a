"""Fundamentals: statements from `/ws/fundamentals-timeseries`, ratios from quoteSummary.

A time series is one figure over periods: annualTotalRevenue, quarterlyTotalRevenue, trailingTotalRevenue.
"""

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from market_pipeline.providers.dates import day
from market_pipeline.providers.messages import Answer, Ask, Parsed, Request, Row
from market_pipeline.providers.normalise import fraction, major_unit, text
from market_pipeline.providers.yahoo.summary import Modules, Summary
from market_pipeline.providers.yahoo.values import YahooEndpoint, figure, first, items, money, results

_HISTORY = timedelta(days=10 * 365)  # what is asked for; Yahoo gives four or five years and as many quarters
_PERIODS = {"annual": "year", "quarterly": "quarter", "trailing": "ttm"}
_LABELS = {"annual": "FY", "trailing": "TTM"}
_FIGURES = {
    "income": {
        "TotalRevenue": "revenue",
        "CostOfRevenue": "cost_of_revenue",
        "GrossProfit": "gross_profit",
        "ResearchAndDevelopment": "research_and_development",
        "OperatingExpense": "operating_expenses",
        "OperatingIncome": "operating_income",
        "EBITDA": "ebitda",
        "InterestExpense": "interest_expense",
        "PretaxIncome": "pretax_income",
        "TaxProvision": "income_tax",
        "NetIncome": "net_income",
        "BasicEPS": "eps_basic",
        "DilutedEPS": "eps_diluted",
        "DilutedAverageShares": "shares_diluted",
    },
    "balance": {
        "TotalAssets": "total_assets",
        "CurrentAssets": "current_assets",
        "CashAndCashEquivalents": "cash",
        "Inventory": "inventory",
        "Receivables": "receivables",
        "TotalLiabilitiesNetMinorityInterest": "total_liabilities",
        "CurrentLiabilities": "current_liabilities",
        "LongTermDebt": "long_term_debt",
        "TotalDebt": "total_debt",
        "StockholdersEquity": "total_equity",
        "RetainedEarnings": "retained_earnings",
        "OrdinarySharesNumber": "shares_outstanding",
    },
    "cash_flow": {
        "OperatingCashFlow": "operating_cash_flow",
        "CapitalExpenditure": "capital_expenditure",
        "FreeCashFlow": "free_cash_flow",
        "InvestingCashFlow": "investing_cash_flow",
        "FinancingCashFlow": "financing_cash_flow",
        "DepreciationAndAmortization": "depreciation_and_amortization",
        "CashDividendsPaid": "dividends_paid",
        "RepurchaseOfCapitalStock": "share_repurchases",
    },
}
_COLUMNS = {
    figure_name: (statement, column)
    for statement, columns in _FIGURES.items()
    for figure_name, column in columns.items()
}
_SPENT = frozenset({"capital_expenditure", "dividends_paid", "share_repurchases"})  # negative at Yahoo
_TYPES = tuple(
    f"{period}{figure_name}"
    for period in _PERIODS
    for figure_name, (statement, _) in _COLUMNS.items()
    if (period, statement) != ("trailing", "balance")  # a balance is of a day
)
_METRICS = {
    "market_cap": ("summaryDetail.marketCap",),
    "enterprise_value": ("defaultKeyStatistics.enterpriseValue",),
    "pe_ratio": ("summaryDetail.trailingPE",),
    "forward_pe": ("summaryDetail.forwardPE", "defaultKeyStatistics.forwardPE"),
    "peg_ratio": ("defaultKeyStatistics.pegRatio",),
    "price_to_book": ("defaultKeyStatistics.priceToBook",),
    "price_to_sales": ("summaryDetail.priceToSalesTrailing12Months",),
    "ev_to_ebitda": ("defaultKeyStatistics.enterpriseToEbitda",),
    "dividend_yield": ("summaryDetail.dividendYield", "summaryDetail.yield"),  # companies have the one, funds the other
    "payout_ratio": ("summaryDetail.payoutRatio",),
    "beta": ("summaryDetail.beta", "defaultKeyStatistics.beta", "defaultKeyStatistics.beta3Year"),
    "gross_margin": ("financialData.grossMargins",),
    "operating_margin": ("financialData.operatingMargins",),
    "profit_margin": ("defaultKeyStatistics.profitMargins", "financialData.profitMargins"),
    "return_on_equity": ("financialData.returnOnEquity",),
    "return_on_assets": ("financialData.returnOnAssets",),
    "current_ratio": ("financialData.currentRatio",),
}
"""Where a column is said, by module and name; the first that is there counts."""


class Metrics(Summary):
    """Ratios and market figures of today, as one row; no row where Yahoo has none of them."""

    data_type = "fundamentals"
    modules = ("summaryDetail", "defaultKeyStatistics", "financialData")
    told_by = frozenset(modules)

    def parse(self, answer: Answer, ask: Ask) -> Parsed:
        found = Modules(answer)
        detail, statistics, financial = (found[module] for module in self.modules)
        currency, unit = major_unit(detail.get("currency"))
        row: Row = {
            column: first(*(figure(_said(found, place)) for place in places)) for column, places in _METRICS.items()
        }
        row["debt_to_equity"] = fraction(figure(financial.get("debtToEquity")))  # 150 is one and a half times
        row["week_52_high"] = money(detail.get("fiftyTwoWeekHigh"), unit)
        row["week_52_low"] = money(detail.get("fiftyTwoWeekLow"), unit)
        if unit == 1 and text(financial.get("financialCurrency")) in (None, currency):
            # otherwise nobody can tell whether these two are in the currency of the listing or of the accounts
            row["eps_ttm"] = figure(statistics.get("trailingEps"))
            row["book_value_per_share"] = figure(statistics.get("bookValue"))
        if all(value is None for value in row.values()):
            return Parsed([])
        head = {"symbol": ask.symbol, "statement": "metrics", "period_type": "instant", "currency": currency}
        return Parsed([{**head, "period_end": answer.received_on, **row}])


def _said(found: Modules, place: str) -> Any:
    module, name = place.split(".")
    return found[module].get(name)


class Statements(YahooEndpoint):
    """Income, balance and cash flow by year, quarter and twelve months; its second request is for the metrics.

    A symbol without statements is answered with empty series, an unknown one likewise.
    """

    data_type = "fundamentals"
    path = "/ws/fundamentals-timeseries/v1/finance/timeseries/{symbol}"
    metrics = Metrics()

    def params(self, ask: Ask) -> Mapping[str, str]:
        begin, end = (str(int(at.timestamp())) for at in (ask.now - _HISTORY, ask.now))
        return {"type": ",".join(_TYPES), "period1": begin, "period2": end}

    def requests(self, ask: Ask) -> tuple[Request, ...]:
        return (*super().requests(ask), *self.metrics.requests(ask))

    def parse(self, answer: Answer, ask: Ask) -> Parsed:
        if "quoteSummary" in answer.json():
            return self.metrics.parse(answer, ask)
        rows: dict[tuple[Any, ...], Row] = {}
        for series in results(answer, "timeseries"):
            (kind,) = series["meta"]["type"]
            split = re.fullmatch(rf"({'|'.join(_PERIODS)})(\w+)", kind)
            if split is None or split[2] not in _COLUMNS:
                continue
            statement, column = _COLUMNS[split[2]]
            for point in items(series, kind):
                if point is None:
                    continue
                head = {
                    "symbol": ask.symbol,
                    "statement": statement,
                    "period_type": _PERIODS[split[1]],
                    "period_end": day(point["asOfDate"]),
                }
                value = figure(point.get("reportedValue"))
                if value is not None:
                    row = rows.setdefault(tuple(head.values()), {**head, "fiscal_period": _LABELS.get(split[1])})
                    row.setdefault("currency", text(point.get("currencyCode")))
                    row[column] = -value if column in _SPENT else value
        return Parsed(list(rows.values()))
