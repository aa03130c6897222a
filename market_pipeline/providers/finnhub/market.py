"""What Finnhub knows of the market: quotes and bars, one class for an endpoint."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any, ClassVar

from market_pipeline.providers.dates import NEW_YORK, epoch, local_midnight
from market_pipeline.providers.errors import UnknownSymbol
from market_pipeline.providers.finnhub.endpoint import YEAR, FinnhubEndpoint
from market_pipeline.providers.messages import Answer, Ask, Parsed, Request, Row, Window
from market_pipeline.providers.normalise import number, price

ONE_DAY = timedelta(days=1)
INTRADAY_SPAN = timedelta(days=30)  # "only 1 month of intraday will be returned at a time"


class Quote(FinnhubEndpoint):
    data_type = "stock_quotes"
    path = "/quote"

    def parse(self, answer: Answer, ask: Ask) -> Parsed:
        found = answer.json()
        traded_at = epoch(found["t"])
        if traded_at is None:  # the vendor's way of not knowing a symbol: every figure is 0
            raise UnknownSymbol(f"Finnhub has no quote for {ask.symbol}")
        row = {
            "symbol": ask.symbol,
            "as_of": traded_at,
            "session": traded_at.astimezone(NEW_YORK).date(),
            "price": number(found["c"]),
            "open": price(found.get("o")),
            "high": price(found.get("h")),
            "low": price(found.get("l")),
            "previous_close": price(found.get("pc")),
            "change": number(found.get("d")),
            "change_percent": number(found.get("dp")),
        }
        return Parsed([row])


class Candles(FinnhubEndpoint):
    """Parallel arrays o, h, l, c, v and t; `from` and `to` are seconds since 1970."""

    data_type = "historical_prices"
    path = "/stock/candle"
    reach = (YEAR, timedelta(0))
    adjustment: ClassVar[str]

    def params(self, ask: Ask) -> Mapping[str, str]:
        window = self.window(ask)
        start, end = local_midnight(window.start), local_midnight(window.end + ONE_DAY) - timedelta(seconds=1)
        return {"from": str(int(start.timestamp())), "to": str(int(end.timestamp()))}

    def parse(self, answer: Answer, ask: Ask) -> Parsed:
        found = answer.json()
        if found["s"] == "no_data":
            return Parsed([])
        columns = zip(*(found[name] for name in "tohlcv"), strict=True)
        return Parsed([self.bar(ask.symbol, *values) for values in columns])

    def bar(self, symbol: str, at: Any, *values: Any) -> Row:
        session, bar_start = self.place(epoch(at))
        figures = zip(("open", "high", "low", "close", "volume"), map(number, values), strict=True)
        (timeframe,) = self.timeframes
        return {
            "symbol": symbol,
            "timeframe": timeframe,
            "bar_start": bar_start,
            "session": session,
            "adjustment": self.adjustment,
            **dict(figures),
        }

    def place(self, at: datetime | None) -> tuple[date | None, datetime | None]:
        """The session of a bar that is stamped `at`, and its start."""
        return (None, None) if at is None else (at.astimezone(NEW_YORK).date(), at)


class DailyCandles(Candles):
    fixed: ClassVar[Mapping[str, str]] = {"resolution": "D"}
    timeframes = ("1d",)
    adjustment = "split"

    def place(self, at: datetime | None) -> tuple[date | None, datetime | None]:
        # stamped with midnight of the session, in UTC or (older answers) in New York: the UTC date is right for both
        return (None, None) if at is None else (at.date(), local_midnight(at.date()))


class HourlyCandles(Candles):
    """Unadjusted, unlike the daily ones, and a month to a request."""

    fixed: ClassVar[Mapping[str, str]] = {"resolution": "60"}
    timeframes = ("1h",)
    adjustment = "raw"

    def requests(self, ask: Ask) -> tuple[Request, ...]:
        window, found = self.window(ask), list[Request]()
        start = window.start
        while start <= window.end:
            end = min(start + INTRADAY_SPAN - ONE_DAY, window.end)
            found.extend(super().requests(replace(ask, window=Window(start, end))))
            start = end + ONE_DAY
        return tuple(found)
