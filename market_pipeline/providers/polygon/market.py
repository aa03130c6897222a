"""What Polygon knows of the market: quotes and bars, one class for an endpoint.  Options are in options.py.

Times are Unix times in milli- or nanoseconds; days are New York's.  Sizes of bids and offers are not kept: documented as
round lots of 100 shares, which since November 2025 are smaller for shares above $250 (the SEC's round-lot rules).
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, ClassVar

from market_pipeline.datasets import MARKET_WIDE
from market_pipeline.providers.dates import NEW_YORK, epoch, local_midnight
from market_pipeline.providers.errors import UnknownSymbol
from market_pipeline.providers.messages import Answer, Ask, Parsed, Request, Row, Window
from market_pipeline.providers.normalise import integer, number, price
from market_pipeline.providers.polygon.results import PolygonEndpoint, first, listed, more, results

MARKET_STATES = {"open": "regular", "closed": "closed", "early_trading": "pre", "late_trading": "post"}
FREE_HISTORY = timedelta(days=729)  # two years back are free


class QuoteEndpoint(PolygonEndpoint):
    """An endpoint for the latest trade."""

    data_type = "stock_quotes"

    def quote(self, symbol: str, traded_at: datetime | None, traded: Decimal | None, **rest: Any) -> list[Row]:
        """One row, or none where nothing has been traded yet: before the open the vendor clears its snapshots to 0."""
        if traded_at is None or traded is None:
            return []
        session = traded_at.astimezone(NEW_YORK).date()
        return [{"symbol": symbol, "as_of": traded_at, "session": session, "price": traded, **rest}]


class Snapshot(QuoteEndpoint):
    """The day of up to 250 symbols, as a list, or of one in the path; premium."""

    path = "/v2/snapshot/locale/us/markets/stocks/tickers"
    symbols_in = "tickers"
    batch = 250

    def match(self, path: str, params: Mapping[str, str], now: datetime) -> Ask | None:
        _, in_path, ticker = path.partition(f"{self.path}/")
        return super().match(self.path, {"tickers": ticker}, now) if in_path else super().match(path, params, now)

    def parse(self, answer: Answer, ask: Ask) -> Parsed:
        payload = answer.json()
        snapshots = [payload["ticker"]] if "ticker" in payload else results(payload, "tickers")
        found = {self.unspell(one["ticker"]): one for one in snapshots}
        rows = [row for symbol, one in found.items() if self.asked(symbol, ask) for row in self.day(symbol, one)]
        missing = set(ask.symbols) - {MARKET_WIDE} - set(found)
        return Parsed(
            rows, errors={symbol: UnknownSymbol(f"Polygon has no snapshot of {symbol}") for symbol in missing}
        )

    def day(self, symbol: str, found: Mapping[str, Any]) -> list[Row]:
        """The last trade; where the plan has no trades, the latest minute or the day so far."""
        trade, minute, today, before, offer = (
            found.get(name) or {} for name in ("lastTrade", "min", "day", "prevDay", "lastQuote")
        )
        return self.quote(
            symbol,
            first(epoch(trade.get("t")), epoch(minute.get("t")), epoch(found.get("updated"))),
            first(price(trade.get("p")), price(minute.get("c")), price(today.get("c"))),
            bid=number(offer.get("p")),
            ask=number(offer.get("P")),
            open=price(today.get("o")),
            high=price(today.get("h")),
            low=price(today.get("l")),
            previous_close=price(before.get("c")),
            change=number(found.get("todaysChange")),
            change_percent=number(found.get("todaysChangePerc")),
            volume=integer(today.get("v")),
        )


class UniversalSnapshot(QuoteEndpoint):
    """Shares and indices in one shape, with an error for each unknown ticker; premium."""

    path = "/v3/snapshot"
    symbols_in = "ticker.any_of"
    batch = 250

    def params(self, ask: Ask) -> Mapping[str, str]:
        return {"limit": "250"}

    def parse(self, answer: Answer, ask: Ask) -> Parsed:
        payload = answer.json()
        found = {self.unspell(one["ticker"]): one for one in results(payload)}
        rows = [row for symbol, one in found.items() if self.asked(symbol, ask) for row in self.state(symbol, one)]
        told = {symbol: found[symbol].get("message") for symbol in ask.symbols if "error" in found.get(symbol, {})}
        return Parsed(rows, more(payload), {symbol: UnknownSymbol(str(said)) for symbol, said in told.items()})

    def state(self, symbol: str, found: Mapping[str, Any]) -> list[Row]:
        trade, offer, today = (found.get(name) or {} for name in ("last_trade", "last_quote", "session"))
        times = trade.get("sip_timestamp"), trade.get("last_updated"), found.get("last_updated")
        return self.quote(
            symbol,
            first(*map(epoch, times)),
            first(price(trade.get("price")), price(found.get("value")), price(today.get("close"))),
            bid=number(offer.get("bid")),
            ask=number(offer.get("ask")),
            open=price(today.get("open")),
            high=price(today.get("high")),
            low=price(today.get("low")),
            previous_close=price(today.get("previous_close")),
            change=number(today.get("change")),
            change_percent=number(today.get("change_percent")),
            volume=integer(today.get("volume")),
            market_state=MARKET_STATES.get(found.get("market_status", "")),
        )


class LastTrade(QuoteEndpoint):
    """Price and time of the last trade of one symbol; premium."""

    path = "/v2/last/trade/{symbol}"
    symbols_in = None

    def parse(self, answer: Answer, ask: Ask) -> Parsed:
        trade = answer.json()["results"]
        return Parsed(self.quote(ask.symbol, epoch(trade["t"]), price(trade["p"])))


class PreviousClose(QuoteEndpoint):
    """The bar of the last session that is over: the only quote that free keys get."""

    path = "/v2/aggs/ticker/{symbol}/prev"
    symbols_in = None

    def parse(self, answer: Answer, ask: Ask) -> Parsed:
        bars = list(results(answer.json()))
        if not bars:
            raise UnknownSymbol(f"Polygon has no bar of {ask.symbol}")
        (bar,) = bars
        figures = {name: price(bar.get(name[0])) for name in ("open", "high", "low")}
        volume, flags = integer(bar.get("v")), ("previous_close",)
        return Parsed(self.quote(ask.symbol, epoch(bar["t"]), price(bar["c"]), **figures, volume=volume, flags=flags))


class Bars(PolygonEndpoint):
    """Aggregates of one length for one symbol, adjusted for splits unless `adjusted` is false."""

    data_type = "historical_prices"
    path = "/v2/aggs/ticker/{symbol}/range"
    symbols_in = None
    spans: ClassVar[tuple[str, ...]]
    """Multiplier and unit, which follow in the path; the first is what is asked for."""

    def params(self, ask: Ask) -> Mapping[str, str]:
        return {"adjusted": "true", "sort": "asc", "limit": "50000"}

    def requests(self, ask: Ask) -> tuple[Request, ...]:
        today = ask.today
        window = Window(today - FREE_HISTORY, today) if ask.window is None else ask.window
        (bare,) = super().requests(ask)
        return (replace(bare, path=f"{bare.path}/{self.spans[0]}/{window.start}/{window.end}"),)

    def match(self, path: str, params: Mapping[str, str], now: datetime) -> Ask | None:
        found = re.fullmatch(r"(.+/range)/(\d+/[a-z]+)/[^/]+/[^/]+", path)
        return super().match(found[1], params, now) if found is not None and found[2] in self.spans else None

    def parse(self, answer: Answer, ask: Ask) -> Parsed:
        payload = answer.json()
        adjustment = _adjustment(payload)
        rows = [
            {"symbol": ask.symbol, "adjustment": adjustment, **self.place(epoch(bar["t"])), **_prices(bar)}
            for bar in results(payload)
        ]
        return Parsed(rows, more(payload))

    def place(self, started: datetime | None) -> Row:
        """Timeframe, start and session of a bar."""
        session = None if started is None else started.astimezone(NEW_YORK).date()
        return {"timeframe": "1h", "bar_start": started, "session": session}


class HourlyBars(Bars):
    """From full hour to full hour, outside of regular trading too."""

    spans = ("1/hour", "60/minute")
    timeframes = ("1h",)


class DailyBars(Bars):
    spans = ("1/day",)
    timeframes = ("1d",)

    def place(self, started: datetime | None) -> Row:
        return _session(started)


class GroupedDaily(PolygonEndpoint):
    """One session of all US shares with one request."""

    data_type = "historical_prices"
    path = "/v2/aggs/grouped/locale/us/market/stocks/{date}"
    symbols_in = None
    market_wide = True
    timeframes = ("1d",)

    def serves(self, ask: Ask) -> bool:
        return super().serves(ask) and ask.window is not None and ask.window.start == ask.window.end

    def requests(self, ask: Ask) -> tuple[Request, ...]:
        date = ask.today if ask.window is None else ask.window.end
        return (Request(path=self.path.format(date=date), params={"adjusted": "true"}),)

    def match(self, path: str, params: Mapping[str, str], now: datetime) -> Ask | None:
        is_day = re.fullmatch(self.path.format(date=r"\d{4}-\d\d-\d\d"), path)
        return None if is_day is None else super().match(self.path, params, now)

    def parse(self, answer: Answer, ask: Ask) -> Parsed:
        payload = answer.json()
        adjustment = _adjustment(payload)
        rows = [
            {"symbol": symbol, "adjustment": adjustment, **_session(epoch(bar["t"])), **_prices(bar)}
            for bar in results(payload)
            if listed(symbol := self.unspell(bar["T"]))
        ]
        return Parsed(rows)


def _session(at: datetime | None) -> Row:
    """Where a daily bar lies: it is stamped with its midnight in New York, or with the close."""
    session = None if at is None else at.astimezone(NEW_YORK).date()
    return {"timeframe": "1d", "bar_start": None if session is None else local_midnight(session), "session": session}


def _adjustment(payload: Mapping[str, Any]) -> str:
    return "raw" if payload.get("adjusted") is False else "split"


def _prices(bar: Mapping[str, Any]) -> Row:
    """Prices of a bar; indices have no volume."""
    prices = {name: number(bar[name[0]]) for name in ("open", "high", "low", "close")}
    return {**prices, "volume": number(bar.get("v")), "vwap": price(bar.get("vw")), "trades": integer(bar.get("n"))}
