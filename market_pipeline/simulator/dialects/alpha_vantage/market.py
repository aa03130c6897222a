"""The market in Alpha Vantage's dialect: quotes, bars, options."""

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal

from market_pipeline.simulator.dialect import NEW_YORK, Call, Reply
from market_pipeline.simulator.dialects.alpha_vantage.texts import (
    PLANS,
    canonical,
    information,
    invalid_call,
    of_symbol,
    premium,
    premium_sample,
    spelled,
    table,
    wants_csv,
    written,
)
from market_pipeline.simulator.market import Adjustment, Bar, OptionContract

COMPACT = 100
TWENTY_WEEKS = timedelta(days=160)  # holds 100 sessions
TIME = "%Y-%m-%d %H:%M:%S"
A_SAMPLE = {
    "contractID": "XXYYZZ999999C00020000",
    "symbol": "XXYYZZ",
    "expiration": "2099-99-99",
    "strike": "20.00",
    "type": "call",
    "last": "100.00",
    "mark": "100.10",
    "bid": "100.05",
    "bid_size": "100",
    "ask": "100.15",
    "ask_size": "100",
    "volume": "100",
    "open_interest": "100",
    "date": "2049-99-99",
}


def _finished(call: Call, symbol: str, start: date, end: date) -> list[Bar]:
    """Daily bars of the sessions that are over, oldest first."""
    return [bar for bar in call.market.bars(symbol, start, end, as_of=call.now) if bar.complete]


def _today(call: Call) -> date:
    return call.now.astimezone(NEW_YORK).date()


def global_quote(call: Call, symbol: str) -> Reply:
    """The last session that is over, as free keys get it."""
    before, last = _finished(call, symbol, _today(call) - timedelta(days=14), _today(call))[-2:]
    change = last.close - before.close
    columns = {
        "symbol": spelled(symbol),
        "open": _price(last.open),
        "high": _price(last.high),
        "low": _price(last.low),
        "price": _price(last.close),
        "volume": written(last.volume),
        "latestDay": last.session.isoformat(),
        "previousClose": _price(before.close),
        "change": _price(change),
        "changePercent": f"{change / before.close:.4%}",
    }
    if wants_csv(call):
        return table([columns], ",".join(columns))
    names = "symbol,open,high,low,price,volume,latest trading day,previous close,change,change percent".split(",")
    numbered = (f"{number:02}. {name}" for number, name in enumerate(names, 1))
    return Reply({"Global Quote": dict(zip(numbered, columns.values(), strict=True))})


def _price(value: Decimal) -> str:
    return f"{value:.4f}"


def daily(call: Call, symbol: str) -> Reply:
    if call.params.get("outputsize") == "full":
        feature = "The outputsize=full parameter value is a premium feature for the TIME_SERIES_DAILY endpoint."
        return information(f"{feature} You may subscribe to any of the premium plans at {PLANS}")
    bars = _finished(call, symbol, _today(call) - TWENTY_WEEKS, _today(call))[-COMPACT:]
    stamped = {bar.session.isoformat(): bar for bar in reversed(bars)}
    meta = {
        "1. Information": "Daily Prices (open, high, low, close) and Volumes",
        "2. Symbol": spelled(symbol),
        "3. Last Refreshed": next(iter(stamped), ""),
        "4. Output Size": "Compact",
        "5. Time Zone": "US/Eastern",
    }
    return _bars(call, stamped, "Time Series (Daily)", meta)


def intraday(call: Call, symbol: str) -> Reply:
    if call.params.get("interval") != "60min":
        return invalid_call(call)
    adjustment: Adjustment = "raw" if call.params.get("adjusted") == "false" else "split_dividend"
    start, end = _month(call)
    found = call.market.bars(symbol, start, end, "1h", as_of=call.now, adjustment=adjustment)
    stamped = {bar.start.astimezone(NEW_YORK).strftime(TIME): bar for bar in reversed(found) if bar.complete}
    if call.params.get("outputsize") != "full":
        stamped = dict(list(stamped.items())[:COMPACT])
    meta = {
        "1. Information": "Intraday (60min) open, high, low, close prices and volume",
        "2. Symbol": spelled(symbol),
        "3. Last Refreshed": next(iter(stamped), ""),
        "4. Interval": "60min",
        "5. Output Size": "Full size" if call.params.get("outputsize") == "full" else "Compact",
        "6. Time Zone": "US/Eastern",
    }
    return _bars(call, stamped, "Time Series (60min)", meta)


