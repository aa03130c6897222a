"""The market in Polygon's dialect: quotes and bars."""

from datetime import date, datetime, timedelta
from typing import Any

from market_pipeline.simulator.dialect import NEW_YORK, Call, Reply
from market_pipeline.simulator.dialects.polygon.envelopes import (
    envelope,
    error,
    midnight,
    milliseconds,
    nanoseconds,
    not_authorized,
    page,
    question,
    ticker_not_found,
)
from market_pipeline.simulator.market import Adjustment, Bar, Quote, Timeframe

ROUND_LOT = 100  # shares: sizes are told in round lots
TWO_WEEKS = timedelta(days=14)
FREE_HISTORY = timedelta(days=730)
TIMEFRAMES: dict[tuple[str, str], Timeframe] = {("1", "day"): "1d", ("1", "hour"): "1h", ("60", "minute"): "1h"}
MARKET_STATES = {"PRE": "early_trading", "REGULAR": "open", "POST": "late_trading", "CLOSED": "closed"}


def _known(call: Call, tickers: str) -> list[str]:
    return [ticker for ticker in tickers.split(",") if call.market.knows(ticker)]


def snapshots(call: Call) -> Reply:
    """Of the tickers asked for, or of all; unknown ones are left out."""
    asked = call.params.get("tickers")
    tickers = list(call.market.symbols()) if asked is None else _known(call, asked)
    return Reply({"count": len(tickers), "status": "OK", "tickers": [_snapshot(call, one) for one in tickers]})


def snapshot(call: Call) -> Reply:
    ticker = call.values["ticker"]
    if not call.market.knows(ticker):
        return ticker_not_found(call)
    return Reply({"status": "OK", "ticker": _snapshot(call, ticker)})


def _snapshot(call: Call, ticker: str) -> dict[str, Any]:
    found = call.market.quote(ticker, call.now)
    traded_at = nanoseconds(found.as_of)
    today = call.market.bar(ticker, found.session, as_of=call.now)
    before = _over(call, ticker, found.session - timedelta(days=1))[-1]
    minute = dict.fromkeys(("c", "h", "l", "o", "vw"), found.price)
    return {
        "day": {} if today is None else _prices(today),
        "lastQuote": {
            "P": found.ask,
            "S": found.ask_size // ROUND_LOT,
            "p": found.bid,
            "s": found.bid_size // ROUND_LOT,
            "t": traded_at,
        },
        "lastTrade": {"c": [12], "i": "1", "p": found.price, "s": ROUND_LOT, "t": traded_at, "x": 12},
        "min": {**minute, "v": ROUND_LOT},
        "prevDay": _prices(before),
        "ticker": ticker,
        "todaysChange": found.change,
        "todaysChangePerc": found.change_percent,
        "updated": traded_at,
    }


def _prices(bar: Bar) -> dict[str, Any]:
    return {"c": bar.close, "h": bar.high, "l": bar.low, "o": bar.open, "v": bar.volume, "vw": bar.vwap}


def universal_snapshot(call: Call) -> Reply:
    """Of the tickers asked for, or of all; unknown ones get an error of their own among the others."""
    asked = question(call).get("ticker.any_of")
    tickers = call.market.symbols() if asked is None else asked.split(",")
    return page(call, [_state(call, one) for one in tickers], default=10, most=250)


def _state(call: Call, ticker: str) -> dict[str, Any]:
    if not call.market.knows(ticker):
        return {"error": "NOT_FOUND", "message": "Ticker not found.", "ticker": ticker}
    found = call.market.quote(ticker, call.now)
    updated = nanoseconds(found.as_of)
    return {
        "last_quote": {
            "ask": found.ask,
            "ask_size": found.ask_size // ROUND_LOT,
            "bid": found.bid,
            "bid_size": found.bid_size // ROUND_LOT,
            "last_updated": updated,
            "timeframe": "REAL-TIME",
        },
        "last_trade": {
            "conditions": [12],
            "exchange": 12,
            "id": "1",
            "last_updated": updated,
            "price": found.price,
            "size": ROUND_LOT,
            "timeframe": "REAL-TIME",
        },
        "market_status": MARKET_STATES[found.market_state],
        "name": call.market.company(ticker, as_of=call.now).name,
        "session": _session(found),
        "ticker": ticker,
        "type": "stocks",
    }


