"""Nasdaq's option chains: rows of a call and a put, below a row that names their expiration.

Greeks and implied volatility cost one more request per expiration and are not asked for.
"""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from market_pipeline.providers.dates import clock, named_day
from market_pipeline.providers.errors import MalformedResponse
from market_pipeline.providers.messages import Answer, Ask, Parsed, Row
from market_pipeline.providers.nasdaq.envelope import SecurityEndpoint, eastern, table_rows
from market_pipeline.providers.normalise import integer, number, price, text

_CONTRACT = re.compile(r"/(?P<root>[a-z0-9.]+)-*(?P<day>\d{6})[cp]\d{8}$", re.I)


class OptionChain(SecurityEndpoint):
    """Every contract of every expiration: rows of a call and a put, below a row that names the expiration."""

    data_type = "options_chain"
    path = "/quote/{symbol}/option-chain"

    def params(self, ask: Ask) -> Mapping[str, str]:
        return {
            **super().params(ask),
            "fromdate": ask.today.isoformat(),
            "todate": (ask.today + timedelta(days=1095)).isoformat(),  # the farthest LEAPS expire in under 3 years
            "excode": "oprac",  # the composite of all exchanges
            "callput": "callput",
            "money": "all",
            "type": "all",
            "limit": "20000",
        }

    def read_data(self, data: Mapping[str, Any], answer: Answer, ask: Ask) -> Parsed:
        banner = text(data.get("lastTrade")) or ""  # LAST TRADE: $223.40 (AS OF SEP 24, 2026 12:35 PM ET)
        traded, found = clock(banner), re.search(r"\$([\d,.]+)", banner)
        session = named_day(banner) or ask.today
        spot = None if found is None else price(found[1])
        shared = {
            "symbol": ask.symbol,
            "session": session,
            "as_of": None if traded is None else eastern(session, traded),
            "underlying_price": spot,
            "currency": "USD",
        }
        rows: list[Row] = []
        expiration: date | None = None
        for row in table_rows(data["table"], "the chain"):
            strike = number(row.get("strike"))
            if strike is None:
                expiration = named_day(row.get("expirygroup"))
                continue
            root, expiration = _underlying(row.get("drillDownURL"), ask.symbol, expiration)
            for side in ("call", "put"):
                contract = _contract(row, side, root, expiration, strike)
                rows.append(shared | contract | {"in_the_money": _in_the_money(side, strike, spot)})
        return Parsed(rows)


def _underlying(link: Any, symbol: str, below: date | None) -> tuple[str, date]:
    """Root and expiration of a row, from its link (`…/aapl--261120c00150000`) or from where it stands."""
    found = _CONTRACT.search(text(link) or "")
    if found is not None:
        return found["root"].upper(), datetime.strptime(found["day"], "%y%m%d").replace(tzinfo=UTC).date()
    if below is None:
        raise MalformedResponse("an option row stands below no expiration")
    return symbol.replace(".", ""), below


def _contract(row: Mapping[str, Any], side: str, root: str, expiration: date, strike: Decimal) -> Row:
    letter = side[0]
    return {
        "contract_symbol": f"{root}{expiration:%y%m%d}{letter.upper()}{int(strike * 1000):08d}",
        "expiration": expiration,
        "option_type": side,
        "strike": strike,
        "bid": number(row.get(f"{letter}_Bid")),
        "ask": number(row.get(f"{letter}_Ask")),
        "last_price": number(row.get(f"{letter}_Last")),
        "volume": integer(row.get(f"{letter}_Volume")),
        "open_interest": integer(row.get(f"{letter}_Openinterest")),
    }


def _in_the_money(side: str, strike: Decimal, spot: Decimal | None) -> bool | None:
    if spot is None:
        return None
    return strike < spot if side == "call" else strike > spot