def _month(call: Call) -> tuple[date, date]:
    """The days of the parameter `month`; without one, the latest 30."""
    today, month = _today(call), call.params.get("month")
    if month is None:
        return today - timedelta(days=30), today
    first = date.fromisoformat(f"{month}-01")
    return first, (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)


def _bars(call: Call, stamped: dict[str, Bar], name: str, meta: dict[str, str]) -> Reply:
    rows = {
        stamp: {
            "open": _price(bar.open),
            "high": _price(bar.high),
            "low": _price(bar.low),
            "close": _price(bar.close),
            "volume": written(bar.volume),
        }
        for stamp, bar in stamped.items()
    }
    if wants_csv(call):
        lines = [{"timestamp": stamp, **row} for stamp, row in rows.items()]
        return table(lines, "timestamp,open,high,low,close,volume")
    numbered = {
        stamp: {f"{at}. {key}": value for at, (key, value) in enumerate(row.items(), 1)} for stamp, row in rows.items()
    }
    return Reply({"Meta Data": meta, name: numbered})


def historical_options(call: Call) -> Reply:
    """The chain at the close of a session that is over; without a date, of the last one."""
    symbol, today = canonical(call.params.get("symbol", "")), _today(call)
    day = call.params.get("date")
    asked = (today - timedelta(days=14), today) if day is None else (date.fromisoformat(day),) * 2
    closes = [call.market.hours(session).close for session in call.market.sessions(*asked)]
    over = [close for close in closes if close < call.now]
    if not over or not call.market.knows(symbol):
        told = (
            f"No data for symbol {symbol} on date {day}. Please specify a valid combination of symbol and trading day."
        )
        return Reply({"endpoint": "Historical Options", "message": told, "data": []})
    chain = call.market.option_chain(symbol, over[-1])
    session = over[-1].astimezone(NEW_YORK).date()
    contracts = [_contract(one, session) for one in chain.contracts]
    return Reply({"endpoint": "Historical Options", "message": "success", "data": contracts})


def _contract(found: OptionContract, session: date) -> dict[str, str]:
    greeks = {name: f"{getattr(found, name):.5f}" for name in ("delta", "gamma", "theta", "vega", "rho")}
    return {
        "contractID": found.contract_symbol,
        "symbol": spelled(found.symbol),
        "expiration": found.expiration.isoformat(),
        "strike": f"{found.strike:.2f}",
        "type": found.kind,
        "last": f"{found.last:.2f}",
        "mark": f"{(found.bid + found.ask) / 2:.2f}",
        "bid": f"{found.bid:.2f}",
        "bid_size": written(found.bid_size),
        "ask": f"{found.ask:.2f}",
        "ask_size": written(found.ask_size),
        "volume": written(found.volume),
        "open_interest": written(found.open_interest),
        "date": session.isoformat(),
        "implied_volatility": f"{found.implied_volatility:.5f}",
        **greeks,
    }


MARKET_FUNCTIONS: dict[str, Callable[[Call], Reply]] = {
    "GLOBAL_QUOTE": of_symbol(global_quote, lambda call: Reply({"Global Quote": {}})),
    "TIME_SERIES_DAILY": of_symbol(daily, invalid_call),
    "TIME_SERIES_DAILY_ADJUSTED": premium,
    "TIME_SERIES_INTRADAY": of_symbol(intraday, invalid_call),
    "REALTIME_OPTIONS": premium_sample("Realtime Options", A_SAMPLE),
    "HISTORICAL_OPTIONS": historical_options,
}
