"""Twelve Data's statements and statistics: which of the many figures are kept, under which of our names.

Statements come in two forms, normalised and as reported (`/consolidated`): different names, nested differently.  Names
are unique within a statement, so figures are looked up by name wherever they are.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, ClassVar
from urllib.parse import urlsplit

from market_pipeline.providers.dates import day
from market_pipeline.providers.messages import Answer, Ask, Request, Row, rows_of
from market_pipeline.providers.normalise import integer, major_unit, number, text
from market_pipeline.providers.twelve_data.envelope import SymbolEndpoint

Names = Mapping[str, tuple[str, ...]]
"""Our field: what the vendor calls it, normalised or as reported, best first."""

INCOME: Names = {
    "revenue": ("sales", "total_revenue"),
    "cost_of_revenue": ("cost_of_goods", "cost_of_revenue_value"),
    "gross_profit": ("gross_profit", "gross_profit_value"),
    "research_and_development": ("research_and_development", "research_and_development_expense"),
    "operating_expenses": ("operating_expense",),
    "operating_income": ("operating_income", "operating_income_value"),
    "ebitda": ("ebitda", "ebitda_value"),
    "interest_expense": ("interest_expense", "expense"),  # the latter of `non_operating_interest`
    "pretax_income": ("pretax_income", "pretax_income_value"),
    "income_tax": ("income_tax", "tax_provision"),
    "net_income": ("net_income", "net_income_value"),
    "eps_basic": ("eps_basic", "basic_eps"),
    "eps_diluted": ("eps_diluted", "diluted_eps"),
    "shares_diluted": ("diluted_shares_outstanding", "diluted_average_shares"),
}
BALANCE: Names = {
    "total_assets": ("total_assets",),
    "current_assets": ("total_current_assets",),
    "cash": ("cash_and_cash_equivalents", "cash"),
    "inventory": ("inventory", "total_inventory"),
    "receivables": ("total_receivables", "accounts_receivable"),
    "total_liabilities": ("total_liabilities", "total_liabilities_net_minority_interest"),
    "current_liabilities": ("total_current_liabilities",),
    "long_term_debt": ("long_term_debt",),
    "total_debt": ("total_debt",),
    "total_equity": ("total_shareholders_equity", "stockholders_equity"),
    "retained_earnings": ("retained_earnings",),
    "shares_outstanding": ("ordinary_shares_number",),
}
CASH_FLOW: Names = {
    "operating_cash_flow": ("operating_cash_flow",),
    "capital_expenditure": ("capital_expenditures", "capital_expenditure"),
    "free_cash_flow": ("free_cash_flow",),
    "investing_cash_flow": ("investing_cash_flow",),
    "financing_cash_flow": ("financing_cash_flow",),
    "depreciation_and_amortization": ("depreciation_and_amortization", "depreciation"),
    "dividends_paid": ("common_dividends", "cash_dividends_paid"),
    "share_repurchases": ("common_stock_repurchase", "repurchase_of_capital_stock"),
}
METRICS: Names = {  # margins, returns and yields are fractions
    "market_cap": ("market_capitalization",),
    "enterprise_value": ("enterprise_value",),
    "pe_ratio": ("trailing_pe",),
    "forward_pe": ("forward_pe",),
    "peg_ratio": ("peg_ratio",),
    "price_to_book": ("price_to_book_mrq",),
    "price_to_sales": ("price_to_sales_ttm",),
    "ev_to_ebitda": ("enterprise_to_ebitda",),
    "dividend_yield": ("forward_annual_dividend_yield", "trailing_annual_dividend_yield"),
    "payout_ratio": ("payout_ratio",),
    "beta": ("beta",),
    "gross_margin": ("gross_margin",),
    "operating_margin": ("operating_margin",),
    "profit_margin": ("profit_margin",),
    "return_on_equity": ("return_on_equity_ttm",),
    "return_on_assets": ("return_on_assets_ttm",),
    "debt_to_equity": ("total_debt_to_equity_mrq",),
    "current_ratio": ("current_ratio_mrq",),
    "eps_ttm": ("diluted_eps_ttm",),
    "book_value_per_share": ("book_value_per_share_mrq",),
    "week_52_high": ("fifty_two_week_high",),
    "week_52_low": ("fifty_two_week_low",),
}
OUTFLOWS = ("capital_expenditure", "dividends_paid", "share_repurchases")  # negative here, positive in our record
IN_PERCENT = "debt_to_equity"  # the only metric that is

STATISTICS = "statistics"
STATEMENTS: Mapping[str, tuple[str, Names]] = {
    "income_statement": ("income", INCOME),
    "balance_sheet": ("balance", BALANCE),
    "cash_flow": ("cash_flow", CASH_FLOW),
}
PERIODS = {"annual": "year", "quarterly": "quarter"}


class Fundamentals(SymbolEndpoint):
    """Statistics as of now (50 credits), and three statements by year and quarter (100 each: what every one is put at)."""

    data_type = "fundamentals"
    path = "/statistics"  # the first of its requests
    cost: ClassVar[int] = 100

    def requests(self, ask: Ask) -> tuple[Request, ...]:
        symbol = {"symbol": self.spell(ask.symbol)}
        statements = [(name, period) for period in PERIODS for name in STATEMENTS]
        return (
            Request(path=self.path, params=symbol),
            *(Request(path=f"/{name}", params={**symbol, "period": period}) for name, period in statements),
        )

    def match(self, path: str, params: Mapping[str, str], now: datetime) -> Ask | None:
        name = _name(path)
        return super().match(self.path, params, now) if name == STATISTICS or name in STATEMENTS else None

    def rows(self, symbol: str, found: Mapping[str, Any], answer: Answer) -> list[Row]:
        name, meta = _name(urlsplit(answer.url).path), found.get("meta") or {}
        common = {"symbol": symbol, "currency": major_unit(meta.get("currency"))[0]}
        if name == STATISTICS:
            return [common | _metrics(found[STATISTICS], answer)]
        statement, names = STATEMENTS[name]
        said = answer.params.get("period") or text(meta.get("period")) or ""
        return [
            {**common, "statement": statement, **_period(one, said), **_figures(one, names)}
            for one in rows_of(found[name], name)
        ]


def _name(path: str) -> str:
    """`/balance_sheet/consolidated` is balance_sheet, below whatever address stands for the vendor's."""
    return path.removesuffix("/consolidated").rpartition("/")[2]


