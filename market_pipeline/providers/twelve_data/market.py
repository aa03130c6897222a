"""What Twelve Data knows of the market: quotes and bars.  Figures are text; times without an offset are the exchange's."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta, tzinfo
from decimal import Decimal
from typing import Any, ClassVar

from market_pipeline.providers.dates import day, epoch, local_midnight, moment, zone
from market_pipeline.providers.messages import Answer, Ask, Request, Row, Window, rows_of
from market_pipeline.providers.normalise import integer, major_unit, number, price, scaled, text
from market_pipeline.providers.twelve_data.envelope import SymbolEndpoint

ADJUSTMENTS = {"splits": "split", "all": "split_dividend", "none": "raw"}
MOST_POINTS = 5000
BATCH = 8  # symbols: what a free minute pays for; the vendor takes 120
ONE_DAY = timedelta(days=1)


class Quote(SymbolEndpoint):
    """The day so far; `timestamp` is when the day's candle opened, `last_quote_at` (since 2025) its last minute."""

    data_type = "stock_quotes"
    path = "/quote"
    batch = BATCH

    def rows(self, symbol: str, found: Mapping[str, Any], answer: Answer) -> list[Row]:
        currency, unit = major_unit(found.get("currency"))
        quoted_at = epoch(found.get("last_quote_at"))
        is_open = found.get("is_market_open")
        row = {
            "symbol": symbol,
            "as_of": epoch(found.get("timestamp")) if quoted_at is None else quoted_at,
            "session": day(found["datetime"]),
            "price": scaled(number(found["close"]), unit),
            "open": scaled(price(found.get("open")), unit),
            "high": scaled(price(found.get("high")), unit),
            "low": scaled(price(found.get("low")), unit),
            "previous_close": scaled(price(found.get("previous_close")), unit),
            "change": scaled(number(found.get("change")), unit),
            "change_percent": number(found.get("percent_change")),
            "volume": integer(found.get("volume")),
            "currency": currency,
            "market_state": None if is_open is None else "regular" if is_open else "closed",
        }
        return [row]


class Series(SymbolEndpoint):
    """Bars of one length, newest first, 5000 at most; adjusted for splits unless `adjust` says otherwise."""

    data_type = "historical_prices"
    path = "/time_series"
    batch = BATCH
    span: ClassVar[timedelta]
    """The longest window that has no more bars than one answer holds, for instruments that trade every day and hour."""

    def match(self, path: str, params: Mapping[str, str], now: datetime) -> Ask | None:
        return super().match(path, params, now) if params.get("adjust", "splits") in ADJUSTMENTS else None

    def params(self, ask: Ask) -> Mapping[str, str]:
        common = {"adjust": "splits", "outputsize": str(MOST_POINTS)}
        if ask.window is None:
            return common
        # a mere day as end_date is its midnight, which leaves the day itself out of intraday bars
        return {**common, "start_date": f"{ask.window.start}T00:00:00", "end_date": f"{ask.window.end}T23:59:59"}

    def requests(self, ask: Ask) -> tuple[Request, ...]:
        if ask.window is None:
            return super().requests(ask)
        found, start = list[Request](), ask.window.start
        while start <= ask.window.end:
            end = min(start + self.span - ONE_DAY, ask.window.end)
            found.extend(super().requests(replace(ask, window=Window(start, end))))
            start = end + ONE_DAY
        return tuple(found)

    def rows(self, symbol: str, found: Mapping[str, Any], answer: Answer) -> list[Row]:
        meta = found["meta"]
        currency, unit = major_unit(meta.get("currency"))
        common = {
            "symbol": symbol,
            "adjustment": ADJUSTMENTS[answer.params.get("adjust") or "splits"],
            "currency": currency,
        }
        place = _zone(answer.params.get("timezone"), meta)
        return [
            {**common, **self.place(bar["datetime"], place), **_figures(bar, unit)}
            for bar in rows_of(found["values"], "values")
        ]

    def place(self, at: Any, place: tzinfo) -> Row:
        """Timeframe, start and session of a bar."""
        (timeframe,) = self.timeframes
        return {"timeframe": timeframe, "bar_start": moment(at, place), "session": day(at)}


class HourlySeries(Series):
    """From half past nine on, hour by hour, in regular trading only."""

    fixed: ClassVar[Mapping[str, str]] = {"interval": "1h"}
    timeframes = ("1h",)
    span = timedelta(days=MOST_POINTS // 24)


class DailySeries(Series):
    fixed: ClassVar[Mapping[str, str]] = {"interval": "1day"}
    timeframes = ("1d",)
    span = timedelta(days=MOST_POINTS)

    def place(self, at: Any, place: tzinfo) -> Row:
        session = day(at)
        start = None if session is None else local_midnight(session, place)
        return {"timeframe": "1d", "bar_start": start, "session": session}


def _zone(wanted: str | None, meta: Mapping[str, Any]) -> tzinfo:
    """The zone of an answer's times: the one asked for, else the exchange's; currencies have none and are in UTC."""
    name = wanted if wanted not in (None, "Exchange") else text(meta.get("exchange_timezone"))
    return UTC if name is None else zone(name)


def _figures(bar: Mapping[str, Any], unit: Decimal) -> Row:
    prices = {name: scaled(number(bar[name]), unit) for name in ("open", "high", "low", "close")}
    return {**prices, "volume": number(bar.get("volume"))}
