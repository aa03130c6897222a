"""Option chains, priced by the Black–Scholes–Merton model around the share's price of the moment.

Formulas for European options with a continuous dividend yield: John C. Hull, Options, Futures, and Other Derivatives, chapters
"The Black–Scholes–Merton Model" and "The Greek Letters". Calls and puts of one strike share one implied volatility, so put–call
parity holds within the spread; early exercise is worth nothing here, so a deep put may trade below its intrinsic value.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from math import ceil, erf, exp, floor, log, pi, sqrt
from typing import Literal, NamedTuple

from market_pipeline.simulator.dice import Dice
from market_pipeline.simulator.prices import Prices
from market_pipeline.simulator.quotes import Quote, Quotes
from market_pipeline.simulator.ratios import RatioDesk
from market_pipeline.simulator.ticks import money
from market_pipeline.simulator.trading_days import TradingDays, in_utc
from market_pipeline.simulator.walk import PriceWalk

RISK_FREE_RATE = 0.04
_MARKET_VOLATILITY = 0.15
_WEEKLIES = 4
_MONTHLIES = 3  # third Fridays after those
_STRIKE_REACH = 0.20  # of the last close, either way
_STRIKE_STEPS = ((5, 0.5), (25, 1.0), (100, 2.5), (250, 5.0), (700, 10.0))  # up to this price, this far apart
_WIDEST_STEP = 25.0
_YEAR = timedelta(days=365)
_FRIDAY = 4
_KINDS: tuple[Literal["call"], Literal["put"]] = ("call", "put")


@dataclass(frozen=True, slots=True)
class OptionContract:
    """One option on 100 shares, as quoted at the chain's as-of time.

    contract_symbol: root, expiration, C or P, strike × 1000 in eight digits (OCC); strike, bid, ask, last: dollars per share;
    sizes, volume (of the session so far) and open_interest: contracts; implied_volatility: a fraction a year; delta, gamma: per
    dollar of the share; theta: dollars a calendar day; vega: dollars per volatility point; rho: dollars per point of interest.
    """

    contract_symbol: str
    symbol: str
    expiration: date
    strike: Decimal
    kind: Literal["call", "put"]
    bid: Decimal
    ask: Decimal
    last: Decimal
    bid_size: int
    ask_size: int
    volume: int
    open_interest: int
    implied_volatility: float
    delta: float
    gamma: float
    theta: float
    vega: float
    rho: float
    in_the_money: bool
    last_trade_at: datetime


@dataclass(frozen=True, slots=True)
class OptionChain:
    """Contracts by expiration, strike and kind. expirations: all that are listed; rate and yield: fractions a year."""

    symbol: str
    as_of: datetime
    spot: Decimal
    risk_free_rate: float
    dividend_yield: float
    expirations: tuple[date, ...]
    contracts: tuple[OptionContract, ...]


class Value(NamedTuple):
    """A model price and its sensitivities, in the units of OptionContract."""

    price: float
    delta: float
    gamma: float
    theta: float
    vega: float
    rho: float


def black_scholes(
    kind: Literal["call", "put"],
    spot: float,
    strike: float,
    years: float,
    rate: float,
    dividend: float,
    volatility: float,
) -> Value:
    """A European option's value. All arguments positive; rate, dividend and volatility are fractions a year."""
    sign = 1 if kind == "call" else -1
    spread = volatility * sqrt(years)
    d1 = (log(spot / strike) + (rate - dividend + volatility**2 / 2) * years) / spread
    d2 = d1 - spread
    share, cash = spot * exp(-dividend * years), strike * exp(-rate * years)
    density = exp(-(d1**2) / 2) / sqrt(2 * pi)
    n1, n2 = _normal(sign * d1), _normal(sign * d2)
    decay = -share * density * volatility / (2 * sqrt(years)) - sign * rate * cash * n2 + sign * dividend * share * n1
    return Value(
        price=sign * (share * n1 - cash * n2),
        delta=sign * exp(-dividend * years) * n1,
        gamma=share * density / (spot**2 * spread),
        theta=decay / 365,
        vega=share * density * sqrt(years) / 100,
        rho=sign * cash * years * n2 / 100,
    )


class _Conditions(NamedTuple):
    """What all contracts of one expiration share: years to it, volatility at the money, the part of the session that is over."""

    quote: Quote
    dividend: float
    expiration: date
    years: float
    volatility: float
    passed: float
    opened: datetime
    closed_before: datetime


