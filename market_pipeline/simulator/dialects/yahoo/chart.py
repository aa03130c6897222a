"""Charts: bars in parallel arrays, adjusted for splits, with the dividends and splits among them."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from market_pipeline.providers.normalise import dashed_symbol
from market_pipeline.simulator.dialect import NEW_YORK, Call, Reply
from market_pipeline.simulator.dialects.yahoo.values import canonical, envelope, midnight, refusal, seconds
from market_pipeline.simulator.market import Bar, Timeframe

EXCHANGES = {"NASDAQ": ("NMS", "NasdaqGS"), "NYSE": ("NYQ", "NYSE")}
TIMEFRAMES: dict[str, Timeframe] = {"1d": "1d", "1h": "1h", "60m": "1h"}
RANGES = {"1d": 1, "5d": 7, "1mo": 31, "3mo": 92, "6mo": 183, "1y": 366, "2y": 731, "5y": 1827, "10y": 3653}  # days
_RANGE, _EVENTS = "6mo", "div|split"  # where nothing is said
_HOURLY_REACH = timedelta(days=730)


def chart(call: Call) -> Reply:
    symbol = canonical(call.values["symbol"])
    if not call.market.knows(symbol):
        return refusal("chart", 404, "Not Found", "No data found, symbol may be delisted")
    interval = call.params.get("interval", "1d")
    if interval not in TIMEFRAMES:
        said = f"Invalid input - interval={interval} is not supported. Valid intervals: [{', '.join(TIMEFRAMES)}]"
        return refusal("chart", 400, "Bad Request", said)
    start, end = _period(call, symbol)
    if TIMEFRAMES[interval] == "1h" and start < call.now - _HOURLY_REACH:
        period = f"startTime={seconds(start)} and endTime={seconds(end)}"
        said = f"1h data not available for {period}. The requested range must be within the last 730 days."
        return refusal("chart", 422, "Unprocessable Entity", said)
    return envelope("chart", [chart_of(call, symbol)])


def chart_of(call: Call, symbol: str) -> dict[str, Any]:
    """One chart.  Without bars it has no timestamps, and an empty object for the quotes."""
    timeframe = TIMEFRAMES[call.params.get("interval", "1d")]
    start, end = _period(call, symbol)
    days = start.astimezone(NEW_YORK).date(), end.astimezone(NEW_YORK).date()

    def bars(adjustment: Any) -> list[Bar]:
        found = call.market.bars(symbol, *days, timeframe, as_of=call.now, adjustment=adjustment)
        return [bar for bar in found if start <= bar.start < end]

    found = bars("split")
    indicators: dict[str, Any] = {"quote": [_columns(found)]}
    if timeframe == "1d":
        adjusted = [bar.close for bar in bars("split_dividend")]
        indicators["adjclose"] = [{"adjclose": adjusted} if found else {}]
    described: dict[str, Any] = {"meta": _meta(call, symbol, days[0]), "indicators": indicators}
    if found:
        described["timestamp"] = [seconds(bar.start) for bar in found]
        events = _events(call, symbol, found)
        if events:
            described["events"] = events
    return described


def _period(call: Call, symbol: str) -> tuple[datetime, datetime]:
    """From period1 to before period2, or the `range` that ends with the last session."""
    if "period1" in call.params:
        end = call.params.get("period2")
        until = call.now if end is None else datetime.fromtimestamp(int(end), UTC)
        return datetime.fromtimestamp(int(call.params["period1"]), UTC), until
    days = RANGES.get(call.params.get("range", _RANGE), 1)
    first_day = call.market.quote(symbol, call.now).session - timedelta(days=days - 1)
    return datetime.combine(first_day, time.min, NEW_YORK).astimezone(UTC), call.now + timedelta(seconds=1)


def _columns(bars: Sequence[Bar]) -> dict[str, list[Any]]:
    if not bars:
        return {}
    return {name: [getattr(bar, name) for bar in bars] for name in ("open", "high", "low", "close", "volume")}


def _events(call: Call, symbol: str, bars: Sequence[Bar]) -> dict[str, Any]:
    """What was asked for by `events` (div, split) and falls on a day of the bars, keyed by the day's opening."""
    days = (bars[0].session, bars[-1].session)
    found: dict[str, Any] = {}
    asked = call.params.get("events", _EVENTS)
    if "div" in asked:
        for dividend in call.market.dividends(symbol, *days, as_of=call.now):
            at = seconds(call.market.hours(dividend.ex_date).open)
            found.setdefault("dividends", {})[str(at)] = {"amount": dividend.adjusted_amount, "date": at}
    if "split" in asked:
        for split in call.market.splits(symbol, *days, as_of=call.now):
            at = seconds(call.market.hours(split.ex_date).open)
            found.setdefault("splits", {})[str(at)] = {
                "date": at,
                "numerator": split.numerator,
                "denominator": split.denominator,
                "splitRatio": f"{split.numerator}:{split.denominator}",
            }
    return found


def _meta(call: Call, symbol: str, first_day: date) -> dict[str, Any]:
    company, quote = call.market.company(symbol, as_of=call.now), call.market.quote(symbol, call.now)
    local = quote.as_of.astimezone(NEW_YORK)
    offset = int((local.utcoffset() or timedelta()).total_seconds())
    exchange, exchange_name = EXCHANGES[company.exchange]
    week_before = first_day - timedelta(days=7), first_day - timedelta(days=1)
    before = call.market.bars(symbol, *week_before, as_of=call.now, adjustment="split")
    return {
        "currency": company.currency,
        "symbol": dashed_symbol(symbol),
        "exchangeName": exchange,
        "fullExchangeName": exchange_name,
        "instrumentType": "EQUITY",
        "firstTradeDate": midnight(company.ipo_date),
        "regularMarketTime": seconds(quote.as_of),
        "hasPrePostMarketData": True,
        "gmtoffset": offset,
        "timezone": local.tzname(),
        "exchangeTimezoneName": "America/New_York",
        "regularMarketPrice": quote.price,
        "regularMarketDayHigh": quote.high,
        "regularMarketDayLow": quote.low,
        "regularMarketVolume": quote.volume,
        "longName": company.name,
        "shortName": company.name,
        "chartPreviousClose": before[-1].close if before else quote.previous_close,
        "priceHint": 2,
        "currentTradingPeriod": _trading_periods(call, quote.session, local.tzname(), offset),
        "dataGranularity": TIMEFRAMES[call.params.get("interval", "1d")],
        "range": "" if "period1" in call.params else call.params.get("range", _RANGE),
        "validRanges": [*RANGES, "ytd", "max"],
    }


def _trading_periods(call: Call, session: date, zone: str | None, offset: int) -> dict[str, Any]:
    hours = call.market.hours(session)
    first, last = (datetime.combine(session, at, NEW_YORK) for at in (time(4), time(20)))
    periods = {"pre": (first, hours.open), "regular": (hours.open, hours.close), "post": (hours.close, last)}
    return {
        name: {"timezone": zone, "start": seconds(start), "end": seconds(end), "gmtoffset": offset}
        for name, (start, end) in periods.items()
    }
