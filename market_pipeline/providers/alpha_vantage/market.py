"""What Alpha Vantage knows of the market: quotes, bars, options, news and economic figures, one class for a function.

Prices are as traded (raw); times without a zone are New York's, those of news UTC.
"""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from market_pipeline.datasets import MARKET_WIDE
from market_pipeline.providers.alpha_vantage.function import Function, asked, is_json, listed, plain
from market_pipeline.providers.base import with_param
from market_pipeline.providers.errors import UnknownSymbol
from market_pipeline.providers.messages import Answer, Ask, Parsed, Request, Row, Window, rows_of
from market_pipeline.providers.normalise import (
    NEW_YORK,
    day,
    integer,
    local_midnight,
    moment,
    number,
    one_of,
    price,
    text,
    zone,
)

COMPACT = timedelta(days=139)  # `compact` is the latest 100 bars: 20 weeks have no more sessions than that
CLOSE = time(16)


class GlobalQuote(Function):
    """The latest day of one symbol: with free keys that of the last session, once it is over."""

    data_type = "stock_quotes"
    fixed: ClassVar[Mapping[str, str]] = {"function": "GLOBAL_QUOTE"}

    def parse(self, answer: Answer, ask: Ask) -> Parsed:
        if is_json(answer):
            (found,) = answer.json().values()  # "Global Quote", and for some keys "… - DATA DELAYED BY 15 MINUTES"
        else:
            found = next(iter(answer.csv("symbol", "price")), {})
        if not found:
            raise UnknownSymbol(f"Alpha Vantage has no quote for {ask.symbol}")
        quote = plain(found)
        session = day(quote.get("latest trading day", quote.get("latest day")))
        row = {
            "symbol": ask.symbol,
            "as_of": None if session is None else min(_close(session), answer.received_at),
            "session": session,
            "price": number(quote["price"]),
            "open": price(quote.get("open")),
            "high": price(quote.get("high")),
            "low": price(quote.get("low")),
            "previous_close": price(quote.get("previous close")),
            "change": number(quote.get("change")),
            "change_percent": number(quote.get("change percent")),
            "volume": integer(quote.get("volume")),
            "flags": ("time_of_day_unknown",),
        }
        return Parsed([row])


def _close(session: date) -> datetime:
    """The vendor names the day only: the regular close is the earliest time at which a day's quote is settled."""
    return datetime.combine(session, CLOSE, NEW_YORK).astimezone(UTC)


class Bars(Function):
    """A series of bars, newest first, in JSON by time stamp."""

    data_type = "historical_prices"

    def parse(self, answer: Answer, ask: Ask) -> Parsed:
        found, where = _series(answer)
        return Parsed([{"symbol": ask.symbol, **self.bar(stamp, values, where, answer)} for stamp, values in found])

    def bar(self, stamp: str, values: Mapping[str, Any], where: ZoneInfo, answer: Answer) -> Row:
        """A daily bar; its prices are raw, also where an adjusted close stands beside them."""
        session = day(stamp)
        return {
            "timeframe": "1d",
            "bar_start": None if session is None else local_midnight(session, where),
            "session": session,
            "adjustment": "raw",
            **_prices(values),
            "adjusted_close": price(values.get("adjusted close")),
            "dividend": number(values.get("dividend amount")),
            "split_factor": price(values.get("split coefficient")),
        }


def _series(answer: Answer) -> tuple[list[tuple[str, dict[str, Any]]], ZoneInfo]:
    """Bars by their time stamp, and the zone of these."""
    if not is_json(answer):
        rows = answer.csv("timestamp", "open", "high", "low", "close")
        return [(row["timestamp"], plain(row)) for row in rows], NEW_YORK
    payload = answer.json()
    (bars,) = (value for name, value in payload.items() if name.startswith("Time Series"))
    where = zone(plain(payload["Meta Data"]).get("time zone"))
    return [(stamp, plain(values)) for stamp, values in bars.items()], where


def _prices(values: Mapping[str, Any]) -> Row:
    return {name: number(values[name]) for name in ("open", "high", "low", "close", "volume")}


def _is_recent(ask: Ask) -> bool:
    return ask.window is not None and ask.window.start >= ask.now.astimezone(NEW_YORK).date() - COMPACT


class Daily(Bars):
    """The latest 100 days: what free keys get."""

    fixed: ClassVar[Mapping[str, str]] = {"function": "TIME_SERIES_DAILY"}
    timeframes = ("1d",)

    def serves(self, ask: Ask) -> bool:
        return super().serves(ask) and _is_recent(ask)

    def params(self, ask: Ask) -> Mapping[str, str]:
        return {"outputsize": "compact"}


