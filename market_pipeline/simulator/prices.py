"""Bars as an exchange would report them: the walk, in the shares of each day, up to the as-of time.

The only place that turns anchor shares into traded prices, and the only one that adjusts them. How a session runs inside
is in intraday.py, what splits and dividends there are in actions.py, the last price in quotes.py.
"""

from __future__ import annotations  # array[int] is subscriptable at run time only from Python 3.12

from array import array
from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Literal, NamedTuple

from market_pipeline.simulator.actions import CorporateActions
from market_pipeline.simulator.dice import Dice
from market_pipeline.simulator.intraday import MINUTES, Intraday, Session
from market_pipeline.simulator.ticks import Ticks, money, rounded, to_cents
from market_pipeline.simulator.trading_days import TradingDays
from market_pipeline.simulator.walk import PriceWalk

Timeframe = Literal["1d", "1h", "5m", "1m"]
Adjustment = Literal["raw", "split", "split_dividend"]
TIMEFRAMES = ("1d", *MINUTES)
ADJUSTMENTS = ("raw", "split", "split_dividend")

_SHARES_A_TRADE = 120


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar. Prices in dollars (cents when raw, four decimals when adjusted), volume in shares, times in UTC.

    start, end: the span it covers, end excluded; a daily bar runs from the session's open to its close. complete: False while
    the span is still running at the as-of time, when `end` is the last full minute. vwap: the mean of the four prices.
    """

    symbol: str
    timeframe: Timeframe
    session: date
    start: datetime
    end: datetime
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    vwap: Decimal
    volume: int
    trades: int
    complete: bool


class _Span(NamedTuple):
    """A part of a session: minutes since the open, what was traded in them, and whether they are over."""

    start: int
    end: int
    traded: Ticks
    complete: bool


class _Factors(NamedTuple):
    """What raw prices are divided by and raw volumes multiplied by."""

    price: float
    volume: float


class Prices:
    """Bars of any known symbol."""

    def __init__(self, dice: Dice, days: TradingDays, walk: PriceWalk, actions: CorporateActions) -> None:
        self._days = days
        self._walk = walk
        self._actions = actions
        self.intraday = Intraday(dice)
        self._raw = lru_cache(maxsize=8192)(self._raw_year)  # about 10 kB each; a year of 5,000 symbols has room

    def bars(
        self, symbol: str, start: date, end: date, timeframe: Timeframe, as_of: datetime, adjustment: Adjustment
    ) -> list[Bar]:
        """The bars of the sessions from start to end that had begun a minute before as_of, oldest first.

        Raises ValueError for a timeframe or an adjustment there is not.
        """
        if timeframe not in TIMEFRAMES:
            raise ValueError(f"timeframe {timeframe!r} is not one of {', '.join(TIMEFRAMES)}")
        start = max(start, self.listed_since(symbol))
        positions = self._days.positions(start, end)
        factors = self._factors(symbol, start, as_of, adjustment)
        return [
            self._bar(symbol, timeframe, position, span, factors(self._days.sessions[position]))
            for position in range(positions.start, min(positions.stop, self._days.opened_by(as_of) + 1))
            for span in self._spans(symbol, position, timeframe, self.elapsed(position, as_of))
        ]

    def listed_since(self, symbol: str) -> date:
        """The first day the symbol can be traded."""
        return self._walk.temperament(symbol).listed_since

    def whole(self, symbol: str, position: int) -> Ticks:
        """The raw bar of one session, as it will be at its close."""
        years = self._days.years[self._days.sessions[position].year]
        at = position - years.start
        return Ticks(*[column[at] for column in self._raw(symbol, self._days.sessions[position].year)])

    def before(self, symbol: str, position: int, count: int) -> list[Ticks]:
        """Up to `count` whole sessions before this one, in this one's shares, oldest first."""
        first = max(position - count, self._days.positions(self.listed_since(symbol), date.max).start)
        now = self._actions.multiple(symbol, self._days.sessions[position])
        bars = []
        for earlier in range(first, position):
            bar = self.whole(symbol, earlier)
            then = self._actions.multiple(symbol, self._days.sessions[earlier])
            bars.append(bar if then == now else bar.split(now / then))
        return bars

    def traded(self, symbol: str, position: int, start: int, end: int) -> Ticks:
        """The raw bar from one minute of a session to a later one."""
        return self.intraday.between(self._session(symbol, position), start, end)

    def elapsed(self, position: int, at: datetime) -> int:
        """Full minutes of a session that have passed at a moment, from 0 to its length."""
        if at >= self._days.closes[position]:
            return self._days.minutes[position]
        return max(0, int((at - self._days.opens[position]).total_seconds()) // 60)

    def _session(self, symbol: str, position: int) -> Session:
        return Session((symbol, position), self.whole(symbol, position), self._days.minutes[position])

    def _raw_year(self, symbol: str, year: int) -> list[array[int]]:
        """Every session of a year in the shares of its day: open, high, low and close in cents, volume."""
        sessions = [self._days.sessions[position] for position in self._days.years[year]]
        multiples = [self._actions.multiple(symbol, session) for session in sessions]
        *prices, volumes = self._walk.year(symbol, year)
        columns = [
            array("q", [to_cents(price / shares) for price, shares in zip(column, multiples, strict=True)])
            for column in prices
        ]
        volume = array("q", [round(traded * shares) for traded, shares in zip(volumes, multiples, strict=True)])
        return [*columns, volume]

    def _spans(self, symbol: str, position: int, timeframe: str, elapsed: int) -> Iterator[_Span]:
        """The bars of a session that have begun."""
        minutes = self._days.minutes[position]
        if timeframe == "1d" and elapsed == minutes:
            yield _Span(0, minutes, self.whole(symbol, position), complete=True)
            return
        session = self._session(symbol, position)
        step = MINUTES.get(timeframe, minutes)
        bars = [session.whole] if timeframe == "1d" else self.intraday.bars(session, timeframe)
        for start, bar in zip(range(0, minutes, step), bars, strict=True):
            end = min(start + step, minutes)
            if end <= elapsed:
                yield _Span(start, end, bar, complete=True)
            elif start < elapsed:
                yield _Span(start, elapsed, self.intraday.between(session, start, elapsed), complete=False)

    def _factors(
        self, symbol: str, start: date, as_of: datetime, adjustment: Adjustment
    ) -> Callable[[date], _Factors | None]:
        """How the sessions from start on are adjusted, None when they stay raw.

        For dividends: every later ex-date lowers earlier prices by amount / close before the ex-date, the CRSP method that
        Yahoo's adjusted close follows (https://help.yahoo.com/kb/SLN28256.html).
        """
        if adjustment not in ADJUSTMENTS:
            raise ValueError(f"adjustment {adjustment!r} is not one of {', '.join(ADJUSTMENTS)}")
        if adjustment == "raw":
            return lambda _session: None
        now = self._actions.multiple_at(symbol, as_of)
        keeps = [1.0]  # what is left of a dollar after the last 0, 1, 2… dividends
        ex_dates: list[date] = []
        if adjustment == "split_dividend":
            today = self._days.sessions[max(0, self._days.opened_by(as_of))]
            paid = self._actions.dividends(symbol, start + timedelta(days=1), today, as_of)
            ex_dates = [dividend.ex_date for dividend in paid]
            for dividend in reversed(paid):
                eve = self._days.position(dividend.ex_date) - 1
                then = self._actions.multiple(symbol, self._days.sessions[eve])
                close = self.whole(symbol, eve).close / 100 * then / now
                keeps.append(keeps[-1] * (1 - float(dividend.adjusted_amount) / close))

        def factors(session: date) -> _Factors:
            shares = now / self._actions.multiple(symbol, session)
            later = len(ex_dates) - bisect_right(ex_dates, session)
            return _Factors(shares / keeps[later], shares)

        return factors

    def _bar(self, symbol: str, timeframe: Timeframe, position: int, span: _Span, factors: _Factors | None) -> Bar:
        opened = self._days.opens[position]
        cents = span.traded[:4]
        if factors is None:
            prices, volume = [money(price) for price in cents], span.traded.volume
            mean = sum(cents) / 400
        else:
            prices = [rounded(price / 100 / factors.price, 4) for price in cents]
            volume = round(span.traded.volume * factors.volume)
            mean = sum(cents) / 400 / factors.price
        return Bar(
            symbol=symbol,
            timeframe=timeframe,
            session=self._days.sessions[position],
            start=opened + timedelta(minutes=span.start),
            end=opened + timedelta(minutes=span.end),
            open=prices[0],
            high=prices[1],
            low=prices[2],
            close=prices[3],
            vwap=rounded(mean, 4),
            volume=volume,
            trades=volume // _SHARES_A_TRADE + 1,
            complete=span.complete,
        )
