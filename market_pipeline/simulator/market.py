"""SyntheticMarket: one made-up US stock market, the same for everyone who starts from the same seed.

This is the only door to the market: it puts the parts together and repeats none of their knowledge. It answers questions and
never changes; it does no I/O beyond reading the universe and the exchange calendar once, and does not know what time it is,
so every question says as of when it is asked and gets nothing published later. HTTP and vendors' formats are not its business.

The rules every method keeps:

* Money is Decimal dollars: whole cents, four decimals where adjusted. Volumes, shares and statement amounts are int.
* Datetimes are aware and given back in UTC; a naive one raises ValueError. Ranges of days include both ends; a range that ends
  before it starts is empty.
* Symbols are in canonical spelling (upper case, BRK.B). Any well-formed one is answered, except those that start with "ZZ" and
  UNKNOWN_SYMBOLS, which raise NoSuchSymbol as ill-formed ones do.
* The market runs from 1990 to 2045; a moment after that raises ValueError.
"""

from datetime import date, datetime
from decimal import Decimal

from market_pipeline.simulator.accounting import Accounting
from market_pipeline.simulator.actions import CorporateActions, Dividend, Split
from market_pipeline.simulator.companies import Company, CompanyRegister
from market_pipeline.simulator.dice import Dice
from market_pipeline.simulator.economics import EconomicCalendar, EconomicEvent
from market_pipeline.simulator.filings import EarningsReport, Filings
from market_pipeline.simulator.fiscal import FiscalCalendar
from market_pipeline.simulator.listings import (
    UNKNOWN_SYMBOLS,
    Directory,
    Listing,
    NoSuchSymbol,
    indices,
    industries,
    listed_symbols,
)
from market_pipeline.simulator.news import NewsArticle, Newsroom
from market_pipeline.simulator.options import OptionChain, OptionContract, OptionDesk
from market_pipeline.simulator.prices import Adjustment, Bar, Prices, Timeframe
from market_pipeline.simulator.quotes import Quote, Quotes
from market_pipeline.simulator.ratios import RatioDesk, Ratios
from market_pipeline.simulator.statements import BalanceSheet, CashFlow, FinancialReport, IncomeStatement, Statements
from market_pipeline.simulator.trading_days import MarketState, SessionHours, TradingDays, in_utc
from market_pipeline.simulator.walk import PriceWalk

__all__ = [
    "UNKNOWN_SYMBOLS",
    "Adjustment",
    "BalanceSheet",
    "Bar",
    "CashFlow",
    "Company",
    "Dividend",
    "EarningsReport",
    "EconomicEvent",
    "FinancialReport",
    "IncomeStatement",
    "Listing",
    "MarketState",
    "NewsArticle",
    "NoSuchSymbol",
    "OptionChain",
    "OptionContract",
    "Quote",
    "Ratios",
    "SessionHours",
    "Split",
    "Statements",
    "SyntheticMarket",
    "Timeframe",
]


