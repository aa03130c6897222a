"""The random walk behind every price: one block of sessions per symbol and year, found without walking the years between.

Prices here are floats in *anchor shares*: the shares there are at the start of 2024, whatever was split before or after.
Splits turn them into what was really quoted (prices.py). A share's daily return is beta times the market's return plus
one of its own; each year's own returns are shifted to the year's drawn outcome, so that a price stays plausible
over decades. Once a share's character is drawn (and rounded), only +, -, × and / are used, so a walk is the same
to the last bit everywhere.
"""

from __future__ import annotations  # array[float] is subscriptable at run time only from Python 3.12

from array import array
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from math import fsum
from typing import NamedTuple

from market_pipeline.simulator.dice import Dice
from market_pipeline.simulator.listings import Directory
from market_pipeline.simulator.trading_days import TradingDays

ANCHOR_YEAR = 2024
_SESSIONS_A_YEAR = 252
_MARKET_VOLATILITY = 0.15  # a year, about what the S&P 500 has had
_MARKET_DRIFT = (-0.10, 0.22)  # the market's return of a year is drawn evenly from here
_LARGEST_CAP = 3.0e12
_IPO_YEARS = {True: (1970, 2012), False: (1992, 2019)}  # for index members, for others


@dataclass(frozen=True, slots=True)
class Temperament:
    """What sets one share apart from another.

    level: price at the anchor, dollars; volatility: of its own returns, a year; beta: to the market; shares: outstanding at
    the anchor; daily_volume: shares on a usual day; listed_since: the first day it can be traded.
    """

    level: float
    volatility: float
    beta: float
    shares: int
    daily_volume: float
    listed_since: date


class YearOfPrices(NamedTuple):
    """One symbol's sessions of one year, in order. Prices in dollars and volumes, both in anchor shares."""

    open: array[float]
    high: array[float]
    low: array[float]
    close: array[float]
    volume: array[float]


class PriceWalk:
    """Prices of any known symbol at any session, in anchor shares."""

    def __init__(self, dice: Dice, days: TradingDays, directory: Directory) -> None:
        self._dice = dice
        self._days = days
        self._directory = directory
        self.temperament = lru_cache(maxsize=8192)(self._temperament)
        self.year = lru_cache(maxsize=2048)(self._year)  # about 10 kB each
        self._returns = lru_cache(maxsize=4096)(self._own_returns)
        self._closes = lru_cache(maxsize=8192)(self._year_of_closes)  # books need these only, at a third of the cost
        self._market = lru_cache(maxsize=64)(self._market_returns)
        self._level = lru_cache(maxsize=32768)(self._level_at_start)

    def level(self, symbol: str, year: int) -> float:
        """The close before the first session of a year, within the calendar's years."""
        return self._level(symbol, max(min(self._days.years), min(year, max(self._days.years))))

    def close(self, symbol: str, day: date) -> float:
        """The close of the last session on or before the day."""
        session = self._days.on_or_before(day)
        within = self._days.position(session) - self._days.years[session.year].start
        return self._closes(symbol, session.year)[within]

    def _temperament(self, symbol: str) -> Temperament:
        dice = self._dice
        large = bool(self._directory.listing(symbol).indices)
        level, cap, turnover, beta, volatility = dice.uniforms(5, "temperament", symbol)
        price = 15 * 25**level if not large else 40 * 12**level
        value = 3.0e8 * 200**cap if not large else 6.0e10 * 50**cap
        shares = max(1, round(min(value, _LARGEST_CAP) / price / 1e6)) * 1_000_000
        first_year, last_year = _IPO_YEARS[large]
        return Temperament(
            level=round(price, 2),
            volatility=0.10 + 0.15 * volatility if large else 0.15 + 0.25 * volatility,
            beta=round(0.4 + 1.3 * beta, 2),
            shares=shares,
            daily_volume=shares * (0.002 + 0.008 * turnover),
            listed_since=self._weekday_session(
                date(
                    dice.integer(first_year, last_year, "ipo year", symbol),
                    dice.integer(1, 12, "ipo month", symbol),
                    15,
                )
            ),
        )

    def _weekday_session(self, day: date) -> date:
        """A trading day near this one: the calendar's, or just a weekday before the calendar begins."""
        if day >= self._days.sessions[0]:
            return self._days.on_or_after(day)
        return day - timedelta(days=max(0, day.weekday() - 4))

    def _market_returns(self, year: int) -> array[float]:
        count = len(self._days.years[year])
        outcome = self._dice.uniform(*_MARKET_DRIFT, "market outcome", year)
        return self._pinned(count, outcome, _MARKET_VOLATILITY, "market", year)

    def _own_returns(self, symbol: str, year: int) -> array[float]:
        """The daily returns of one share: its part in the market's, and its own."""
        character = self.temperament(symbol)
        market = self._market(year)
        spread = character.volatility
        outcome = self._dice.uniform(-0.6 * spread, 0.6 * spread, "outcome", symbol, year)
        own = self._pinned(len(market), outcome, spread, "own", symbol, year)
        return array("d", [character.beta * shared + mine for shared, mine in zip(market, own, strict=True)])

    def _pinned(self, count: int, outcome: float, volatility: float, *key: object) -> array[float]:
        """Daily returns that sum to the year's outcome, calmer in some months (21 sessions) and wilder in others."""
        draws = self._dice.bells(count, *key)
        months = [0.6 + 0.8 * draw for draw in self._dice.uniforms(count // 21 + 1, "mood", *key)]
        scale = volatility / _SESSIONS_A_YEAR**0.5
        moves = [draw * scale * months[at // 21] for at, draw in enumerate(draws)]
        shift = (outcome - fsum(moves)) / count  # fsum: Python 3.12 changed how sum() rounds
        return array("d", [move + shift for move in moves])

    def _level_at_start(self, symbol: str, year: int) -> float:
        if year == ANCHOR_YEAR:
            return self.temperament(symbol).level
        step = -1 if year > ANCHOR_YEAR else 1
        neighbour = self._level(symbol, year + step)
        growth = 1.0
        for change in self._returns(symbol, min(year, year + step)):
            growth *= 1 + change
        return neighbour * growth if year > ANCHOR_YEAR else neighbour / growth

    def _year_of_closes(self, symbol: str, year: int) -> array[float]:
        last = self._level(symbol, year)
        closes = array("d")
        for change in self._returns(symbol, year):
            last *= 1 + change
            closes.append(last)
        return closes

    def _year(self, symbol: str, year: int) -> YearOfPrices:
        character = self.temperament(symbol)
        usual = (character.volatility + character.beta * _MARKET_VOLATILITY) / _SESSIONS_A_YEAR**0.5
        returns, closes = self._returns(symbol, year), self._closes(symbol, year)
        draws = iter(self._dice.bells(4 * len(closes), "shape", symbol, year))
        prices = YearOfPrices(array("d"), array("d"), array("d"), closes, array("d"))
        last = self._level(symbol, year)
        for change, closed, gap, up, down, busy in zip(returns, closes, draws, draws, draws, draws, strict=True):
            opened = last * (1 + 0.4 * change + 0.2 * usual * gap)
            prices.open.append(opened)
            prices.high.append(max(opened, closed) * (1 + 0.4 * usual * abs(up)))
            prices.low.append(min(opened, closed) * (1 - 0.4 * usual * abs(down)))
            prices.volume.append(character.daily_volume * (1 + 0.2 * busy) * (0.8 + 0.25 * abs(change) / usual))
            last = closed
        return prices
