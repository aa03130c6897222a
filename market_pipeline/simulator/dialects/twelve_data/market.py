"""Quotes and bars in Twelve Data's dialect."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from market_pipeline.simulator.dialect import NEW_YORK, Call
from market_pipeline.simulator.dialects.twelve_data.wording import TIERS, NothingThere, days, figure, instrument
from market_pipeline.simulator.market import Adjustment, Bar, Timeframe

TIMEFRAMES: Mapping[str, Timeframe] = {"1day": "1d", "1h": "1h", "5min": "5m", "1min": "1m"}
ADJUSTMENTS: Mapping[str, Adjustment] = {"splits": "split", "all": "split_dividend", "none": "raw"}
NOTHING = "No data is available on the specified dates. Try setting different start/end dates."
LAST_MINUTE = timedelta(minutes=1)
MOST_POINTS = 5000
USUAL_POINTS = 30
A_YEAR_BACK = 365


def quote(call: Call, symbol: str) -> dict[str, Any]:
    found, ratios = call.market.quote(symbol, call.now), call.market.ratios(symbol, call.now)
    company, session = call.market.company(symbol, as_of=call.now), call.market.hours(found.session)
    last_minute = max(session.open, found.as_of - LAST_MINUTE)
    return {
        "symbol": symbol,
        "name": company.name,
        "exchange": company.exchange,
        "mic_code": TIERS[company.exchange],
        "currency": company.currency,
        "datetime": found.session.isoformat(),
        "timestamp": int(session.open.timestamp()),
        "last_quote_at": int(last_minute.timestamp()),
        "open": figure(found.open),
        "high": figure(found.high),
        "low": figure(found.low),
        "close": figure(found.price),
        "volume": str(found.volume),
        "previous_close": figure(found.previous_close),
        "change": figure(found.change),
        "percent_change": figure(found.change_percent),
        "average_volume": str(ratios.average_volume_3m),
        "is_market_open": found.market_state == "REGULAR",
        "fifty_two_week": {
            "low": figure(ratios.week52_low),
            "high": figure(ratios.week52_high),
            "low_change": figure(found.price - ratios.week52_low),
            "high_change": figure(found.price - ratios.week52_high),
            "low_change_percent": figure((found.price / ratios.week52_low - 1) * 100),
            "high_change_percent": figure((found.price / ratios.week52_high - 1) * 100),
            "range": f"{ratios.week52_low:f} - {ratios.week52_high:f}",
        },
    }


def time_series(call: Call, symbol: str) -> dict[str, Any]:
    """The newest bars of the range, as many as `outputsize` says; without a range 30 of them."""
    interval = call.params.get("interval", "")
    adjustment = ADJUSTMENTS[call.params.get("adjust", "splits")]
    is_ranged = "start_date" in call.params
    found = call.market.bars(
        symbol, *days(call, A_YEAR_BACK, 0), TIMEFRAMES[interval], as_of=call.now, adjustment=adjustment
    )
    if not found:
        raise NothingThere(NOTHING)
    points = int(call.params.get("outputsize", MOST_POINTS if is_ranged else USUAL_POINTS))
    company = call.market.company(symbol, as_of=call.now)
    meta = {"symbol": symbol, "interval": interval, **instrument(company, "symbol", "name")}
    return {"meta": meta, "values": [_bar(bar) for bar in reversed(found[-points:])], "status": "ok"}


def _bar(bar: Bar) -> dict[str, Any]:
    local = bar.start.astimezone(NEW_YORK)
    return {
        "datetime": bar.session.isoformat() if bar.timeframe == "1d" else f"{local:%Y-%m-%d %H:%M:%S}",
        "open": figure(bar.open),
        "high": figure(bar.high),
        "low": figure(bar.low),
        "close": figure(bar.close),
        "volume": str(bar.volume),
    }