class SyntheticMarket:
    """Everything there is to know about the market of one seed. Safe to share between threads."""

    def __init__(self, seed: int = 1, calendar: str = "XNYS") -> None:
        dice = Dice(seed)
        self._days = days = TradingDays(calendar)
        self._directory = directory = Directory(dice)
        walk = PriceWalk(dice, days, directory)
        self._actions = actions = CorporateActions(dice, days, walk)
        self._prices = prices = Prices(dice, days, walk, actions)
        self._quotes = quotes = Quotes(dice, days, prices)
        fiscal = FiscalCalendar(dice, days)
        accounting = Accounting(dice, directory, walk, actions, fiscal)
        self._filings = filings = Filings(dice, walk, actions, fiscal, accounting)
        self._ratios = ratios = RatioDesk(days, walk, actions, prices, quotes, filings)
        self._options = OptionDesk(dice, days, walk, prices, quotes, ratios)
        self._companies = CompanyRegister(dice, directory, walk, actions, fiscal)
        self._newsroom = Newsroom(dice, directory)
        self._economy = EconomicCalendar(dice, days)

    def knows(self, symbol: str) -> bool:
        """Whether the market has this symbol."""
        return self._directory.knows(symbol)

    def symbols(self) -> tuple[str, ...]:
        """What a market-wide answer is about, the real large caps first. The market answers for other symbols too."""
        return listed_symbols()

    def listing(self, symbol: str) -> Listing:
        """The symbol's line of the exchange's directory. Raises NoSuchSymbol."""
        return self._directory.listing(symbol)

    def sectors(self) -> tuple[str, ...]:
        """The eleven sectors, in Yahoo's and Finviz's words."""
        return tuple(industries())

    def indices(self) -> tuple[str, ...]:
        """The names of the indices that constituents() knows."""
        return indices()

    def constituents(self, index: str) -> tuple[Listing, ...]:
        """The members of an index among symbols(). Raises KeyError for an index there is not."""
        return self._directory.constituents(index)

    def sessions(self, start: date, end: date) -> list[date]:
        """The trading days from start to end."""
        return [self._days.sessions[position] for position in self._days.positions(start, end)]

    def hours(self, session: date) -> SessionHours:
        """When a session opens and closes, UTC. Raises ValueError when the day is not a session."""
        return self._days.hours(session)

    def market_state(self, at: datetime) -> MarketState:
        """PRE (from 04:00 New York time), REGULAR, POST (to 20:00, 17:00 after an early close) or CLOSED."""
        return self._days.market_state(at)

    def bar(self, symbol: str, session: date, *, as_of: datetime, adjustment: Adjustment = "raw") -> Bar | None:
        """The daily bar of one session; None when the day is not a session, or not one of this symbol by as_of."""
        bars = self.bars(symbol, session, session, as_of=as_of, adjustment=adjustment)
        return bars[0] if bars else None

    def bars(
        self,
        symbol: str,
        start: date,
        end: date,
        timeframe: Timeframe = "1d",
        *,
        as_of: datetime,
        adjustment: Adjustment = "raw",
    ) -> list[Bar]:
        """The bars of the sessions from start to end, oldest first; the bar still running at as_of is not complete.

        Raw intraday bars add up to the daily bar exactly. timeframe: "1d", "1h" (from the open; the last hour of a session
        is a half), "5m", "1m". adjustment: "raw" as traded; "split" in shares of as_of; "split_dividend" also lowered by
        later dividends. Raises ValueError for any other of either.
        """
        return self._prices.bars(symbol, start, end, timeframe, in_utc(as_of), adjustment)

    def split_factor(self, symbol: str, session: date, *, as_of: datetime) -> Decimal:
        """Shares at as_of for one share of a session: raw prices divided by it, and volumes multiplied, are split-adjusted."""
        return self._actions.split_factor(symbol, session, as_of)

    def quote(self, symbol: str, at: datetime) -> Quote:
        """The last price at a moment, of the last full minute of trading. Raises NoSuchSymbol before the first session."""
        return self._quotes.quote(symbol, at)

    def company(self, symbol: str, *, as_of: datetime) -> Company:
        """The company's profile."""
        return self._companies.company(symbol, as_of)

    def dividends(self, symbol: str, start: date, end: date, *, as_of: datetime) -> list[Dividend]:
        """Dividends by ex-date, oldest first, those declared by as_of. About 70 % of companies pay."""
        return self._actions.dividends(symbol, start, end, as_of)

    def splits(self, symbol: str, start: date, end: date, *, as_of: datetime) -> list[Split]:
        """Splits by ex-date, oldest first, those announced by as_of."""
        return self._actions.splits(symbol, start, end, as_of)

    def earnings(self, symbol: str, start: date, end: date, *, as_of: datetime) -> list[EarningsReport]:
        """Quarterly results by report date, oldest first; up to four that are still to come have no actuals."""
        return self._filings.earnings(symbol, start, end, as_of)

    def statements(self, symbol: str, *, as_of: datetime) -> Statements:
        """The last eight quarters and four fiscal years filed by as_of, newest first."""
        return self._filings.statements(symbol, as_of)

    def ratios(self, symbol: str, at: datetime) -> Ratios:
        """Valuation, profitability and trading figures at a moment. Raises NoSuchSymbol before the first session."""
        return self._ratios.ratios(symbol, at)

    def option_expirations(self, symbol: str, at: datetime) -> tuple[date, ...]:
        """The listed expirations: four weekly and three monthly ones."""
        return self._options.expirations(symbol, at)

    def option_chain(self, symbol: str, at: datetime, expiration: date | None = None) -> OptionChain:
        """The chain at a moment, of one expiration or of all; no contracts for an expiration that is not listed."""
        return self._options.chain(symbol, at, expiration)

    def news(self, symbol: str, start: date, end: date, *, as_of: datetime) -> list[NewsArticle]:
        """Articles about a company on the UTC days from start to end, newest first: none to six a day."""
        return self._newsroom.news(symbol, start, end, as_of)

    def market_news(self, start: date, end: date, *, as_of: datetime) -> list[NewsArticle]:
        """Articles about the market on the UTC days from start to end, newest first: twelve a day."""
        return self._newsroom.market_news(start, end, as_of)

    def economic_events(self, start: date, end: date, *, as_of: datetime) -> list[EconomicEvent]:
        """Economic releases on the UTC days from start to end, oldest first; those after as_of have no actual."""
        return self._economy.events(start, end, as_of)
