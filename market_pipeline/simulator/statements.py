"""The shape of a company's books: three statements, how quarters become a year, and what a filing is.

Amounts are whole US dollars, shares are whole shares, per-share figures are dollars with two decimals. Only the shape and
the arithmetic between lines belong here; the numbers come from accounting.py.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from datetime import date, datetime
from decimal import Decimal
from typing import TypeVar

from market_pipeline.simulator.ticks import rounded

Flow = TypeVar("Flow", "IncomeStatement", "CashFlow")


@dataclass(frozen=True, slots=True, kw_only=True)
class IncomeStatement:
    """One period's income.

    gross_profit = revenue - cost_of_revenue; operating_expenses = research_and_development + selling_general_administrative;
    operating_income = gross_profit - operating_expenses; pretax_income = operating_income - interest_expense + other_income;
    net_income = pretax_income - income_tax; ebitda = operating_income + depreciation_and_amortization.
    """

    revenue: int
    cost_of_revenue: int
    gross_profit: int
    research_and_development: int
    selling_general_administrative: int
    operating_expenses: int
    operating_income: int
    interest_expense: int
    other_income: int
    pretax_income: int
    income_tax: int
    net_income: int
    depreciation_and_amortization: int
    ebitda: int
    shares_basic: int
    shares_diluted: int
    eps_basic: Decimal
    eps_diluted: Decimal

    def with_shares(self, basic: int, diluted: int) -> "IncomeStatement":
        """The same income per another number of shares, as vendors restate it after a split."""
        return replace(
            self,
            shares_basic=basic,
            shares_diluted=diluted,
            eps_basic=rounded(self.net_income / basic, 2),
            eps_diluted=rounded(self.net_income / diluted, 2),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class BalanceSheet:
    """The state at a period's end: total_assets = total_liabilities + total_equity, and every subtotal adds up."""

    cash: int
    short_term_investments: int
    receivables: int
    inventory: int
    other_current_assets: int
    current_assets: int
    property_plant_equipment: int
    goodwill: int
    intangible_assets: int
    long_term_investments: int
    other_noncurrent_assets: int
    noncurrent_assets: int
    total_assets: int
    accounts_payable: int
    short_term_debt: int
    deferred_revenue: int
    other_current_liabilities: int
    current_liabilities: int
    long_term_debt: int
    other_noncurrent_liabilities: int
    noncurrent_liabilities: int
    total_liabilities: int
    common_stock: int
    retained_earnings: int
    accumulated_other_comprehensive_income: int
    total_equity: int
    shares_outstanding: int

    @property
    def total_debt(self) -> int:
        """Short-term and long-term debt."""
        return self.short_term_debt + self.long_term_debt

    @property
    def net_debt(self) -> int:
        """Debt less cash and short-term investments; negative when the company could repay everything."""
        return self.total_debt - self.cash - self.short_term_investments


@dataclass(frozen=True, slots=True, kw_only=True)
class CashFlow:
    """One period's cash flows.

    Positive when spent: capital_expenditure, acquisitions, dividends_paid, share_repurchases. Signed, positive when cash comes
    in: all others. free_cash_flow = operating_cash_flow - capital_expenditure; net_change_in_cash is the sum of the operating,
    investing and financing flows and the difference between this balance sheet's cash and the last one's.
    """

    net_income: int
    depreciation_and_amortization: int
    stock_based_compensation: int
    change_in_working_capital: int
    operating_cash_flow: int
    capital_expenditure: int
    acquisitions: int
    net_investments: int
    investing_cash_flow: int
    dividends_paid: int
    share_repurchases: int
    net_debt_issued: int
    financing_cash_flow: int
    net_change_in_cash: int
    free_cash_flow: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FinancialReport:
    """One period as filed. fiscal_period: "Q1" to "Q4" or "FY"; form: "10-K" for FY and Q4, else "10-Q".

    accepted_at: when the filing became public (UTC). Shares and per-share figures are in shares of the as-of time.
    """

    symbol: str
    fiscal_year: int
    fiscal_period: str
    period_start: date
    period_end: date
    filing_date: date
    accepted_at: datetime
    form: str
    income: IncomeStatement
    balance: BalanceSheet
    cash_flow: CashFlow


@dataclass(frozen=True, slots=True)
class Statements:
    """Everything filed by the as-of time, newest first: up to eight quarters and four fiscal years."""

    symbol: str
    currency: str
    quarterly: tuple[FinancialReport, ...]
    annual: tuple[FinancialReport, ...]


def summed(quarters: Sequence[Flow]) -> Flow:
    """Quarters of flows as one period: every amount is the sum; the first one's shares and per-share figures are kept."""
    amounts = {
        field.name: sum(getattr(quarter, field.name) for quarter in quarters)
        for field in fields(quarters[0])
        if not field.name.startswith(("shares_", "eps_"))
    }
    return replace(quarters[0], **amounts)
