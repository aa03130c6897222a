"""What analysts compute from a share's price and its company's books. Arithmetic only: every input comes from elsewhere."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from math import fsum
from typing import NamedTuple

from market_pipeline.simulator.actions import CorporateActions
from market_pipeline.simulator.filings import Filings
from market_pipeline.simulator.prices import Prices
from market_pipeline.simulator.quotes import Quotes
from market_pipeline.simulator.statements import BalanceSheet, FinancialReport
from market_pipeline.simulator.ticks import Ticks, money, rounded
from market_pipeline.simulator.trading_days import TradingDays, in_utc
from market_pipeline.simulator.walk import PriceWalk

_SESSIONS_A_YEAR = 252
_SESSIONS_A_QUARTER = 63


@dataclass(frozen=True, slots=True, kw_only=True)
class Ratios:
    """Key figures at a moment; those that follow from others are properties, with their formula.

    Dollars per share: price, dividend_per_share (ex-dates of the last 365 days), forward_eps (the next four estimates),
    week52 and averages (of closes), all in shares of the as-of time. average_volume: shares a session, whole sessions only.
    quarters: filed by then, newest first; "ttm" sums the last four. Fractions: 0.25 is 25 %. None where a figure means nothing.
    """

    symbol: str
    as_of: datetime
    price: Decimal
    beta: float
    quarters: tuple[FinancialReport, ...]
    forward_eps: float
    dividend_per_share: Decimal
    week52_high: Decimal
    week52_low: Decimal
    average_50d: Decimal
    average_200d: Decimal
    average_volume_10d: int
    average_volume_3m: int

    @property
    def balance(self) -> BalanceSheet:
        """The last balance sheet filed."""
        return self.quarters[0].balance

    @property
    def shares_outstanding(self) -> int:
        """Basic shares."""
        return self.balance.shares_outstanding

    @property
    def market_cap(self) -> int:
        """Price × shares, whole dollars."""
        return round(self.price * self.shares_outstanding)

    @property
    def enterprise_value(self) -> int:
        """Market value + net debt, whole dollars."""
        return self.market_cap + self.balance.net_debt

    @property
    def revenue_ttm(self) -> int:
        """Sales, whole dollars."""
        return sum(quarter.income.revenue for quarter in self.quarters[:4])

    @property
    def net_income_ttm(self) -> int:
        """Net income, whole dollars."""
        return sum(quarter.income.net_income for quarter in self.quarters[:4])

    @property
    def ebitda_ttm(self) -> int:
        """EBITDA, whole dollars."""
        return sum(quarter.income.ebitda for quarter in self.quarters[:4])

    @property
    def eps_ttm(self) -> Decimal:
        """Net income / diluted shares, dollars."""
        return rounded(self.net_income_ttm / self.quarters[0].income.shares_diluted, 2)

    @property
    def book_value_per_share(self) -> Decimal:
        """Equity / shares, dollars."""
        return rounded(self.balance.total_equity / self.shares_outstanding, 2)

    @property
    def pe(self) -> float | None:
        """Price / EPS; None for a loss."""
        return float(self.price / self.eps_ttm) if self.eps_ttm > 0 else None

    @property
    def forward_pe(self) -> float | None:
        """Price / the EPS expected for the next four quarters; None for a loss."""
        return float(self.price) / self.forward_eps if self.forward_eps > 0 else None

    @property
    def peg(self) -> float | None:
        """P/E / earnings growth in percent; None unless there are earnings and they grow."""
        growth = self.earnings_growth
        return self.pe / (100 * growth) if self.pe is not None and growth is not None and growth > 0 else None

    @property
    def pb(self) -> float:
        """Market value / equity."""
        return self.market_cap / self.balance.total_equity

    @property
    def ps(self) -> float:
        """Market value / sales."""
        return self.market_cap / self.revenue_ttm

    @property
    def ev_to_ebitda(self) -> float | None:
        """Enterprise value / EBITDA; None unless EBITDA is positive."""
        return self.enterprise_value / self.ebitda_ttm if self.ebitda_ttm > 0 else None

    @property
    def dividend_yield(self) -> float:
        """Dividends of the last year / price, a fraction; 0.0 for a company that pays none."""
        return float(self.dividend_per_share / self.price)

    @property
    def payout_ratio(self) -> float | None:
        """Dividends / EPS, a fraction; None for a loss."""
        return float(self.dividend_per_share / self.eps_ttm) if self.eps_ttm > 0 else None

    @property
    def gross_margin(self) -> float:
        """Gross profit / sales."""
        return sum(quarter.income.gross_profit for quarter in self.quarters[:4]) / self.revenue_ttm

    @property
    def operating_margin(self) -> float:
        """Operating income / sales."""
        return sum(quarter.income.operating_income for quarter in self.quarters[:4]) / self.revenue_ttm

    @property
    def profit_margin(self) -> float:
        """Net income / sales."""
        return self.net_income_ttm / self.revenue_ttm

    @property
    def roe(self) -> float:
        """Net income / equity."""
        return self.net_income_ttm / self.balance.total_equity

    @property
    def roa(self) -> float:
        """Net income / assets."""
        return self.net_income_ttm / self.balance.total_assets

    @property
    def current_ratio(self) -> float:
        """Current assets / current liabilities."""
        return self.balance.current_assets / self.balance.current_liabilities

    @property
    def debt_to_equity(self) -> float:
        """Debt / equity."""
        return self.balance.total_debt / self.balance.total_equity

    @property
    def revenue_growth(self) -> float:
        """Last quarter's sales over those of the same quarter a year before, less 1."""
        return self.quarters[0].income.revenue / self.quarters[4].income.revenue - 1

    @property
    def earnings_growth(self) -> float | None:
        """Last quarter's net income over that of the same quarter a year before, less 1; None from a loss."""
        before = self.quarters[4].income.net_income
        return self.quarters[0].income.net_income / before - 1 if before > 0 else None


