"""What companies publish about their results: earnings releases with the estimates before them, and filed statements.

Numbers come from accounting.py and dates from fiscal.py; here they are put together for an as-of time, in its shares.
"""

from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Literal

from market_pipeline.simulator.accounting import Accounting, Books
from market_pipeline.simulator.actions import CorporateActions
from market_pipeline.simulator.dice import Dice
from market_pipeline.simulator.fiscal import FiscalCalendar, fiscal_year, quarter_of_year
from market_pipeline.simulator.statements import FinancialReport, Statements
from market_pipeline.simulator.ticks import rounded
from market_pipeline.simulator.trading_days import in_utc
from market_pipeline.simulator.walk import PriceWalk

_SCHEDULED_AHEAD = 4  # quarters whose report date is already known
_QUARTERS_KEPT = 8
_YEARS_KEPT = 4


@dataclass(frozen=True, slots=True)
class EarningsReport:
    """The results of one fiscal quarter, or the plan to report them.

    timing: "bmo" before the market opens, "amc" after it closes; reported_at: the moment of release (UTC), also when it is
    still to come; eps: diluted, dollars per share of the as-of time; revenue: whole dollars; both actuals None until reported.
    """

    symbol: str
    period_end: date
    fiscal_year: int
    fiscal_quarter: int
    report_date: date
    timing: Literal["bmo", "amc"]
    reported_at: datetime
    eps_estimate: Decimal
    eps_actual: Decimal | None
    revenue_estimate: int
    revenue_actual: int | None
    currency: str


class Filings:
    """Earnings reports and statements of any known symbol."""

    def __init__(
        self, dice: Dice, walk: PriceWalk, actions: CorporateActions, fiscal: FiscalCalendar, accounting: Accounting
    ) -> None:
        self._dice = dice
        self._walk = walk
        self._actions = actions
        self._fiscal = fiscal
        self._accounting = accounting
        self._filed_by = lru_cache(maxsize=1024)(self._put_together)  # about 25 kB each

    def earnings(self, symbol: str, start: date, end: date, as_of: datetime) -> list[EarningsReport]:
        """Reports with a report date from start to end, at most four of them still to come, oldest first."""
        as_of = in_utc(as_of)
        last = self._fiscal.last_reported(symbol, as_of)
        start = max(start, self._walk.temperament(symbol).listed_since)
        first = self._fiscal.quarter_at(symbol, start) - 2  # reports lag by 41 days or less
        upto = min(last + _SCHEDULED_AHEAD, self._fiscal.quarter_at(symbol, end))
        return [
            self.report(symbol, number, as_of)
            for number in range(first, upto + 1)
            if start <= self._fiscal.report_date(symbol, number) <= end
        ]

    def report(self, symbol: str, number: int, as_of: datetime) -> EarningsReport:
        """One quarter's report as seen at as_of. The estimate is the actual less a surprise, and never changes."""
        income = self._accounting.quarter(symbol, number).income
        shares = round(income.shares_diluted * self._actions.multiple_at(symbol, as_of))
        surprise, sales_surprise = self._dice.bells(2, "surprise", symbol, number)
        eps = income.net_income / shares
        reported_at = self._fiscal.reported_at(symbol, number)
        public = reported_at <= as_of
        return EarningsReport(
            symbol=symbol,
            period_end=self._fiscal.period_end(symbol, number),
            fiscal_year=fiscal_year(number),
            fiscal_quarter=quarter_of_year(number),
            report_date=self._fiscal.report_date(symbol, number),
            timing="bmo" if self._fiscal.reports_before_open(symbol) else "amc",
            reported_at=reported_at,
            eps_estimate=rounded(eps - abs(eps) * (0.02 + 0.04 * surprise), 2),
            eps_actual=rounded(eps, 2) if public else None,
            revenue_estimate=round(income.revenue * (0.995 + 0.01 * sales_surprise) / 1e6) * 1_000_000,
            revenue_actual=income.revenue if public else None,
            currency="USD",
        )

    def next_estimates(self, symbol: str, as_of: datetime) -> list[Decimal]:
        """The EPS expected for the four quarters after the last one filed."""
        last = self._fiscal.last_filed(symbol, as_of)
        return [self.report(symbol, last + ahead, as_of).eps_estimate for ahead in range(1, 5)]

    def statements(self, symbol: str, as_of: datetime) -> Statements:
        """The last eight quarters and four fiscal years whose filings were public at as_of, newest first."""
        return self._filed_by(symbol, self._fiscal.last_filed(symbol, as_of), self._actions.multiple_at(symbol, as_of))

    def _put_together(self, symbol: str, last: int, multiple: float) -> Statements:
        """Everything up to the last quarter filed, in shares of which `multiple` are one anchor share."""
        last_year_end = last - quarter_of_year(last) % 4
        return Statements(
            symbol=symbol,
            currency="USD",
            quarterly=tuple(
                self._filed(symbol, last - back, self._accounting.quarter(symbol, last - back), multiple, annual=False)
                for back in range(_QUARTERS_KEPT)
            ),
            annual=tuple(
                self._filed(symbol, number, self._accounting.year(symbol, number), multiple, annual=True)
                for number in range(last_year_end, last_year_end - 4 * _YEARS_KEPT, -4)
            ),
        )

    def _filed(self, symbol: str, number: int, books: Books, multiple: float, *, annual: bool) -> FinancialReport:
        quarter = quarter_of_year(number)
        filed_at = self._fiscal.filed_at(symbol, number)
        income = books.income
        shares, diluted = round(income.shares_basic * multiple), round(income.shares_diluted * multiple)
        return FinancialReport(
            symbol=symbol,
            fiscal_year=fiscal_year(number),
            fiscal_period="FY" if annual else f"Q{quarter}",
            period_start=self._fiscal.period_start(symbol, number - 3 if annual else number),
            period_end=self._fiscal.period_end(symbol, number),
            filing_date=self._actions.local_date(filed_at),
            accepted_at=filed_at,
            form="10-K" if quarter == 4 else "10-Q",
            income=income.with_shares(shares, diluted),
            balance=replace(books.balance, shares_outstanding=shares),
            cash_flow=books.cash_flow,
        )
