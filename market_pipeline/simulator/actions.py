"""What companies do to their shares: splits and dividends.

Splits are drawn per year without looking at prices, because prices depend on them. Dividends follow a share's price of the
last three years. What either does to a price series is in prices.py.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from math import fsum, prod

from market_pipeline.simulator.dice import Dice
from market_pipeline.simulator.ticks import rounded
from market_pipeline.simulator.trading_days import TradingDays, in_utc
from market_pipeline.simulator.walk import ANCHOR_YEAR, PriceWalk

_SPLIT_CHANCE_A_YEAR = 0.036  # 1 - (5/6)^(1/5): one symbol in six has a split in five years
_SPLIT_NOTICE = 15  # sessions between announcement and ex-date
_PAYERS = 0.70
_PAYMENTS_A_YEAR = 4
_DECLARED_BEFORE = 18  # sessions before the ex-date
_PAID_AFTER = 14  # days after the record date
# Since 2024-05-28 US trades settle the next day, so the ex-date is the record date; before it was one session earlier.
# SEC Release 34-96930, Shortening the Securities Transaction Settlement Cycle.
_NEXT_DAY_SETTLEMENT = date(2024, 5, 28)


@dataclass(frozen=True, slots=True)
class Split:
    """`numerator` new shares for `denominator` old ones, traded so from the open of ex_date. A reverse split has 1 for 10."""

    symbol: str
    announced_on: date
    ex_date: date
    numerator: int
    denominator: int

    @property
    def ratio(self) -> Decimal:
        """New shares for one old share: 2 for a 2-for-1, 0.1 for a 1-for-10."""
        return Decimal(self.numerator) / Decimal(self.denominator)


@dataclass(frozen=True, slots=True)
class Dividend:
    """One quarterly cash dividend.

    amount: dollars per share as paid; adjusted_amount: the same per share of the as-of time, that is after later splits;
    frequency: payments a year. All four dates but the pay date are sessions; the pay date is one too.
    """

    symbol: str
    declaration_date: date
    ex_date: date
    record_date: date
    pay_date: date
    amount: Decimal
    adjusted_amount: Decimal
    currency: str
    frequency: int


class CorporateActions:
    """Splits and dividends of any known symbol."""

    def __init__(self, dice: Dice, days: TradingDays, walk: PriceWalk) -> None:
        self._dice = dice
        self._days = days
        self._walk = walk
        self.all_splits = lru_cache(maxsize=8192)(self._draw_splits)
        self._year_of_dividends = lru_cache(maxsize=16384)(self._draw_dividends)

    def splits(self, symbol: str, start: date, end: date, as_of: datetime) -> list[Split]:
        """Splits with an ex-date from start to end, announced by as_of, oldest first."""
        today = self.local_date(as_of)
        return [
            split for split in self.all_splits(symbol) if start <= split.ex_date <= end and split.announced_on <= today
        ]

    def multiple(self, symbol: str, session: date) -> float:
        """How many shares of this session one anchor share is: 2.0 after a 2-for-1 since the anchor, 0.5 before one."""
        anchor = date(ANCHOR_YEAR, 1, 1)
        shares = 1.0
        for split in self.all_splits(symbol):
            if anchor <= split.ex_date <= session:
                shares = shares * split.numerator / split.denominator
            elif session < split.ex_date < anchor:
                shares = shares * split.denominator / split.numerator
        return shares

    def multiple_at(self, symbol: str, at: datetime) -> float:
        """The same for the shares of a moment: a split counts from the open of its ex-date."""
        return self.multiple(symbol, self._days.sessions[max(0, self._days.opened_by(in_utc(at)))])

    def split_factor(self, symbol: str, session: date, as_of: datetime) -> Decimal:
        """Shares at as_of for one share of the session: divides its raw prices, multiplies its raw volume.

        A split counts from the open of its ex-date.
        """
        opened = self._days.opened_by(in_utc(as_of))
        if opened < 0:
            return Decimal(1)
        ratios = (
            split.ratio for split in self.all_splits(symbol) if session < split.ex_date <= self._days.sessions[opened]
        )
        return prod(ratios, start=Decimal(1))

    def dividends(self, symbol: str, start: date, end: date, as_of: datetime) -> list[Dividend]:
        """Dividends with an ex-date from start to end, declared by as_of, oldest first."""
        today = self.local_date(as_of)
        last_year = min(end.year, today.year + 1, max(self._days.years))
        found = []
        for year in range(max(start.year, self._walk.temperament(symbol).listed_since.year), last_year + 1):
            for declared, ex_date, amount in self._year_of_dividends(symbol, year):
                if start <= ex_date <= end and declared <= today:
                    later_splits = self.split_factor(symbol, ex_date, as_of)
                    found.append(self._dividend(symbol, declared, ex_date, amount, later_splits))
        return found

    def paid_per_anchor_share(self, symbol: str, start: date, end: date) -> float:
        """Dollars with an ex-date from start to end, for a share held since the anchor through every split."""
        return fsum(
            float(amount) * self.multiple(symbol, ex_date)
            for year in range(start.year, end.year + 1)
            for _, ex_date, amount in self._year_of_dividends(symbol, year)
            if start <= ex_date <= end
        )

    def local_date(self, at: datetime) -> date:
        """The exchange's calendar day at this moment."""
        return in_utc(at).astimezone(self._days.zone).date()

    def _dividend(self, symbol: str, declared: date, ex_date: date, amount: Decimal, later_splits: Decimal) -> Dividend:
        record = ex_date if ex_date >= _NEXT_DAY_SETTLEMENT else self._days.shifted(ex_date, 1)
        return Dividend(
            symbol=symbol,
            declaration_date=declared,
            ex_date=ex_date,
            record_date=record,
            pay_date=self._days.on_or_after(record + timedelta(days=_PAID_AFTER)),
            amount=amount,
            adjusted_amount=amount if later_splits == 1 else round(amount / later_splits, 6),
            currency="USD",
            frequency=_PAYMENTS_A_YEAR,
        )

    def _draw_splits(self, symbol: str) -> tuple[Split, ...]:
        character = self._walk.temperament(symbol)
        if character.level > 120:
            ratios = ((2, 1), (3, 1), (4, 1), (10, 1))
        else:
            ratios = ((2, 1), (3, 2), (2, 1), (3, 1)) if character.level > 30 else ((2, 1), (3, 2), (1, 10), (1, 5))
        draws = self._dice.uniforms(3 * len(self._days.years), "splits", symbol)
        found = []
        for at, year in enumerate(self._days.years):
            happens, when, which = draws[3 * at : 3 * at + 3]
            ex_date = self._days.on_or_before(date(year, 2, 1) + timedelta(days=int(when * 300)))
            if happens < _SPLIT_CHANCE_A_YEAR and ex_date > character.listed_since:
                announced = self._days.shifted(ex_date, -_SPLIT_NOTICE)
                found.append(Split(symbol, announced, ex_date, *ratios[int(which * len(ratios))]))
        return tuple(found)

    def _draw_dividends(self, symbol: str, year: int) -> tuple[tuple[date, date, Decimal], ...]:
        """Declaration date, ex-date and amount as paid of each dividend of a year."""
        pays, size = self._dice.uniforms(2, "dividend policy", symbol)
        if pays >= _PAYERS:
            return ()
        annual = (0.004 + 0.036 * size) * fsum(self._walk.level(symbol, year - back) for back in range(3)) / 3
        first_month, day = self._dice.integer(1, 3, "ex month", symbol), self._dice.integer(4, 24, "ex day", symbol)
        found = []
        for month in range(first_month, 13, 12 // _PAYMENTS_A_YEAR):
            ex_date = self._days.on_or_after(date(year, month, day))
            amount = annual / _PAYMENTS_A_YEAR / self.multiple(symbol, ex_date)
            declared = self._days.shifted(ex_date, -_DECLARED_BEFORE)
            if declared <= self._walk.temperament(symbol).listed_since:
                continue
            found.append((declared, ex_date, max(Decimal("0.01"), rounded(amount, 2))))
        return tuple(found)