class DailyFull(Bars):
    """Twenty years and more; premium since 2025, hence refused apart from `Daily`."""

    fixed: ClassVar[Mapping[str, str]] = {"function": "TIME_SERIES_DAILY", "outputsize": "full"}
    timeframes = ("1d",)


class DailyAdjusted(Bars):
    """As DailyFull, with adjusted close, dividends and splits; premium."""

    fixed: ClassVar[Mapping[str, str]] = {"function": "TIME_SERIES_DAILY_ADJUSTED"}
    timeframes = ("1d",)

    def params(self, ask: Ask) -> Mapping[str, str]:
        return {"outputsize": "compact" if _is_recent(ask) else "full"}


class Intraday(Bars):
    """Bars of an hour, a month to a request, as traded unless `adjusted` is left at its default."""

    fixed: ClassVar[Mapping[str, str]] = {"function": "TIME_SERIES_INTRADAY", "interval": "60min"}
    timeframes = ("1h",)

    def params(self, ask: Ask) -> Mapping[str, str]:
        return {"adjusted": "false", "extended_hours": "false", "outputsize": "full"}

    def requests(self, ask: Ask) -> tuple[Request, ...]:
        (latest,) = super().requests(ask)  # without a month: the latest 30 days
        if ask.window is None:
            return (latest,)
        return tuple(with_param(latest, "month", month) for month in _months(ask.window))

    def bar(self, stamp: str, values: Mapping[str, Any], where: ZoneInfo, answer: Answer) -> Row:
        started = moment(stamp, where)
        return {
            "timeframe": "1h",
            "bar_start": started,
            "session": None if started is None else started.astimezone(where).date(),
            "adjustment": "raw" if asked(answer, "adjusted") == "false" else "split_dividend",
            **_prices(values),
        }


def _months(window: Window) -> list[str]:
    first, last = (12 * one.year + one.month - 1 for one in (window.start, window.end))
    return [f"{month // 12:04}-{month % 12 + 1:02}" for month in range(first, last + 1)]


class Options(Function):
    """A whole chain with its greeks."""

    data_type = "options_chain"

    def parse(self, answer: Answer, ask: Ask) -> Parsed:
        if is_json(answer):
            found = rows_of(answer.json()["data"], "data")
        else:
            found = answer.csv("contractID", "expiration", "strike", "type", "date")
        return Parsed([self.contract(ask.symbol, one) for one in found])

    def contract(self, symbol: str, found: Mapping[str, Any]) -> Row:
        return {
            "symbol": symbol,
            "contract_symbol": text(found["contractID"]),
            "session": day(found["date"]),
            "expiration": day(found["expiration"]),
            "option_type": one_of(found["type"], "call", "put"),
            "strike": number(found["strike"]),
            "bid": number(found.get("bid")),
            "ask": number(found.get("ask")),
            "last_price": number(found.get("last")),
            "volume": integer(found.get("volume")),
            "open_interest": integer(found.get("open_interest")),
            "implied_volatility": number(found.get("implied_volatility")),
            **{greek: number(found.get(greek)) for greek in ("delta", "gamma", "theta", "vega", "rho")},
        }


class RealtimeOptions(Options):
    """The chain now; premium."""

    fixed: ClassVar[Mapping[str, str]] = {"function": "REALTIME_OPTIONS"}

    def params(self, ask: Ask) -> Mapping[str, str]:
        return {"require_greeks": "true"}


class HistoricalOptions(Options):
    """The chain at the end of one session, once that is over; without a date, of the last one."""

    fixed: ClassVar[Mapping[str, str]] = {"function": "HISTORICAL_OPTIONS"}

    def serves(self, ask: Ask) -> bool:
        over = ask.window is None or ask.window.end < ask.now.astimezone(NEW_YORK).date()
        return super().serves(ask) and over

    def params(self, ask: Ask) -> Mapping[str, str]:
        return {} if ask.window is None else {"date": ask.window.end.isoformat()}


