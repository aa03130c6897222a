"""Polygon's chains of options.  Times are Unix times in nanoseconds, sessions are New York's."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from market_pipeline.providers.dates import NEW_YORK, day, epoch
from market_pipeline.providers.messages import Answer, Ask, Parsed, Row
from market_pipeline.providers.normalise import integer, number, one_of, price, text
from market_pipeline.providers.polygon.results import PolygonEndpoint, first, more, results


class OptionsSnapshot(PolygonEndpoint):
    """A whole chain in pages of 250 contracts; premium."""

    data_type = "options_chain"
    path = "/v3/snapshot/options/{symbol}"
    symbols_in = None

    def params(self, ask: Ask) -> Mapping[str, str]:
        return {"limit": "250"}

    def parse(self, answer: Answer, ask: Ask) -> Parsed:
        payload = answer.json()
        found = list(results(payload))
        session = max(filter(None, map(_updated, found)), default=answer.received_at).astimezone(NEW_YORK).date()
        return Parsed([{"symbol": ask.symbol, "session": session, **_contract(one)} for one in found], more(payload))


def _updated(found: Mapping[str, Any]) -> datetime | None:
    """The latest time in a contract.  One of the page's makes the session: a contract may not have traded for weeks."""
    parts = (found.get(name) or {} for name in ("underlying_asset", "last_quote", "day"))
    return max(filter(None, (epoch(part.get("last_updated")) for part in parts)), default=None)


def _contract(found: Mapping[str, Any]) -> Row:
    details = found["details"]
    today, offer, trade, greeks, underlying = (
        found.get(name) or {} for name in ("day", "last_quote", "last_trade", "greeks", "underlying_asset")
    )
    return {
        "contract_symbol": (text(details["ticker"]) or "").removeprefix("O:"),
        "expiration": day(details["expiration_date"]),
        "option_type": one_of(details["contract_type"], "call", "put"),
        "strike": number(details["strike_price"]),
        "as_of": epoch(offer.get("last_updated")),
        "bid": number(offer.get("bid")),
        "ask": number(offer.get("ask")),
        "last_price": first(number(trade.get("price")), number(today.get("close"))),
        "last_trade_at": epoch(trade.get("sip_timestamp")),
        "volume": integer(today.get("volume")),
        "open_interest": integer(found.get("open_interest")),
        "implied_volatility": number(found.get("implied_volatility")),
        **{greek: number(greeks.get(greek)) for greek in ("delta", "gamma", "theta", "vega")},
        "underlying_price": price(first(underlying.get("price"), underlying.get("value"))),
    }
