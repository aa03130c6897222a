"""The numbers in the books: one fiscal quarter at a time, from the share price of the two years before.

A company's sales follow its market value (through its price/sales ratio), its costs follow sales by the habits of its
sector, its balance sheet follows sales too, and its cash flow is what connects two balance sheets. So every ratio an
analyst computes from price and books comes out plausible. Per-share figures are in anchor shares (walk.py) until statements
are put together for an as-of time.
"""

from dataclasses import dataclass
from functools import lru_cache
from math import fsum

from market_pipeline.simulator.actions import CorporateActions
from market_pipeline.simulator.dice import Dice
from market_pipeline.simulator.fiscal import FiscalCalendar, quarter_of_year
from market_pipeline.simulator.listings import Directory
from market_pipeline.simulator.statements import BalanceSheet, CashFlow, IncomeStatement, summed
from market_pipeline.simulator.ticks import rounded
from market_pipeline.simulator.walk import PriceWalk

_QUARTERS_OF_PRICE = 8
_CORPORATE_TAX = 0.21
_INTEREST = 0.045  # a year, on debt
_DEPRECIATION = 0.10  # a year, of property and intangibles
_DILUTION = 1.01  # diluted for basic shares
_LOSS_MAKERS = 0.12  # of the companies outside the indices
_SEASONS = (0.96, 0.98, 1.00, 1.06)


@dataclass(frozen=True, slots=True)
class _Habits:
    """Fractions of sales, except: turnover is sales / assets, leverage is liabilities / assets, earnings_multiple is P/E."""

    gross: float
    research: float
    overhead: float
    turnover: float
    leverage: float
    earnings_multiple: float


_SECTORS = {
    "Technology": _Habits(0.56, 0.14, 0.15, 0.60, 0.52, 27),
    "Healthcare": _Habits(0.57, 0.13, 0.24, 0.55, 0.55, 22),
    "Financial Services": _Habits(0.68, 0.00, 0.36, 0.25, 0.84, 14),
    "Consumer Cyclical": _Habits(0.36, 0.03, 0.20, 1.05, 0.62, 22),
    "Consumer Defensive": _Habits(0.38, 0.01, 0.21, 0.90, 0.62, 21),
    "Communication Services": _Habits(0.54, 0.08, 0.22, 0.50, 0.55, 20),
    "Industrials": _Habits(0.33, 0.03, 0.13, 0.70, 0.62, 20),
    "Energy": _Habits(0.34, 0.00, 0.12, 0.70, 0.50, 13),
    "Utilities": _Habits(0.46, 0.00, 0.18, 0.28, 0.62, 18),
    "Real Estate": _Habits(0.60, 0.00, 0.18, 0.18, 0.55, 30),
    "Basic Materials": _Habits(0.34, 0.02, 0.12, 0.60, 0.52, 16),
}
_ASSETS = {
    "cash": 0.10, "short_term_investments": 0.07, "receivables": 0.10, "inventory": 0.07, "other_current_assets": 0.03,
    "property_plant_equipment": 0.25, "goodwill": 0.15, "intangible_assets": 0.07, "long_term_investments": 0.10,
    "other_noncurrent_assets": 0.06,
}  # fmt: skip
_LIABILITIES = {
    "accounts_payable": 0.14, "short_term_debt": 0.06, "deferred_revenue": 0.08, "other_current_liabilities": 0.12,
    "long_term_debt": 0.42, "other_noncurrent_liabilities": 0.18,
}  # fmt: skip
_DEBT_SHARE = _LIABILITIES["short_term_debt"] + _LIABILITIES["long_term_debt"]
_CURRENT_ASSETS = 5  # how many lines of each table are current ones
_CURRENT_LIABILITIES = 4


@dataclass(frozen=True, slots=True)
class Books:
    """The three statements of one quarter or one fiscal year."""

    income: IncomeStatement
    balance: BalanceSheet
    cash_flow: CashFlow


