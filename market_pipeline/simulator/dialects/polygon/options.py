"""Chains of options in Polygon's dialect."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from market_pipeline.simulator.dialect import NEW_YORK, Call, Reply
from market_pipeline.simulator.dialects.polygon.envelopes import midnight, nanoseconds, page
from market_pipeline.simulator.market import OptionChain, OptionContract


def options_snapshot(call: Call) -> Reply:
    ticker = call.values["ticker"]
    if not call.market.knows(ticker):
        return page(call, [], default=10, most=250)
    chain = call.market.option_chain(ticker, call.now)
    return page(call, [_contract(chain, one) for one in chain.contracts], default=10, most=250)


def _contract(chain: OptionChain, found: OptionContract) -> dict[str, Any]:
    updated, price = nanoseconds(chain.as_of), found.last
    breaks_even = found.strike + price if found.kind == "call" else found.strike - price
    return {
        "break_even_price": breaks_even,
        "day": _day(price, found.volume, chain.as_of),
        "details": {
            "contract_type": found.kind,
            "exercise_style": "american",
            "expiration_date": found.expiration.isoformat(),
            "shares_per_contract": 100,
            "strike_price": found.strike,
            "ticker": f"O:{found.contract_symbol}",
        },
        "greeks": {"delta": found.delta, "gamma": found.gamma, "theta": found.theta, "vega": found.vega},
        "implied_volatility": found.implied_volatility,
        "last_quote": {
            "ask": found.ask,
            "ask_size": found.ask_size,
            "bid": found.bid,
            "bid_size": found.bid_size,
            "last_updated": updated,
            "midpoint": (found.ask + found.bid) / 2,
            "timeframe": "REAL-TIME",
        },
        "last_trade": {
            "price": price,
            "sip_timestamp": nanoseconds(found.last_trade_at),
            "size": 1,
            "conditions": [209],
            "exchange": 309,
            "timeframe": "REAL-TIME",
        },
        "open_interest": found.open_interest,
        "underlying_asset": {
            "change_to_break_even": breaks_even - chain.spot,
            "last_updated": updated,
            "price": chain.spot,
            "ticker": found.symbol,
            "timeframe": "REAL-TIME",
        },
    }


def _day(price: Decimal, volume: int, at: datetime) -> dict[str, Any]:
    """A contract's day: the market knows its last price and its volume only, so it has not moved."""
    prices = dict.fromkeys(("close", "high", "low", "open", "previous_close", "vwap"), price)
    updated = nanoseconds(midnight(at.astimezone(NEW_YORK).date()))
    return {"change": 0, "change_percent": 0, **prices, "last_updated": updated, "volume": volume}
