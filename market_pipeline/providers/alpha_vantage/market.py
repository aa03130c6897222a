"""What Alpha Vantage knows of the market: quotes and bars, one class for a function.

Prices are as traded (raw); times without a zone are New York's.
"""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from market_pipeline.providers.alpha_vantage.function import Function, is_json, plain
from market_pipeline.providers.base import with_param
from market_pipeline.providers.dates import NEW_YORK, day, local_midnight, moment, zone
from market_pipeline.providers.errors import UnknownSymbol
from market_pipeline.providers.messages import Answer, Ask, Parsed, Request, Row, Window
from market_pipeline.providers.normalise import integer, number, price

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
    return ask.window is not None and ask.window.start >= ask.today - COMPACT


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
            "adjustment": "raw" if answer.params.get("adjusted") == "false" else "split_dividend",
            **_prices(values),
        }


def _months(window: Window) -> list[str]:
    first, last = (12 * one.year + one.month - 1 for one in (window.start, window.end))
    return [f"{month // 12:04}-{month % 12 + 1:02}" for month in range(first, last + 1)]