class Accounting:
    """The books of any known symbol."""

    def __init__(
        self, dice: Dice, directory: Directory, walk: PriceWalk, actions: CorporateActions, fiscal: FiscalCalendar
    ) -> None:
        self._dice = dice
        self._directory = directory
        self._walk = walk
        self._actions = actions
        self._fiscal = fiscal
        self.quarter = lru_cache(maxsize=16384)(self._quarter)
        self.year = lru_cache(maxsize=4096)(self._year)
        self._habits = lru_cache(maxsize=8192)(self._own_habits)
        self._sales = lru_cache(maxsize=16384)(self._sales_a_year)

    def _quarter(self, symbol: str, number: int) -> Books:
        balance, before = self._balance(symbol, number), self._balance(symbol, number - 1)
        income = self._income(symbol, number, balance)
        return Books(income, balance, self._cash_flow(symbol, number, income, balance, before))

    def _year(self, symbol: str, last_quarter: int) -> Books:
        """The four quarters that end with this one."""
        quarters = [self.quarter(symbol, last_quarter - back) for back in range(4)]
        latest = quarters[0]
        income = summed([quarter.income for quarter in quarters])
        return Books(
            income.with_shares(latest.income.shares_basic, latest.income.shares_diluted),
            latest.balance,
            summed([quarter.cash_flow for quarter in quarters]),
        )

    def _own_habits(self, symbol: str) -> _Habits:
        """The sector's habits with this company's differences; some small companies spend more than they earn."""
        listing = self._directory.listing(symbol)
        usual = _SECTORS[listing.sector]
        gross, overhead, turnover, leverage, multiple, fate = self._dice.uniforms(6, "habits", symbol)
        loss = 0.0 if listing.indices or fate >= _LOSS_MAKERS else 0.15 + usual.gross - usual.overhead - usual.research
        return _Habits(
            gross=usual.gross * (0.95 + 0.15 * gross),
            research=usual.research,
            overhead=usual.overhead * (0.85 + 0.2 * overhead) + loss,
            turnover=usual.turnover * (0.8 + 0.4 * turnover),
            leverage=usual.leverage * (0.85 + 0.2 * leverage),
            earnings_multiple=usual.earnings_multiple * (0.75 + 0.6 * multiple),
        )

    def _sales_a_year(self, symbol: str, number: int) -> float:
        """The pace of sales, dollars a year: the mean market value at the last eight period ends over price/sales."""
        habits = self._habits(symbol)
        ends = [self._fiscal.period_end(symbol, number - back) for back in range(_QUARTERS_OF_PRICE)]
        price = fsum(self._walk.close(symbol, end) for end in ends) / _QUARTERS_OF_PRICE
        usual = _SECTORS[self._directory.listing(symbol).sector]
        interest = usual.leverage / usual.turnover * _DEBT_SHARE * _INTEREST
        margin = (usual.gross - usual.research - usual.overhead - interest) * (1 - _CORPORATE_TAX)
        return price * self._walk.temperament(symbol).shares / (habits.earnings_multiple * margin)

    def _income(self, symbol: str, number: int, balance: BalanceSheet) -> IncomeStatement:
        habits = self._habits(symbol)
        busy, cost, research, overhead, other = self._dice.bells(5, "income", symbol, number)
        season = _SEASONS[quarter_of_year(number) - 1]
        revenue = _thousands(self._sales(symbol, number) / 4 * season * (1 + 0.02 * busy))
        cost_of_revenue = _thousands(revenue * (1 - habits.gross + 0.008 * cost))
        research_spent = _thousands(revenue * habits.research * (1 + 0.04 * research))
        overhead_spent = _thousands(revenue * habits.overhead * (1 + 0.03 * overhead))
        interest = _thousands(balance.total_debt * _INTEREST / 4)
        other_income = _thousands(revenue * 0.004 * other)
        operating = revenue - cost_of_revenue - research_spent - overhead_spent
        pretax = operating - interest + other_income
        tax = _thousands(max(0, pretax) * _CORPORATE_TAX)
        worn = _thousands((balance.property_plant_equipment + balance.intangible_assets) * _DEPRECIATION / 4)
        shares = self._walk.temperament(symbol).shares
        diluted = round(shares * _DILUTION)
        return IncomeStatement(
            revenue=revenue,
            cost_of_revenue=cost_of_revenue,
            gross_profit=revenue - cost_of_revenue,
            research_and_development=research_spent,
            selling_general_administrative=overhead_spent,
            operating_expenses=research_spent + overhead_spent,
            operating_income=operating,
            interest_expense=interest,
            other_income=other_income,
            pretax_income=pretax,
            income_tax=tax,
            net_income=pretax - tax,
            depreciation_and_amortization=worn,
            ebitda=operating + worn,
            shares_basic=shares,
            shares_diluted=diluted,
            eps_basic=rounded((pretax - tax) / shares, 2),
            eps_diluted=rounded((pretax - tax) / diluted, 2),
        )

    def _balance(self, symbol: str, number: int) -> BalanceSheet:
        habits = self._habits(symbol)
        size = self._sales(symbol, number) / habits.turnover
        assets = self._lines(_ASSETS, size, "assets", symbol, number)
        liabilities = self._lines(_LIABILITIES, size * habits.leverage, "liabilities", symbol, number)
        total_assets, total_liabilities = sum(assets.values()), sum(liabilities.values())
        current_assets = sum(list(assets.values())[:_CURRENT_ASSETS])
        current_liabilities = sum(list(liabilities.values())[:_CURRENT_LIABILITIES])
        equity = total_assets - total_liabilities
        common_stock, other_income = _thousands(equity * 0.35), _thousands(equity * -0.03)
        return BalanceSheet(
            **assets,
            **liabilities,
            current_assets=current_assets,
            noncurrent_assets=total_assets - current_assets,
            total_assets=total_assets,
            current_liabilities=current_liabilities,
            noncurrent_liabilities=total_liabilities - current_liabilities,
            total_liabilities=total_liabilities,
            common_stock=common_stock,
            retained_earnings=equity - common_stock - other_income,
            accumulated_other_comprehensive_income=other_income,
            total_equity=equity,
            shares_outstanding=self._walk.temperament(symbol).shares,
        )

    def _lines(self, usual: dict[str, float], total: float, side: str, symbol: str, number: int) -> dict[str, int]:
        """The lines of one side of a balance sheet: the company's own proportions, a little different every quarter.

        Lines stray by at most 3.5 %, and liabilities are at most 88 % of assets, so equity stays positive.
        """
        own = self._dice.uniforms(len(usual), side, symbol)
        shifts = self._dice.bells(len(usual), side, symbol, number)
        weights = [share * (0.7 + 0.6 * draw) for share, draw in zip(usual.values(), own, strict=True)]
        whole = fsum(weights)
        return {
            line: _thousands(total * weight / whole * (1 + 0.01 * shift))
            for line, weight, shift in zip(usual, weights, shifts, strict=True)
        }

    def _cash_flow(
        self, symbol: str, number: int, income: IncomeStatement, balance: BalanceSheet, before: BalanceSheet
    ) -> CashFlow:
        """What connects this quarter's balance sheet to the last one's: net investments are the rest that closes the gap."""
        capital, deal, deal_size, buyback = self._dice.uniforms(4, "cash flow", symbol, number)
        worn = income.depreciation_and_amortization
        stock = _thousands(income.revenue * 0.02)
        working_capital = _thousands(income.revenue * 0.015 * self._dice.bells(1, "working capital", symbol, number)[0])
        operating = income.net_income + worn + stock + working_capital
        spent = _thousands(worn * (0.8 + 0.5 * capital))
        acquisitions = _thousands(income.revenue * 0.2 * deal_size) if deal < 0.1 else 0
        start, end = self._fiscal.period_start(symbol, number), self._fiscal.period_end(symbol, number)
        dividends = _thousands(self._actions.paid_per_anchor_share(symbol, start, end) * income.shares_basic)
        repurchases = _thousands(max(0, income.net_income) * 0.5 * buyback)
        borrowed = balance.total_debt - before.total_debt
        financing = borrowed - dividends - repurchases
        change = balance.cash - before.cash
        investing = change - operating - financing
        return CashFlow(
            net_income=income.net_income,
            depreciation_and_amortization=worn,
            stock_based_compensation=stock,
            change_in_working_capital=working_capital,
            operating_cash_flow=operating,
            capital_expenditure=spent,
            acquisitions=acquisitions,
            net_investments=investing + spent + acquisitions,
            investing_cash_flow=investing,
            dividends_paid=dividends,
            share_repurchases=repurchases,
            net_debt_issued=borrowed,
            financing_cash_flow=financing,
            net_change_in_cash=change,
            free_cash_flow=operating - spent,
        )


def _thousands(amount: float) -> int:
    """Whole dollars, rounded to thousands as filings are."""
    return round(amount / 1000) * 1000
