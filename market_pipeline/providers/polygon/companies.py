"""What Polygon knows of companies: profile, dividends, statements and news, one class for an endpoint."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, ClassVar

from market_pipeline.datasets import MARKET_WIDE
from market_pipeline.providers.dates import day, moment
from market_pipeline.providers.dividends import add_up_dividends
from market_pipeline.providers.messages import Answer, Ask, Parsed, Row
from market_pipeline.providers.normalise import cik, integer, major_unit, number, price, text
from market_pipeline.providers.polygon.results import PolygonEndpoint, listed, more, results

ASSET_CLASSES = {"CS": "stock", "ADRC": "stock", "ETF": "etf", "ETN": "etf", "ETV": "etf", "ETS": "etf", "FUND": "fund"}
DIVIDEND_KINDS = {"CD": "regular", "SC": "special", "recurring": "regular", "special": "special"}
PERIOD_TYPES = {"Q1": "quarter", "Q2": "quarter", "Q3": "quarter", "Q4": "quarter", "FY": "year", "TTM": "ttm"}
HALF_A_YEAR = timedelta(days=183)
FIGURES: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "income": {
        "revenue": ("revenues",),
        "cost_of_revenue": ("cost_of_revenue",),
        "gross_profit": ("gross_profit",),
        "research_and_development": ("research_and_development",),
        "operating_expenses": ("operating_expenses",),
        "operating_income": ("operating_income_loss",),
        "interest_expense": ("interest_expense", "interest_expense_operating"),
        "pretax_income": ("income_loss_from_continuing_operations_before_tax",),
        "income_tax": ("income_tax_expense_benefit",),
        "net_income": ("net_income_loss_attributable_to_parent", "net_income_loss"),
        "eps_basic": ("basic_earnings_per_share",),
        "eps_diluted": ("diluted_earnings_per_share",),
        "shares_diluted": ("diluted_average_shares",),
    },
    "balance": {
        "total_assets": ("assets",),
        "current_assets": ("current_assets",),
        "cash": ("cash",),
        "inventory": ("inventory",),
        "receivables": ("accounts_receivable",),
        "total_liabilities": ("liabilities",),
        "current_liabilities": ("current_liabilities",),
        "long_term_debt": ("long_term_debt",),
        "total_equity": ("equity_attributable_to_parent", "equity"),
        "retained_earnings": ("retained_earnings",),
    },
    "cash_flow": {
        "operating_cash_flow": ("net_cash_flow_from_operating_activities",),
        "investing_cash_flow": ("net_cash_flow_from_investing_activities",),
        "financing_cash_flow": ("net_cash_flow_from_financing_activities",),
    },
}
"""Our fields by statement, with the vendor's names for them, the most exact one first."""
SECTIONS = {"income": "income_statement", "balance": "balance_sheet", "cash_flow": "cash_flow_statement"}


class TickerDetails(PolygonEndpoint):
    data_type = "company_info"
    path = "/v3/reference/tickers/{symbol}"
    symbols_in = None

    def parse(self, answer: Answer, ask: Ask) -> Parsed:
        found = answer.json()["results"]
        address = found.get("address") or {}
        lines = (text(address.get(name)) for name in ("address1", "address2", "city", "state", "postal_code"))
        shares = found.get("share_class_shares_outstanding", found.get("weighted_shares_outstanding"))
        row = {
            "symbol": ask.symbol,
            "name": text(found["name"]),
            "exchange": text(found.get("primary_exchange")),
            "asset_class": "index" if found.get("market") == "indices" else ASSET_CLASSES.get(found.get("type", "")),
            "industry": text(found.get("sic_description")),
            "currency": major_unit(found.get("currency_name"))[0],
            "market_cap": number(found.get("market_cap")),
            "shares_outstanding": number(shares),
            "employees": integer(found.get("total_employees")),
            "website": text(found.get("homepage_url")),
            "description": text(found.get("description")),
            "address": ", ".join(line for line in lines if line is not None) or None,
            "phone": text(found.get("phone_number")),
            "ipo_date": day(found.get("list_date")),
            "cik": cik(found.get("cik")),
            "figi": text(found.get("composite_figi")),
        }
        return Parsed([row])


class Dividends(PolygonEndpoint):
    """Cash dividends as declared, newest first; announced ones too."""

    data_type = "dividends"
    path = "/stocks/v1/dividends"
    sorting: ClassVar[Mapping[str, str]] = {"sort": "ex_dividend_date.desc"}

    def params(self, ask: Ask) -> Mapping[str, str]:
        return {**self.sorting, "limit": "1000"}

    def parse(self, answer: Answer, ask: Ask) -> Parsed:
        payload = answer.json()
        rows: list[Row] = [
            {
                "symbol": symbol,
                "ex_date": day(found["ex_dividend_date"]),
                "amount": price(found["cash_amount"]),
                "adjustment": "raw",
                "kind": DIVIDEND_KINDS.get(found.get("distribution_type", found.get("dividend_type", ""))),
                "declaration_date": day(found.get("declaration_date")),
                "record_date": day(found.get("record_date")),
                "pay_date": day(found.get("pay_date")),
                "frequency": integer(found.get("frequency")),
                "currency": major_unit(found.get("currency"))[0],
            }
            for found in results(payload)
            if self.asked(symbol := self.unspell(found["ticker"]), ask)
        ]
        return Parsed(add_up_dividends(rows), more(payload))


