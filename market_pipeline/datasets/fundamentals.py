"""Fundamentals: a company's statements and ratios, one row per statement and period.

A row holds the columns of its own statement only, because vendors serve (and fail) statement by statement.
"""

from datetime import timedelta
from typing import Annotated, Literal

from pydantic import Field

from market_pipeline.datasets.base import Cadence, Dataset, Freshness, PartitionedBy, Record
from market_pipeline.datasets.fields import Currency, Day, Number, described, required

Statement = Literal["income", "balance", "cash_flow", "metrics"]
PeriodType = Literal["quarter", "year", "ttm", "instant"]


class Fundamentals(Record):
    """Figures of one statement (income, balance, cash flow) or a snapshot of ratios (metrics) for one period."""

    statement: Statement = required("income, balance, cash_flow or metrics (ratios and market figures)")
    period_type: PeriodType = required("quarter, year, ttm (trailing twelve months) or instant")
    period_end: Day = required("last day of the period; the day of the snapshot for an instant", "date")
    fiscal_year: Annotated[int, Field(ge=1900, le=2100)] | None = described("fiscal year as the company counts it")
    fiscal_period: Literal["Q1", "Q2", "Q3", "Q4", "FY", "TTM"] | None = described("fiscal period label")
    filed_on: Day | None = described("day of the filing or of the report", "date")
    currency: Currency | None = described("currency of the row", "ISO 4217")

    # income
    revenue: Number | None = described("net sales", "currency")
    cost_of_revenue: Number | None = described("cost of goods and services sold", "currency")
    gross_profit: Number | None = described("revenue less cost of revenue", "currency")
    research_and_development: Number | None = described("research and development expense", "currency")
    operating_expenses: Number | None = described("operating expenses", "currency")
    operating_income: Number | None = described("income from operations", "currency")
    ebitda: Number | None = described("earnings before interest, taxes, depreciation and amortisation", "currency")
    interest_expense: Number | None = described("interest paid on debt", "currency")
    pretax_income: Number | None = described("income before income taxes", "currency")
    income_tax: Number | None = described("income tax expense", "currency")
    net_income: Number | None = described("income attributable to shareholders", "currency")
    eps_basic: Number | None = described("net income per basic share", "currency per share")
    eps_diluted: Number | None = described("net income per diluted share", "currency per share")
    shares_diluted: Number | None = described("weighted average diluted shares", "shares")

    # balance
    total_assets: Number | None = described("assets", "currency")
    current_assets: Number | None = described("assets due within a year", "currency")
    cash: Number | None = described("cash and cash equivalents", "currency")
    inventory: Number | None = described("inventories", "currency")
    receivables: Number | None = described("net receivables", "currency")
    total_liabilities: Number | None = described("liabilities", "currency")
    current_liabilities: Number | None = described("liabilities due within a year", "currency")
    long_term_debt: Number | None = described("debt due after a year", "currency")
    total_debt: Number | None = described("all interest-bearing debt", "currency")
    total_equity: Number | None = described("shareholders' equity", "currency")
    retained_earnings: Number | None = described("retained earnings", "currency")
    shares_outstanding: Number | None = described("shares outstanding", "shares")

    # cash flow
    operating_cash_flow: Number | None = described("cash from operations", "currency")
    capital_expenditure: Number | None = described("spent on fixed assets, as a positive number", "currency")
    free_cash_flow: Number | None = described("operating cash flow less capital expenditure", "currency")
    investing_cash_flow: Number | None = described("cash from investing", "currency")
    financing_cash_flow: Number | None = described("cash from financing", "currency")
    depreciation_and_amortization: Number | None = described("depreciation and amortisation", "currency")
    dividends_paid: Number | None = described("paid to shareholders, as a positive number", "currency")
    share_repurchases: Number | None = described("spent on own shares, as a positive number", "currency")

    # metrics
    market_cap: Number | None = described("market capitalisation", "currency")
    enterprise_value: Number | None = described("market capitalisation plus net debt", "currency")
    pe_ratio: Number | None = described("price over trailing earnings per share", "ratio")
    forward_pe: Number | None = described("price over expected earnings per share", "ratio")
    peg_ratio: Number | None = described("price-earnings ratio over earnings growth", "ratio")
    price_to_book: Number | None = described("price over book value per share", "ratio")
    price_to_sales: Number | None = described("price over trailing sales per share", "ratio")
    ev_to_ebitda: Number | None = described("enterprise value over EBITDA", "ratio")
    dividend_yield: Number | None = described("yearly dividend over price; 0.02 is 2 per cent", "fraction")
    payout_ratio: Number | None = described("dividends over earnings", "fraction")
    beta: Number | None = described("sensitivity to the market", "ratio")
    gross_margin: Number | None = described("gross profit over revenue", "fraction")
    operating_margin: Number | None = described("operating income over revenue", "fraction")
    profit_margin: Number | None = described("net income over revenue", "fraction")
    return_on_equity: Number | None = described("net income over equity", "fraction")
    return_on_assets: Number | None = described("net income over assets", "fraction")
    debt_to_equity: Number | None = described("debt over equity; 1.5 is one and a half times", "ratio")
    current_ratio: Number | None = described("current assets over current liabilities", "ratio")
    eps_ttm: Number | None = described("earnings per share of the last four quarters", "currency per share")
    book_value_per_share: Number | None = described("equity per share", "currency per share")
    week_52_high: Number | None = described("highest price of the last 52 weeks", "currency per share")
    week_52_low: Number | None = described("lowest price of the last 52 weeks", "currency per share")


FUNDAMENTALS = Dataset(
    name="fundamentals",
    title="Fundamentals",
    family="companies",
    record=Fundamentals,
    key=("symbol", "statement", "period_type", "period_end"),
    partitioned_by=PartitionedBy.SYMBOL,
    cadence=Cadence(cron="0 7 * * 6"),  # Saturday: nothing live competes for the vendors' quotas
    freshness=Freshness(warn=timedelta(days=8), fail=timedelta(days=15)),
    cache_ttl=timedelta(hours=24),
    stale_if_error=timedelta(days=30),
    empty_is_answer=False,
)