class OptionDesk:
    """Option chains of any known symbol."""

    def __init__(
        self, dice: Dice, days: TradingDays, walk: PriceWalk, prices: Prices, quotes: Quotes, ratios: RatioDesk
    ) -> None:
        self._dice = dice
        self._days = days
        self._walk = walk
        self._prices = prices
        self._quotes = quotes
        self._ratios = ratios
        self._contracts = lru_cache(maxsize=512)(self._price_contracts)  # one expiration each, up to about 50 kB

    def expirations(self, symbol: str, at: datetime) -> tuple[date, ...]:
        """The next weekly and monthly expirations that have not closed yet; the session before when a Friday is a holiday."""
        return self._expirations(self._quotes.quote(symbol, at), in_utc(at))

    def chain(self, symbol: str, at: datetime, expiration: date | None) -> OptionChain:
        """The chain at a moment, of one expiration or of all. Raises NoSuchSymbol before the symbol's first session."""
        at = in_utc(at)
        quote = self._quotes.quote(symbol, at)
        listed = self._expirations(quote, at)
        dividend = float(self._ratios.dividend_per_share(symbol, at) / quote.price)
        wanted = [day for day in listed if expiration is None or day == expiration]
        return OptionChain(
            symbol=symbol,
            as_of=quote.as_of,
            spot=quote.price,
            risk_free_rate=RISK_FREE_RATE,
            dividend_yield=dividend,
            expirations=listed,
            contracts=tuple(contract for day in wanted for contract in self._contracts(quote, dividend, day)),
        )

    def _expirations(self, quote: Quote, at: datetime) -> tuple[date, ...]:
        friday = quote.session + timedelta(days=(_FRIDAY - quote.session.weekday()) % 7)
        fridays = [friday + timedelta(weeks=week) for week in range(26)]
        expiring = [(self._days.on_or_before(day), 15 <= day.day <= 21) for day in fridays]
        listed = [(day, monthly) for day, monthly in expiring if self._days.hours(day).close > at]
        later_monthlies = [day for day, monthly in listed[_WEEKLIES:] if monthly]
        return tuple([day for day, _ in listed[:_WEEKLIES]] + later_monthlies[:_MONTHLIES])

    def _price_contracts(self, quote: Quote, dividend: float, expiration: date) -> tuple[OptionContract, ...]:
        """Every strike's call and put of one expiration; which strikes there are depends on the last close only."""
        character = self._walk.temperament(quote.symbol)
        volatility = sqrt(character.volatility**2 + (character.beta * _MARKET_VOLATILITY) ** 2)
        mood = 1 + 0.06 * self._dice.bells(1, "implied", quote.symbol, quote.session)[0]
        years = (self._days.hours(expiration).close - quote.as_of) / _YEAR
        position = self._days.position(quote.session)
        conditions = _Conditions(
            quote=quote,
            dividend=dividend,
            expiration=expiration,
            years=years,
            volatility=volatility * mood * (1 + 0.05 * exp(-4 * years)),
            passed=self._prices.elapsed(position, quote.as_of) / self._days.minutes[position],
            opened=self._days.opens[position],
            closed_before=self._days.closes[max(0, position - 1)],
        )
        strikes = _strikes(quote.previous_close)
        return tuple(self._contract(conditions, strike, kind) for strike in strikes for kind in _KINDS)

    def _contract(self, now: _Conditions, strike: Decimal, kind: Literal["call", "put"]) -> OptionContract:
        quote, spot, price = now.quote, float(now.quote.price), float(strike)
        moneyness = log(price / spot)
        volatility = now.volatility * (1 - 0.6 * moneyness + 2.0 * moneyness**2)  # the smile of equities
        value = black_scholes(kind, spot, price, now.years, RISK_FREE_RATE, now.dividend, volatility)
        bid, ask = _market(value.price)
        contract = (quote.symbol, now.expiration, strike, kind)
        popularity = self._dice.uniform(0, 1, "popularity", *contract)
        turnover, place, pause, bids, asks = self._dice.uniforms(5, "contract", quote.session, *contract)
        from_last_close = price / float(quote.previous_close) - 1  # and not from the price: it stands all day
        nearness = exp(-((from_last_close / 0.08) ** 2))
        open_interest = int((0.1 + nearness) * 8000 * popularity)
        volume = int(open_interest * turnover * 0.4 * now.passed)
        last_trade_at = max(now.opened, quote.as_of - timedelta(minutes=int(pause * 30)))
        return OptionContract(
            contract_symbol=contract_symbol(quote.symbol, now.expiration, kind, strike),
            symbol=quote.symbol,
            expiration=now.expiration,
            strike=strike,
            kind=kind,
            bid=money(bid),
            ask=money(ask),
            last=money(max(1, bid + round(place * (ask - bid)))),
            bid_size=1 + int(bids * 80),
            ask_size=1 + int(asks * 80),
            volume=volume,
            open_interest=open_interest,
            implied_volatility=round(volatility, 4),
            delta=round(value.delta, 4),
            gamma=round(value.gamma, 6),
            theta=round(value.theta, 4),
            vega=round(value.vega, 4),
            rho=round(value.rho, 4),
            in_the_money=quote.price > strike if kind == "call" else quote.price < strike,
            last_trade_at=last_trade_at if volume else now.closed_before,
        )


def contract_symbol(symbol: str, expiration: date, kind: Literal["call", "put"], strike: Decimal) -> str:
    """The OCC symbol without padding: AAPL261120C00150000. Roots have no punctuation: BRK.B is BRKB."""
    return f"{symbol.replace('.', '')}{expiration:%y%m%d}{kind[0].upper()}{int(strike * 1000):08d}"


def _strikes(close: Decimal) -> list[Decimal]:
    """Strikes on a round grid around the last close."""
    step = Decimal(str(next((step for limit, step in _STRIKE_STEPS if close <= limit), _WIDEST_STEP)))
    reach = close * Decimal(str(_STRIKE_REACH))
    lowest, highest = max(1, ceil((close - reach) / step)), max(2, floor((close + reach) / step))
    return [(step * number).quantize(Decimal("0.01")) for number in range(lowest, highest + 1)]


def _market(price: float) -> tuple[int, int]:
    """Bid and ask in cents around a model price: about 2 % apart, on a 1-cent grid below 3 dollars and a 5-cent grid above."""
    tick = 1 if price < 3 else 5
    half = max(0.5 * tick, price)  # 1 % of the price, in cents
    bid = max(0, floor((price * 100 - half) / tick) * tick)
    return bid, max(bid + tick, ceil((price * 100 + half) / tick) * tick)


def _normal(x: float) -> float:
    """The standard normal distribution function."""
    return (1 + erf(x / sqrt(2))) / 2