def _metrics(found: Mapping[str, Any], answer: Answer) -> Row:
    figures = _figures(found, METRICS)
    percent = figures[IN_PERCENT]
    return {
        "statement": "metrics",
        "period_type": "instant",
        "period_end": answer.received_on,
        **figures,
        IN_PERCENT: None if percent is None else percent / 100,
    }


def _period(found: Mapping[str, Any], said: str) -> Row:
    """What a statement is about.  `year` is the fiscal one of a quarter; of a year as reported it is one too many."""
    quarter = integer(found.get("quarter"))
    by_quarter = said.lower().startswith("quarter") or (not said and quarter is not None)
    return {
        "period_type": "quarter" if by_quarter else "year",
        "period_end": day(found["fiscal_date"]),
        "fiscal_year": integer(found.get("year")) if by_quarter and quarter is not None else None,
        "fiscal_period": "FY" if not by_quarter else None if quarter is None else f"Q{quarter}",
    }


def _figures(found: Mapping[str, Any], names: Names) -> Row:
    told = dict(_leaves(found))
    figures = {
        field: next((number(told[name]) for name in spellings if told.get(name) is not None), None)
        for field, spellings in names.items()
    }
    spent = {name: abs(figure) for name in OUTFLOWS if (figure := figures.get(name)) is not None}
    return {**figures, **spent}


def _leaves(found: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in found.items():
        if isinstance(value, Mapping):
            yield from _leaves(value)
        else:
            yield name, value