class DividendsV3(Dividends):
    """Where dividends were before 2026; the old address still answers."""

    path = "/v3/reference/dividends"
    sorting: ClassVar[Mapping[str, str]] = {"sort": "ex_dividend_date", "order": "desc"}


class Financials(PolygonEndpoint):
    """Statements from SEC filings, up to 100 periods: quarters, years and trailing twelve months together."""

    data_type = "fundamentals"
    path = "/vX/reference/financials"

    def params(self, ask: Ask) -> Mapping[str, str]:
        return {"limit": "100", "sort": "period_of_report_date", "order": "desc"}

    def match(self, path: str, params: Mapping[str, str], now: datetime) -> Ask | None:
        return super().match(path, params, now) if "ticker" in params else None  # filings do not name their ticker

    def parse(self, answer: Answer, ask: Ask) -> Parsed:
        rows: dict[tuple[str, str, date | None], Row] = {}
        filings = sorted(results(answer.json()), key=lambda one: one.get("filing_date") or "")
        for filing in filings:  # oldest first: a later filing for the same period restates it
            for row in _statements(filing):
                rows[row["statement"], row["period_type"], row["period_end"]] = {"symbol": ask.symbol, **row}
        return Parsed(list(rows.values()))


def _statements(filing: Mapping[str, Any]) -> list[Row]:
    """A row for each statement that has figures: quarterly filings often come without cash flows."""
    label, start, end = text(filing.get("fiscal_period")), day(filing.get("start_date")), day(filing["end_date"])
    shared = {
        "period_type": PERIOD_TYPES.get(label or "", _length(start, end)),
        "period_end": end,
        "fiscal_year": integer(filing.get("fiscal_year")),
        "fiscal_period": label,
        "filed_on": day(filing.get("filing_date")),
    }
    sections = {statement: filing["financials"].get(name) or {} for statement, name in SECTIONS.items()}
    return [
        {
            "statement": statement,
            **shared,
            "currency": _currency(section),
            **{field: _figure(section, names) for field, names in FIGURES[statement].items()},
        }
        for statement, section in sections.items()
        if section
    ]


def _length(start: date | None, end: date | None) -> str | None:
    """Quarter or year, for the filings of 2009 and 2010 that come without a label."""
    if start is None or end is None:
        return None
    return "year" if end - start > HALF_A_YEAR else "quarter"


def _figure(section: Mapping[str, Any], names: tuple[str, ...]) -> Decimal | None:
    return next((number(section[name].get("value")) for name in names if name in section), None)


def _currency(section: Mapping[str, Any]) -> str | None:
    """The unit of a section's sums; others are "USD / shares" and "shares"."""
    units = {text(figure.get("unit")) for figure in section.values()}
    return next((unit for unit in sorted(filter(None, units)) if len(unit) == 3), None)


class News(PolygonEndpoint):
    """Articles that name a ticker."""

    data_type = "news"
    path = "/v2/reference/news"

    def params(self, ask: Ask) -> Mapping[str, str]:
        latest = {"sort": "published_utc", "order": "desc", "limit": "1000"}
        if ask.window is None:
            return latest
        days = {"gte": f"{ask.window.start}T00:00:00Z", "lte": f"{ask.window.end}T23:59:59Z"}
        return latest | {f"published_utc.{bound}": moment for bound, moment in days.items()}

    def parse(self, answer: Answer, ask: Ask) -> Parsed:
        payload = answer.json()
        return Parsed([row for found in results(payload) for row in self.article(found, ask)], more(payload))

    def article(self, found: Mapping[str, Any], ask: Ask) -> list[Row]:
        """A row for the ticker that was asked for; for every one in the article, where it was none."""
        named = [self.unspell(str(ticker)) for ticker in found.get("tickers") or []]
        about = [symbol for symbol in named if listed(symbol)] if ask.symbols == (MARKET_WIDE,) else ask.symbols
        return [
            {
                "symbol": symbol,
                "published_at": moment(found["published_utc"], UTC),
                "title": text(found["title"]),
                "url": text(found["article_url"]),
                "summary": text(found.get("description")),
                "source": text((found.get("publisher") or {}).get("name")),
                "author": text(found.get("author")),
                "related_symbols": tuple(other for other in named if other != symbol),
            }
            for symbol in about
        ]
