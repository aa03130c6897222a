"""The last price of a share at a moment, and what there is to know around it.

A quote is a view of the running session: no price is made here (prices.py and intraday.py do that), only the spread is.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from market_pipeline.simulator.dice import Dice
from market_pipeline.simulator.listings import NoSuchSymbol
from market_pipeline.simulator.prices import Prices
from market_pipeline.simulator.ticks import Ticks, money, rounded
from market_pipeline.simulator.trading_days import MarketState, TradingDays, in_utc

_SPREAD = 0.0003  # of the price: three basis points, at least one cent


@dataclass(frozen=True, slots=True)
class Quote:
    """The last trade and the session it belongs to, unadjusted. Prices in dollars, sizes and volume in shares.

    as_of: when the price was true (UTC), never after the moment asked about; session: the day that open, high, low and volume
    (so far) belong to; previous_close: of the session before, in this session's shares; change_percent: 1.25 is 1.25 %.
    """

    symbol: str
    price: Decimal
    bid: Decimal
    ask: Decimal
    bid_size: int
    ask_size: int
    open: Decimal
    high: Decimal
    low: Decimal
    previous_close: Decimal
    change: Decimal
    change_percent: Decimal
    volume: int
    as_of: datetime
    session: date
    market_state: MarketState


class Quotes:
    """Quotes of any known symbol."""

    def __init__(self, dice: Dice, days: TradingDays, prices: Prices) -> None:
        self._dice = dice
        self._days = days
        self._prices = prices

    def quote(self, symbol: str, at: datetime) -> Quote:
        """The state at the last full minute of trading. Raises NoSuchSymbol before the symbol's first session."""
        at = in_utc(at)
        position = self._days.opened_by(at)
        if position < 0 or self._days.sessions[position] < self._prices.listed_since(symbol):
            raise NoSuchSymbol(symbol, f"not listed yet on {at.date()}")
        elapsed = self._prices.elapsed(position, at)
        day = self.so_far(symbol, position, at)
        previous = self._previous_close(symbol, position)
        spread = max(1, round(day.close * _SPREAD))
        lean, bids, asks = self._dice.uniforms(3, "spread", symbol, position, elapsed)
        bid = max(1, day.close - int(lean * (spread + 1)))
        return Quote(
            symbol=symbol,
            price=money(day.close),
            bid=money(bid),
            ask=money(bid + spread),
            bid_size=100 * (1 + int(bids * 12)),
            ask_size=100 * (1 + int(asks * 12)),
            open=money(day.open),
            high=money(day.high),
            low=money(day.low),
            previous_close=money(previous),
            change=money(day.close - previous),
            change_percent=rounded(100 * (day.close - previous) / previous, 4),
            volume=day.volume,
            as_of=self._days.opens[position] + timedelta(minutes=elapsed),
            session=self._days.sessions[position],
            market_state=self._days.market_state(at),
        )

    def so_far(self, symbol: str, position: int, at: datetime) -> Ticks:
        """A session that has opened, up to this moment; in its first minute only the opening price is known."""
        elapsed = self._prices.elapsed(position, at)
        if elapsed == 0:
            price = self._prices.whole(symbol, position).open
            return Ticks(price, price, price, price, 0)
        return self._prices.traded(symbol, position, 0, elapsed)

    def _previous_close(self, symbol: str, position: int) -> int:
        """The close of the session before, in cents and in this session's shares; the open on the very first session."""
        before = self._prices.before(symbol, position, 1)
        return before[0].close if before else self._prices.whole(symbol, position).open
