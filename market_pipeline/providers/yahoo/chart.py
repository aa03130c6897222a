"""Charts: `/v8/finance/chart/{symbol}`, bars with the dividends and splits among them.

Prices, volumes and dividends are adjusted for splits; `adjclose` (of daily bars only) for dividends too.  Times are
starts of bars: daily ones at the exchange's opening, or at midnight where it has none (currencies, crypto).
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import ClassVar

from market_pipeline.providers.dates import local_midnight, zone
from market_pipeline.providers.dividends import add_up_dividends
from market_pipeline.providers.errors import NoData
from market_pipeline.providers.messages import Answer, Ask, Parsed, Row
from market_pipeline.providers.normalise import major_unit
from market_pipeline.providers.yahoo.values import Object, YahooEndpoint, due, figure, money, part, results, when

_TIMEFRAMES = {"1d": "1d", "1h": "1h", "60m": "1h"}
_HOURLY_REACH = timedelta(days=729)  # "The requested range must be within the last 730 days"
_DIVIDEND_HISTORY = "5y"
_HOUR = timedelta(hours=1)


class HistoricalPrices(YahooEndpoint):
    """Bars of a day or of an hour of the regular session."""

    data_type = "historical_prices"
    path = "/v8/finance/chart/{symbol}"
    timeframes = ("1d", "1h")

    def serves(self, ask: Ask) -> bool:
        too_old = ask.window is not None and ask.window.start < (ask.now - _HOURLY_REACH).date()
        return super().serves(ask) and not (ask.timeframe == "1h" and too_old)

    def params(self, ask: Ask) -> Mapping[str, str]:
        params = {"interval": ask.timeframe or "1d", "events": "div|split", "includePrePost": "false"}
        if ask.window is None:
            return {**params, "range": "1mo"}
        # From a day before: when it is midnight in UTC, the day's session has opened in Auckland and Sydney.
        begin, end = (datetime.combine(day, time.min, UTC) for day in (ask.window.start, ask.window.end))
        period = {"period1": begin - timedelta(days=1), "period2": end + timedelta(days=1)}
        return {**params, **{name: str(int(at.timestamp())) for name, at in period.items()}}

    def match(self, path: str, params: Mapping[str, str], now: datetime) -> Ask | None:
        ask = super().match(path, params, now)
        timeframe = _TIMEFRAMES.get(params.get("interval", "1d"))
        if ask is None or timeframe is None or params.get("events") == "div":
            return None
        return replace(ask, timeframe=timeframe)

    def parse(self, answer: Answer, ask: Ask) -> Parsed:
        chart = _chart(answer, ask)
        meta = chart["meta"]
        timeframe = _TIMEFRAMES.get(meta["dataGranularity"])
        if timeframe is None:  # Yahoo widens the bars of a range that is too long for the interval
            raise NoData(f"Yahoo has bars of {meta['dataGranularity']} only for this range")
        rows = {row["bar_start"]: row for row in _bars(chart, timeframe)}  # of two bars of today the later counts
        if timeframe == "1h":
            _drop_last_trade(rows, when(meta.get("regularMarketTime")))
        return Parsed([{"symbol": ask.symbol, **row} for row in rows.values()])


class Dividends(YahooEndpoint):
    """The dividends in a chart of daily bars, by ex-date."""

    data_type = "dividends"
    path = "/v8/finance/chart/{symbol}"
    fixed: ClassVar = {"events": "div"}

    def params(self, ask: Ask) -> Mapping[str, str]:
        return {"interval": "1d", "range": _DIVIDEND_HISTORY}

    def parse(self, answer: Answer, ask: Ask) -> Parsed:
        chart = _chart(answer, ask)
        currency, _ = major_unit(chart["meta"].get("currency"))
        rows = [
            {"symbol": ask.symbol, "ex_date": session, "amount": amount, "adjustment": "split", "currency": currency}
            for session, amount in _dividends(chart)
        ]
        return Parsed(add_up_dividends(rows))


def _chart(answer: Answer, ask: Ask) -> Object:
    found = results(answer, "chart")
    if not found:
        raise NoData(f"Yahoo has no chart of {ask.symbol} for this range")
    return found[0]


def _bars(chart: Object, timeframe: str) -> Iterator[Row]:
    """Rows without a symbol.  A chart without bars has no timestamps; a bar without trades is a row of nulls."""
    meta = chart["meta"]
    exchange = zone(meta.get("exchangeTimezoneName"))
    currency, unit = major_unit(meta.get("currency"))
    stamps = chart.get("timestamp")
    if stamps is None:
        return
    quote, adjusted = chart["indicators"]["quote"][0], chart["indicators"].get("adjclose")
    adjusted_closes = [None] * len(stamps) if adjusted is None else adjusted[0]["adjclose"]
    events = _events_of_sessions(chart) if timeframe == "1d" else {}
    columns = (quote["open"], quote["high"], quote["low"], quote["close"], adjusted_closes)
    for stamp, volume, *prices in zip(stamps, quote["volume"], *columns, strict=True):
        found = [money(price, unit) for price in prices]
        if None in found[:4]:
            continue
        start = due(when(stamp), "timestamp")
        session = start.astimezone(exchange).date()
        yield {
            "timeframe": timeframe,
            "bar_start": local_midnight(session, exchange) if timeframe == "1d" else start,
            "session": session,
            "adjustment": "split",
            **dict(zip(("open", "high", "low", "close", "adjusted_close"), found, strict=True)),
            "volume": figure(volume),
            "currency": currency,
            **events.get(session, {}),
        }


def _drop_last_trade(rows: dict[datetime, Row], traded_at: datetime | None) -> None:
    """Yahoo appends the last trade as a bar of its own, less than an hour after the bar that it belongs to."""
    last_two = list(rows)[-2:]
    if len(last_two) == 2 and last_two[1] == traded_at and last_two[1] - last_two[0] < _HOUR:
        del rows[last_two[1]]


def _events_of_sessions(chart: Object) -> dict[date, Row]:
    """What the bars of days with a dividend or a split say about it."""
    found: dict[date, Row] = {}
    for session, amount in _dividends(chart):
        event = found.setdefault(session, {})
        event["dividend"] = event.get("dividend", Decimal(0)) + amount
    for session, split in _events(chart, "splits"):
        new, old = figure(split["numerator"]), figure(split["denominator"])
        found.setdefault(session, {})["split_factor"] = due(new, "numerator") / due(old, "denominator")
    return found


def _dividends(chart: Object) -> Iterator[tuple[date, Decimal]]:
    _, unit = major_unit(chart["meta"].get("currency"))
    for session, dividend in _events(chart, "dividends"):
        yield session, due(money(dividend["amount"], unit), "amount")


def _events(chart: Object, kind: str) -> Iterator[tuple[date, Object]]:
    exchange = zone(chart["meta"].get("exchangeTimezoneName"))
    for event in part(part(chart, "events"), kind).values():
        yield due(when(event["date"]), "date").astimezone(exchange).date(), event