class NewsSentiment(Function):
    """Articles with a sentiment for each ticker in them; of several tickers, all have to be in it: one a request."""

    data_type = "news"
    fixed: ClassVar[Mapping[str, str]] = {"function": "NEWS_SENTIMENT"}
    symbols_in = "tickers"

    def params(self, ask: Ask) -> Mapping[str, str]:
        limits = {"sort": "LATEST", "limit": "1000"}  # the most there is; 50 is the default
        if ask.window is None:
            return limits
        return limits | {"time_from": f"{ask.window.start:%Y%m%d}T0000", "time_to": f"{ask.window.end:%Y%m%d}T2359"}

    def parse(self, answer: Answer, ask: Ask) -> Parsed:
        return Parsed([row for found in rows_of(answer.json()["feed"], "feed") for row in self.article(found, ask)])

    def article(self, found: Mapping[str, Any], ask: Ask) -> list[Row]:
        """A row for every ticker that was asked for; for every one in the article, where it was none."""
        mentioned = rows_of(found.get("ticker_sentiment") or [], "ticker_sentiment")
        scores = {self.unspell(str(one["ticker"])): number(one.get("ticker_sentiment_score")) for one in mentioned}
        shared = {
            "published_at": moment(found["time_published"], ZoneInfo("UTC")),
            "title": text(found["title"]),
            "url": text(found["url"]),
            "summary": text(found.get("summary")),
            "source": text(found.get("source")),
            "author": ", ".join(found.get("authors") or []) or None,
        }
        about = listed(scores if ask.symbols == (MARKET_WIDE,) else ask.symbols)
        return [
            {
                "symbol": symbol,
                **shared,
                "related_symbols": tuple(other for other in scores if other != symbol),
                "sentiment": scores.get(symbol),
            }
            for symbol in about
        ]


SERIES = {
    "REAL_GDP": ("Real Gross Domestic Product", "billions of dollars"),
    "REAL_GDP_PER_CAPITA": ("Real Gross Domestic Product per Capita", "chained 2012 dollars"),
    "TREASURY_YIELD": ("Market Yield on U.S. Treasury Securities", "percent"),
    "FEDERAL_FUNDS_RATE": ("Effective Federal Funds Rate", "percent"),
    "CPI": ("Consumer Price Index for all Urban Consumers", "index 1982-1984=100"),
    "INFLATION": ("Inflation - US Consumer Prices", "percent"),
    "RETAIL_SALES": ("Advance Retail Sales: Retail Trade", "millions of dollars"),
    "DURABLES": ("Manufacturer New Orders: Durable Goods", "millions of dollars"),
    "UNEMPLOYMENT": ("Unemployment Rate", "percent"),
    "NONFARM_PAYROLL": ("Total Nonfarm Payroll", "thousands of persons"),
}
"""Economic functions with the name and unit that their JSON states and their CSV leaves out."""
WANTED = (
    {"function": "CPI", "interval": "monthly"},
    {"function": "REAL_GDP", "interval": "quarterly"},
    {"function": "UNEMPLOYMENT"},
    {"function": "NONFARM_PAYROLL"},
    {"function": "RETAIL_SALES"},
)
"""What is asked for: 5 of 25 calls a day.  The others restate these, or change daily without a release."""


class EconomicSeries(Function):
    """US series, a whole one to a request.  No release dates: an event's date is the first day of its period."""

    data_type = "economic_events"
    symbols_in = None
    market_wide = True

    def serves(self, ask: Ask) -> bool:
        return super().serves(ask) and (ask.window is None or _has_a_first_of_month(ask.window))

    def requests(self, ask: Ask) -> tuple[Request, ...]:
        return tuple(Request(path=self.path, params=params) for params in WANTED)

    def match(self, path: str, params: Mapping[str, str], now: datetime) -> Ask | None:
        return super().match(path, params, now) if params.get("function") in SERIES else None

    def parse(self, answer: Answer, ask: Ask) -> Parsed:
        name, unit = SERIES[asked(answer, "function") or ""]
        if is_json(answer):
            payload = answer.json()
            found, name, unit = rows_of(payload["data"], "data"), payload.get("name", name), payload.get("unit", unit)
        else:
            found = answer.csv("timestamp", "value")
        figures = [(day(one.get("date", one.get("timestamp"))), number(one["value"])) for one in found]  # newest first
        rows: list[Row] = [
            {
                "symbol": MARKET_WIDE,
                "event_date": period,
                "country": "US",
                "event": text(name),
                "period": None if period is None else period.isoformat(),
                "actual": actual,
                "previous": previous,
                "unit": text(unit),
            }
            for (period, actual), (_, previous) in zip(figures, [*figures[1:], (None, None)], strict=True)
            if actual is not None
        ]
        return Parsed(rows)


def _has_a_first_of_month(window: Window) -> bool:
    """Whether the window holds a day on which the vendor dates a figure."""
    return window.start.day == 1 or (window.start.year, window.start.month) != (window.end.year, window.end.month)
