"""Companies in Polygon's dialect: profile, dividends, statements, news."""

from datetime import UTC, datetime, timedelta
from typing import Any

from market_pipeline.simulator.dialect import Call, Reply
from market_pipeline.simulator.dialects.polygon.envelopes import envelope, page, question, ticker_not_found
from market_pipeline.simulator.market import Dividend, FinancialReport, NewsArticle

TWENTY_YEARS = timedelta(days=7305)
TYPES = {"stock": "CS", "etf": "ETF"}
SENTIMENTS = {True: "positive", False: "negative"}
PERIODS = {"quarterly": ("Q1", "Q2", "Q3", "Q4"), "annual": ("FY",)}


def ticker_details(call: Call) -> Reply:
    ticker = call.values["ticker"]
    if not call.market.knows(ticker):
        return ticker_not_found(call)
    found = call.market.company(ticker, as_of=call.now)
    results = {
        "ticker": ticker,
        "name": found.name,
        "market": "stocks",
        "locale": "us",
        "primary_exchange": found.mic,
        "type": TYPES.get(found.asset_class, "CS"),
        "active": True,
        "currency_name": found.currency.lower(),
        "cik": found.cik,
        "composite_figi": f"BBG{found.cik[1:]}",
        "share_class_figi": f"BBG{found.cik[1:]}",
        "market_cap": call.market.ratios(ticker, call.now).market_cap,
        "phone_number": found.phone,
        "address": {
            "address1": found.street.upper(),
            "city": found.city.upper(),
            "state": found.state,
            "postal_code": found.zip_code,
        },
        "description": found.description,
        "sic_code": "3571",
        "sic_description": found.industry.upper(),
        "ticker_root": ticker.split(".")[0],
        "homepage_url": found.website,
        "total_employees": found.employees,
        "list_date": found.ipo_date.isoformat(),
        "branding": {"logo_url": f"{found.website}/logo.svg", "icon_url": f"{found.website}/icon.png"},
        "share_class_shares_outstanding": found.shares_outstanding,
        "weighted_shares_outstanding": found.shares_outstanding,
    }
    return Reply({"results": results, **envelope(call)})


def _declared(call: Call) -> list[Dividend]:
    """Newest first, the announced ones too; none of an unknown ticker."""
    ticker, today = question(call).get("ticker", ""), call.now.date()
    if not call.market.knows(ticker):
        return []
    return call.market.dividends(ticker, today - TWENTY_YEARS, today + TWENTY_YEARS, as_of=call.now)[::-1]


def _dividend(found: Dividend) -> dict[str, Any]:
    return {
        "cash_amount": found.amount,
        "currency": found.currency,
        "declaration_date": found.declaration_date.isoformat(),
        "ex_dividend_date": found.ex_date.isoformat(),
        "frequency": found.frequency,
        "id": f"E{found.symbol}{found.ex_date:%Y%m%d}",
        "pay_date": found.pay_date.isoformat(),
        "record_date": found.record_date.isoformat(),
        "ticker": found.symbol,
    }


def dividends_v3(call: Call) -> Reply:
    rows = [{**_dividend(one), "dividend_type": "CD"} for one in _declared(call)]
    return page(call, rows, default=10, most=1000)


def dividends(call: Call) -> Reply:
    recurring = {"distribution_type": "recurring"}
    rows = [
        {**_dividend(one), **recurring, "split_adjusted_cash_amount": one.adjusted_amount} for one in _declared(call)
    ]
    return page(call, rows, default=100, most=5000)


def financials(call: Call) -> Reply:
    """Quarters and years, newest first, unless one `timeframe` is asked for."""
    asked = question(call)
    ticker, timeframe = asked.get("ticker", ""), asked.get("timeframe")
    if not call.market.knows(ticker):
        return page(call, [], default=10, most=100, count=0)
    filed, company = call.market.statements(ticker, as_of=call.now), call.market.company(ticker, as_of=call.now)
    kept = (*PERIODS["quarterly"], *PERIODS["annual"]) if timeframe is None else PERIODS.get(timeframe, ())
    reports = sorted((*filed.quarterly, *filed.annual), key=lambda one: one.period_end, reverse=True)
    rows = [
        {
            "start_date": one.period_start.isoformat(),
            "end_date": one.period_end.isoformat(),
            "filing_date": one.filing_date.isoformat(),
            "cik": company.cik,
            "company_name": company.name,
            "fiscal_period": one.fiscal_period,
            "fiscal_year": str(one.fiscal_year),
            "financials": _financials(one),
            "source_filing_url": f"{company.website}/filings/{one.filing_date}",
            "source_filing_file_url": f"{company.website}/filings/{one.filing_date}/report.xml",
        }
        for one in reports
        if one.fiscal_period in kept
    ]
    return page(call, rows, default=10, most=100, count=len(rows))


def _financials(report: FinancialReport) -> dict[str, dict[str, Any]]:
    return {
        "balance_sheet": _section(_balance_sheet(report)),
        "cash_flow_statement": _section(_cash_flow_statement(report)),
        "comprehensive_income": _section(_comprehensive_income(report)),
        "income_statement": _section(_income_statement(report)),
    }