def _session(found: Quote) -> dict[str, Any]:
    return {
        "change": found.change,
        "change_percent": found.change_percent,
        "close": found.price,
        "early_trading_change": 0,
        "early_trading_change_percent": 0,
        "high": found.high,
        "late_trading_change": 0,
        "late_trading_change_percent": 0,
        "low": found.low,
        "open": found.open,
        "previous_close": found.previous_close,
        "volume": found.volume,
    }


def last_trade(call: Call) -> Reply:
    ticker = call.values["ticker"]
    if not call.market.knows(ticker):
        return ticker_not_found(call)
    found = call.market.quote(ticker, call.now)
    at = nanoseconds(found.as_of)
    place = {"x": 4, "r": 202, "z": 3, "f": at, "y": at, "t": at, "q": 1}
    return Reply(
        {"results": {"c": [12], "i": "1", "p": found.price, "s": ROUND_LOT, "T": ticker, **place}, **envelope(call)}
    )


def _today(call: Call) -> date:
    return call.now.astimezone(NEW_YORK).date()


def _adjustment(call: Call) -> Adjustment:
    return "raw" if question(call).get("adjusted") == "false" else "split"


def _over(call: Call, ticker: str, end: date) -> list[Bar]:
    """Daily bars of two weeks, of sessions that are over: what free keys get, a day once it has ended."""
    found = call.market.bars(ticker, end - TWO_WEEKS, end, as_of=call.now, adjustment=_adjustment(call))
    return [bar for bar in found if bar.complete]


def previous_close(call: Call) -> Reply:
    ticker = call.values["ticker"]
    bars = _over(call, ticker, _today(call))[-1:] if call.market.knows(ticker) else []
    results = [{"T": ticker, **_prices(bar), "t": milliseconds(bar.end)} for bar in bars]
    counted = {"queryCount": len(bars), "resultsCount": len(bars), "adjusted": _adjustment(call) == "split"}
    return Reply({"ticker": ticker, "status": "OK", **counted, "results": results})


def _bar(bar: Bar, at: datetime) -> dict[str, Any]:
    return {**_prices(bar), "t": milliseconds(at), "n": bar.trades}


def _aggregates(call: Call, bars: list[dict[str, Any]], **rest: Any) -> Reply:
    """Bars in their envelope, which leaves `results` out where there are none."""
    counted = {"queryCount": len(bars), "resultsCount": len(bars), "adjusted": _adjustment(call) == "split"}
    found = {"results": bars, "count": len(bars)} if bars else {}
    return Reply({**rest, **counted, **found, **envelope(call)})


def aggregates(call: Call) -> Reply:
    """Bars from day to day, no older than two years and no younger than the last session that is over."""
    ticker, timeframe = call.values["ticker"], TIMEFRAMES.get((call.values["multiplier"], call.values["timespan"]))
    try:
        start, end = (date.fromisoformat(call.values[name]) for name in ("from", "to"))
    except ValueError:
        return error(call, 400, "Could not parse the time parameter: use YYYY-MM-DD or Unix MS Timestamps")
    oldest = _today(call) - FREE_HISTORY
    if end < oldest:
        return not_authorized(call, "Your plan doesn't include this data timeframe.")
    if timeframe is None or not call.market.knows(ticker):
        return _aggregates(call, [], ticker=ticker)
    span = max(start, oldest), end
    found = call.market.bars(ticker, *span, timeframe, as_of=call.now, adjustment=_adjustment(call))
    over = [bar for bar in found if call.market.hours(bar.session).close <= call.now]
    bars = [_bar(bar, midnight(bar.session) if timeframe == "1d" else bar.start) for bar in over]
    return _aggregates(call, bars[::-1] if call.params.get("sort") == "desc" else bars, ticker=ticker)


def grouped_daily(call: Call) -> Reply:
    """Every share of the market on one day, stamped with the close."""
    day = date.fromisoformat(call.values["date"])
    if not call.market.sessions(day, day):
        return _aggregates(call, [])
    if call.market.hours(day).close > call.now:
        return not_authorized(call, "Attempted to request today's data before end of day.")
    found = (call.market.bar(one, day, as_of=call.now, adjustment=_adjustment(call)) for one in call.market.symbols())
    return _aggregates(call, [{"T": bar.symbol, **_bar(bar, bar.end)} for bar in found if bar is not None])
