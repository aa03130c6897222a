"""Quotes, bars and options in EODHD's dialect."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import groupby
from typing import Any

from market_pipeline.simulator.dialect import NEW_YORK, Call, Reply
from market_pipeline.simulator.dialects.eodhd.wording import (
    CSV,
    US,
    Table,
    as_csv,
    asked,
    canonical,
    days,
    spelled,
    table,
)
from market_pipeline.simulator.market import Bar, OptionContract

QUOTE = "code,timestamp,gmtoffset,open,high,low,close,volume,previousClose,change,change_p"
DAILY = "Date,Open,High,Low,Close,Adjusted_close,Volume"
BULK = "Code,Ex,Date,Open,High,Low,Close,Adjusted_close,Volume"
INTRADAY = "Timestamp,Gmtoffset,Datetime,Open,High,Low,Close,Volume"
NOT_TRADED = "NA"
A_MONTH, A_YEAR = 30, 365
TIME = "%Y-%m-%d %H:%M:%S"


def real_time(call: Call) -> Reply:
    """One ticker in the path and further ones in `s`; unknown ones have a row too, without figures."""
    spelled_ones = [call.values["symbol"], *filter(None, call.params.get("s", "").split(","))]
    rows = [_minute(call, one.strip().upper()) for one in spelled_ones]
    reply = table(call, rows, QUOTE)
    return Reply(rows[0]) if call.params.get("fmt") == "json" and len(rows) == 1 else reply


def _minute(call: Call, spelling: str) -> dict[str, Any]:
    symbol = canonical(spelling)
    if not call.market.knows(symbol):
        return dict.fromkeys(QUOTE.split(","), NOT_TRADED) | {"code": spelling, "gmtoffset": 0}
    found = call.market.quote(symbol, call.now)
    return {
        "code": spelled(symbol),
        "timestamp": int(found.as_of.timestamp()),
        "gmtoffset": 0,
        "open": found.open,
        "high": found.high,
        "low": found.low,
        "close": found.price,
        "volume": found.volume,
        "previousClose": found.previous_close,
        "change": found.change,
        "change_p": found.change_percent,
    }


def us_quotes(call: Call) -> Reply:
    found = {spelled(symbol): _us_quote(call, symbol) for symbol in asked(call, "s")}
    return Reply({"meta": {"count": len(found)}, "data": found, "links": {"next": None}})


def _us_quote(call: Call, symbol: str) -> dict[str, Any]:
    found, ratios = call.market.quote(symbol, call.now), call.market.ratios(symbol, call.now)
    company = call.market.company(symbol, as_of=call.now)
    seconds = int(found.as_of.timestamp())
    return {
        "symbol": spelled(symbol),
        "exchange": company.mic,
        "type": "STOCK",
        "name": company.name,
        "open": found.open,
        "high": found.high,
        "low": found.low,
        "bidPrice": found.bid,
        "bidSize": found.bid_size,
        "askPrice": found.ask,
        "askSize": found.ask_size,
        "lastTradePrice": found.price,
        "lastTradeTime": seconds * 1000,
        "volume": found.volume,
        "change": found.change,
        "changePercent": found.change_percent,
        "previousClosePrice": found.previous_close,
        "averageVolume": ratios.average_volume_3m,
        "fiftyTwoWeekHigh": ratios.week52_high,
        "fiftyTwoWeekLow": ratios.week52_low,
        "marketCap": ratios.market_cap,
        "currency": company.currency,
        "timestamp": seconds,
    }


def daily_prices(call: Call, symbol: str) -> Reply:
    """Sessions that are over, oldest first; a year where no range is asked for."""
    return table(call, _daily_bars(call, symbol, *days(call, A_YEAR, 0)), DAILY)


def _daily_bars(call: Call, symbol: str, start: date, end: date) -> Table:
    raw = [bar for bar in call.market.bars(symbol, start, end, as_of=call.now) if bar.complete]
    adjusted = call.market.bars(symbol, start, end, as_of=call.now, adjustment="split_dividend")
    closes = {bar.session: bar.close for bar in adjusted}
    return [_daily_bar(bar) | {"adjusted_close": closes[bar.session], "volume": bar.volume} for bar in raw]


def _daily_bar(bar: Bar) -> dict[str, Any]:
    return {
        "date": bar.session.isoformat(),
        "open": bar.open,
        "high": bar.high,
        "low": bar.low,
        "close": bar.close,
    }


def bulk_daily_prices(call: Call) -> Reply:
    """One session of an exchange, the last one where no date is given; of all exchanges the market has one."""
    exchange, today = call.values["exchange"], call.now.astimezone(NEW_YORK).date()
    asked_for = date.fromisoformat(call.params["date"]) if "date" in call.params else None
    start = today - timedelta(days=7) if asked_for is None else asked_for
    rows = [
        {"code": symbol.replace(".", "-"), "exchange_short_name": exchange, "ex": exchange, **bars[-1]}
        for symbol in (call.market.symbols() if exchange == US else ())
        if (bars := _daily_bars(call, symbol, start, today if asked_for is None else asked_for))
    ]
    if call.params.get("fmt") == "json":
        return Reply([{name: value for name, value in row.items() if name != "ex"} for row in rows])
    return Reply("\n" + as_csv(rows, BULK), content_type=CSV)  # after an empty line, as recorded


def intraday_prices(call: Call, symbol: str) -> Reply:
    """Hours only, whatever `interval` says; a month where no range is asked for."""
    now = int(call.now.timestamp())
    start = datetime.fromtimestamp(int(call.params.get("from", now - A_MONTH * 86_400)), UTC)
    end = datetime.fromtimestamp(int(call.params.get("to", now)), UTC)
    range_ = start.astimezone(NEW_YORK).date(), end.astimezone(NEW_YORK).date()
    found = call.market.bars(symbol, *range_, "1h", as_of=call.now)
    rows = [
        {"timestamp": int(bar.start.timestamp()), "gmtoffset": 0, "datetime": f"{bar.start.astimezone(UTC):{TIME}}"}
        | {name: value for name, value in _daily_bar(bar).items() if name != "date"}
        | {"volume": bar.volume}
        for bar in found
        if start <= bar.start <= end
    ]
    return table(call, rows, INTRADAY)


def options(call: Call, symbol: str) -> Reply:
    """Contracts by expiration, from a month on where no range is asked for; expired ones as they stood the evening before."""
    start, end = days(call, 0, A_MONTH)
    evening_before = datetime.combine(end - timedelta(days=1), time(20), NEW_YORK).astimezone(UTC)
    quote = call.market.quote(symbol, call.now)
    at = min(quote.as_of, evening_before)
    found = [one for one in call.market.option_chain(symbol, at).contracts if start <= one.expiration <= end]
    by_expiration = groupby(sorted(found, key=lambda one: one.expiration), key=lambda one: one.expiration)
    return Reply(
        {
            "code": symbol.replace(".", "-"),
            "exchange": US,
            "lastTradeDate": quote.session.isoformat(),
            "lastTradePrice": quote.price,
            "data": [_expiration(expiration, list(contracts), at) for expiration, contracts in by_expiration],
        }
    )


def _expiration(expiration: date, contracts: list[OptionContract], at: datetime) -> dict[str, Any]:
    sides = {side: [one for one in contracts if one.kind == side.lower()] for side in ("CALL", "PUT")}
    volume, interest = (
        {side: sum(getattr(one, name) for one in found) for side, found in sides.items()}
        for name in ("volume", "open_interest")
    )
    return {
        "expirationDate": expiration.isoformat(),
        "impliedVolatility": round(100 * sum(one.implied_volatility for one in contracts) / len(contracts), 4),
        "putVolume": volume["PUT"],
        "callVolume": volume["CALL"],
        "putCallVolumeRatio": volume["PUT"] / max(volume["CALL"], 1),
        "putOpenInterest": interest["PUT"],
        "callOpenInterest": interest["CALL"],
        "putCallOpenInterestRatio": interest["PUT"] / max(interest["CALL"], 1),
        "optionsCount": len(contracts),
        "options": {side: [_contract(one, at) for one in found] for side, found in sides.items()},
    }


def _contract(found: OptionContract, at: datetime) -> dict[str, Any]:
    never = "0000-00-00 00:00:00"
    traded_at = found.last_trade_at
    return {
        "contractName": found.contract_symbol,
        "contractSize": "REGULAR",
        "currency": "USD",
        "type": found.kind.upper(),
        "inTheMoney": str(found.in_the_money).upper(),
        "lastTradeDateTime": never if traded_at is None else f"{traded_at.astimezone(NEW_YORK):{TIME}}",
        "expirationDate": found.expiration.isoformat(),
        "strike": found.strike,
        "lastPrice": found.last,
        "bid": found.bid,
        "ask": found.ask,
        "volume": found.volume,
        "openInterest": found.open_interest,
        "impliedVolatility": round(found.implied_volatility * 100, 4),
        "delta": found.delta,
        "gamma": found.gamma,
        "theta": found.theta,
        "vega": found.vega,
        "rho": found.rho,
        "updatedAt": f"{at.astimezone(NEW_YORK):{TIME}}",
        "daysBeforeExpiration": (found.expiration - at.astimezone(NEW_YORK).date()).days,
    }