def _section(values: dict[str, Any]) -> dict[str, Any]:
    return {
        name: {
            "label": name.replace("_", " ").title(),
            "value": value,
            "unit": "USD / shares" if name.endswith("per_share") else "USD",
            "order": 100 * position,
        }
        for position, (name, value) in enumerate(values.items(), 1)
    }


def _balance_sheet(report: FinancialReport) -> dict[str, Any]:
    found = report.balance
    return {
        "assets": found.total_assets,
        "current_assets": found.current_assets,
        "noncurrent_assets": found.noncurrent_assets,
        "fixed_assets": found.property_plant_equipment,
        "other_than_fixed_noncurrent_assets": found.noncurrent_assets - found.property_plant_equipment,
        "liabilities": found.total_liabilities,
        "current_liabilities": found.current_liabilities,
        "noncurrent_liabilities": found.noncurrent_liabilities,
        "equity": found.total_equity,
        "equity_attributable_to_noncontrolling_interest": 0,
        "equity_attributable_to_parent": found.total_equity,
        "liabilities_and_equity": found.total_assets,
    }


def _cash_flow_statement(report: FinancialReport) -> dict[str, Any]:
    found = report.cash_flow
    flows = {
        "net_cash_flow_from_operating_activities": found.operating_cash_flow,
        "net_cash_flow_from_investing_activities": found.investing_cash_flow,
        "net_cash_flow_from_financing_activities": found.financing_cash_flow,
        "net_cash_flow": found.net_change_in_cash,
    }
    return flows | {f"{name}_continuing": flow for name, flow in flows.items()}


def _comprehensive_income(report: FinancialReport) -> dict[str, Any]:
    earned = report.income.net_income
    return {
        "comprehensive_income_loss": earned,
        "comprehensive_income_loss_attributable_to_noncontrolling_interest": 0,
        "comprehensive_income_loss_attributable_to_parent": earned,
        "other_comprehensive_income_loss": 0,
        "other_comprehensive_income_loss_attributable_to_parent": 0,
    }


def _income_statement(report: FinancialReport) -> dict[str, Any]:
    found = report.income
    costs = found.cost_of_revenue + found.operating_expenses
    return {
        "revenues": found.revenue,
        "benefits_costs_expenses": costs,
        "cost_of_revenue": found.cost_of_revenue,
        "costs_and_expenses": costs,
        "gross_profit": found.gross_profit,
        "nonoperating_income_loss": found.other_income - found.interest_expense,
        "operating_expenses": found.operating_expenses,
        "operating_income_loss": found.operating_income,
        "income_loss_from_continuing_operations_after_tax": found.net_income,
        "income_loss_from_continuing_operations_before_tax": found.pretax_income,
        "income_tax_expense_benefit": found.income_tax,
        "interest_expense_operating": found.interest_expense,
        "net_income_loss": found.net_income,
        "net_income_loss_attributable_to_noncontrolling_interest": 0,
        "net_income_loss_attributable_to_parent": found.net_income,
        "net_income_loss_available_to_common_stockholders_basic": found.net_income,
        "participating_securities_distributed_and_undistributed_earnings_loss_basic": 0,
        "preferred_stock_dividends_and_other_adjustments": 0,
        "basic_earnings_per_share": found.eps_basic,
        "diluted_earnings_per_share": found.eps_diluted,
    }


def news(call: Call) -> Reply:
    asked = question(call)
    ticker = asked.get("ticker", "")
    start, end = _time(asked, "gte", call.now - timedelta(days=30)), _time(asked, "lte", call.now)
    known = call.market.knows(ticker)
    found = call.market.news(ticker, start.date(), end.date(), as_of=call.now) if known else []
    rows = [_article(one) for one in found if start <= one.published_at <= end]
    return page(call, rows, default=10, most=1000, count=len(rows))


def _time(asked: Any, bound: str, otherwise: datetime) -> datetime:
    written = asked.get(f"published_utc.{bound}")
    return otherwise if written is None else datetime.fromisoformat(written).astimezone(UTC)


def _article(found: NewsArticle) -> dict[str, Any]:
    home = "https://news.example"
    feeling = "neutral" if abs(found.sentiment) < 0.15 else SENTIMENTS[found.sentiment > 0]
    return {
        "id": found.id,
        "publisher": {
            "name": found.source,
            "homepage_url": home,
            "logo_url": f"{home}/logo.svg",
            "favicon_url": f"{home}/favicon.ico",
        },
        "title": found.headline,
        "author": found.author,
        "published_utc": found.published_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "article_url": found.url,
        "tickers": list(found.symbols),
        "image_url": f"{found.url}.png",
        "description": found.summary,
        "keywords": [found.category],
        "insights": [
            {"ticker": one, "sentiment": feeling, "sentiment_reasoning": found.summary} for one in found.symbols
        ],
    }