class _Past(NamedTuple):
    """The sessions of the last year before one, in its shares: prices in cents, oldest close first."""

    high: int
    low: int
    closes: list[int]
    volume_10d: int
    volume_3m: int


class RatioDesk:
    """Ratios of any known symbol."""

    def __init__(
        self,
        days: TradingDays,
        walk: PriceWalk,
        actions: CorporateActions,
        prices: Prices,
        quotes: Quotes,
        filings: Filings,
    ) -> None:
        self._days = days
        self._walk = walk
        self._actions = actions
        self._prices = prices
        self._quotes = quotes
        self._filings = filings
        self._past = lru_cache(maxsize=2048)(self._year_before)  # about 8 kB each

    def ratios(self, symbol: str, at: datetime) -> Ratios:
        """The key figures at a moment. Raises NoSuchSymbol before the symbol's first session."""
        at = in_utc(at)
        quote = self._quotes.quote(symbol, at)
        position = self._days.opened_by(at)
        past, today = self._past(symbol, position), self._quotes.so_far(symbol, position, at)
        return Ratios(
            symbol=symbol,
            as_of=quote.as_of,
            price=quote.price,
            beta=self._walk.temperament(symbol).beta,
            quarters=self._filings.statements(symbol, at).quarterly,
            forward_eps=fsum(float(estimate) for estimate in self._filings.next_estimates(symbol, at)),
            dividend_per_share=self.dividend_per_share(symbol, at),
            week52_high=money(max(past.high, today.high)),
            week52_low=money(min(past.low, today.low)),
            average_50d=_average([*past.closes[-49:], today.close]),
            average_200d=_average([*past.closes[-199:], today.close]),
            average_volume_10d=past.volume_10d,
            average_volume_3m=past.volume_3m,
        )

    def dividend_per_share(self, symbol: str, at: datetime) -> Decimal:
        """What a share has paid in the last 365 days, by ex-date, per share of now."""
        today = self._actions.local_date(at)
        paid = self._actions.dividends(symbol, today - timedelta(days=364), today, at)
        return sum((dividend.adjusted_amount for dividend in paid), Decimal(0))

    def _year_before(self, symbol: str, position: int) -> _Past:
        """On a symbol's first session there is no past: its own opening stands in, and nothing was traded."""
        bars = self._prices.before(symbol, position, _SESSIONS_A_YEAR - 1)
        if not bars:
            price = self._prices.whole(symbol, position).open
            return _Past(price, price, [], 0, 0)
        return _Past(
            high=max(bar.high for bar in bars),
            low=min(bar.low for bar in bars),
            closes=[bar.close for bar in bars[-200:]],
            volume_10d=_average_volume(bars[-10:]),
            volume_3m=_average_volume(bars[-_SESSIONS_A_QUARTER:]),
        )


def _average(cents: Sequence[int]) -> Decimal:
    return rounded(sum(cents) / len(cents) / 100, 4)


def _average_volume(bars: Sequence[Ticks]) -> int:
    return round(sum(bar.volume for bar in bars) / len(bars))
