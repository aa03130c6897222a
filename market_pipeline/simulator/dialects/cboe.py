"""Cboe's dialect: files by symbol, a quarter of an hour late, and the storage's XML where there is no file.

Shapes are those of recorded answers.  The numbers of exchanges and sequences are made up: nobody reads them.
"""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from market_pipeline.simulator.dialect import NEW_YORK, Call, Dialect, Reply, Route
from market_pipeline.simulator.market import OptionChain, OptionContract

DELAY = timedelta(minutes=15)
FIRST_BAR = date(2004, 1, 2)
A_MONTH = timedelta(days=30)


class CboeDialect(Dialect):
    name = "cboe"

    def __init__(self) -> None:
        self.routes = (
            Route("/quotes/{symbol}.json", of_symbol(quote)),
            Route("/charts/historical/{symbol}.json", of_symbol(historical)),
            Route("/options/{symbol}.json", of_symbol(options)),
        )

    def unauthenticated(self, call: Call) -> Reply:
        return missing_file()

    def rate_limited(self, call: Call, wait: float) -> Reply:
        return Reply("<html><head><title>429 Too Many Requests</title></head></html>", 429, content_type="text/html")

    def not_found(self, call: Call) -> Reply:
        return missing_file()


def missing_file() -> Reply:
    """A storage whose list nobody may read denies access to what it does not have."""
    body = '<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>'
    return Reply(body, 403, content_type="application/xml")


def of_symbol(handler: Callable[[Call, str], Any]) -> Callable[[Call], Reply]:
    """The handler's file about a symbol of the market; the refusal of a missing file for any other, indices too."""

    def answer(call: Call) -> Reply:
        symbol = call.values["symbol"]
        return Reply(handler(call, symbol)) if call.market.knows(symbol) else missing_file()

    return answer


def quote(call: Call, symbol: str) -> Any:
    return {"timestamp": _written_at(call), "data": _security(call, symbol), "symbol": symbol}


def historical(call: Call, symbol: str) -> Any:
    """Without today's bar, which comes with the next morning's file."""
    yesterday = call.now.astimezone(NEW_YORK).date() - timedelta(days=1)
    bars = call.market.bars(symbol, FIRST_BAR, yesterday, as_of=call.now, adjustment="split")
    data = [
        {
            "date": bar.session.isoformat(),
            "volume": bar.volume,
            "open": round(bar.open, 2),
            "high": round(bar.high, 2),
            "low": round(bar.low, 2),
            "close": round(bar.close, 2),
        }
        for bar in bars
    ]
    return {"timestamp": f"{call.now:%H:%M:%S}", "data": data, "symbol": symbol}


def options(call: Call, symbol: str) -> Any:
    contracts = _chain(call, symbol).contracts
    data = {"options": [_contract(one) for one in contracts], **_security(call, symbol)}
    return {"timestamp": _written_at(call), "data": data, "symbol": symbol}


def _contract(one: OptionContract) -> dict[str, Any]:
    return {
        "option": one.contract_symbol,
        "bid": one.bid,
        "bid_size": float(one.bid_size),
        "ask": one.ask,
        "ask_size": float(one.ask_size),
        "iv": one.implied_volatility,
        "open_interest": float(one.open_interest),
        "volume": float(one.volume),
        "delta": one.delta,
        "gamma": one.gamma,
        "vega": one.vega,
        "theta": one.theta,
        "rho": one.rho,
        "theo": (one.bid + one.ask) / 2,
        "change": 0.0,
        "open": one.last,
        "high": one.last,
        "low": one.last,
        "tick": "no_change",
        "last_trade_price": one.last,
        "last_trade_time": _local(one.last_trade_at),
        "percent_change": 0.0,
        "prev_day_close": one.last,
    }


def _security(call: Call, symbol: str) -> dict[str, Any]:
    found = call.market.quote(symbol, call.now - DELAY)
    return {
        "symbol": symbol,
        "security_type": "stock",
        "exchange_id": 2,
        "current_price": found.price,
        "price_change": found.change,
        "price_change_percent": found.change_percent,
        "bid": found.bid,
        "ask": found.ask,
        "bid_size": found.bid_size,
        "ask_size": found.ask_size,
        "open": found.open,
        "high": found.high,
        "low": found.low,
        "close": found.price,
        "prev_day_close": found.previous_close,
        "volume": found.volume,
        "iv30": _volatility(_chain(call, symbol)),
        "iv30_change": 0.0,
        "iv30_change_percent": 0.0,
        "seqno": 0,
        "last_trade_time": _local(found.as_of),
        "tick": "up" if found.change >= 0 else "down",
    }


def _chain(call: Call, symbol: str) -> OptionChain:
    return call.market.option_chain(symbol, call.now - DELAY)


def _volatility(chain: OptionChain) -> float:
    """In per cent: that of the contract which is nearest to a month and to the money."""

    def distance(one: OptionContract) -> tuple[timedelta, Decimal]:
        in_a_month = chain.as_of.date() + A_MONTH
        return abs(one.expiration - in_a_month), abs(one.strike - chain.spot)

    nearest = min(chain.contracts, key=distance, default=None)
    return 0.0 if nearest is None else round(nearest.implied_volatility * 100, 3)


def _written_at(call: Call) -> str:
    return f"{call.now:%Y-%m-%d %H:%M:%S}"


def _local(moment: datetime) -> str:
    return f"{moment.astimezone(NEW_YORK):%Y-%m-%dT%H:%M:%S}"
