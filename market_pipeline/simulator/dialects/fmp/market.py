"""Quotes and bars."""

from collections.abc import Mapping
from typing import Any

from market_pipeline.simulator.dialect import NEW_YORK, Call
from market_pipeline.simulator.dialects.fmp.questions import TIME, days, spelled
from market_pipeline.simulator.market import Bar, Timeframe

TIMEFRAMES: Mapping[str, Timeframe] = {"1hour": "1h", "5min": "5m", "1min": "1m"}


def quote(call: Call, symbol: str) -> dict[str, Any]:
    found, ratios = call.market.quote(symbol, call.now), call.market.ratios(symbol, call.now)
    company = call.market.company(symbol, as_of=call.now)
    return {
        "symbol": spelled(symbol),
        "name": company.name,
        "price": found.price,
        "changePercentage": found.change_percent,
        "change": found.change,
        "volume": found.volume,
        "dayLow": found.low,
        "dayHigh": found.high,
        "yearHigh": ratios.week52_high,
        "yearLow": ratios.week52_low,
        "marketCap": ratios.market_cap,
        "priceAvg50": ratios.average_50d,
        "priceAvg200": ratios.average_200d,
        "exchange": company.exchange,
        "open": found.open,
        "previousClose": found.previous_close,
        "timestamp": int(found.as_of.timestamp()),
    }


def daily_prices(call: Call, symbol: str) -> list[dict[str, Any]]:
    found = call.market.bars(symbol, *days(call, 5 * 365, 0), as_of=call.now, adjustment="split")
    return [_daily_price(bar) for bar in reversed(found)]


def _daily_price(bar: Bar) -> dict[str, Any]:
    change = bar.close - bar.open
    return {
        "symbol": spelled(bar.symbol),
        "date": bar.session.isoformat(),
        "open": bar.open,
        "high": bar.high,
        "low": bar.low,
        "close": bar.close,
        "volume": bar.volume,
        "change": change,
        "changePercent": round(change / bar.open * 100, 5),
        "vwap": bar.vwap,
    }


def intraday_prices(call: Call, symbol: str) -> list[dict[str, Any]]:
    timeframe = TIMEFRAMES[call.values["interval"]]
    found = call.market.bars(symbol, *days(call, 30, 0), timeframe, as_of=call.now, adjustment="split")
    return [
        {
            "date": bar.start.astimezone(NEW_YORK).strftime(TIME),
            "open": bar.open,
            "low": bar.low,
            "high": bar.high,
            "close": bar.close,
            "volume": bar.volume,
        }
        for bar in reversed(found)
    ]
