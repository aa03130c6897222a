"""EODHD's option chains, by expiration; of an old endpoint, which is sold as a marketplace add-on now."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import Any

from market_pipeline.providers.dates import NEW_YORK, day, moment
from market_pipeline.providers.eodhd.answers import EodhdEndpoint
from market_pipeline.providers.messages import Answer, Ask, Parsed, Row, rows_of
from market_pipeline.providers.normalise import fraction, integer, major_unit, number, one_of, price, scaled, text

FURTHEST_EXPIRATION = timedelta(days=3 * 365)


class OptionsChain(EodhdEndpoint):
    """The whole chain by expiration at the end of one session, once that is over.

    Times are New York's; the volatility is in percent.
    """

    data_type = "options_chain"
    path = "/options/{symbol}"
    cost = 10

    def serves(self, ask: Ask) -> bool:
        over = ask.window is None or ask.window.end < ask.today
        return super().serves(ask) and over

    def params(self, ask: Ask) -> Mapping[str, str]:
        today = ask.today
        return {**super().params(ask), "from": today.isoformat(), "to": (today + FURTHEST_EXPIRATION).isoformat()}

    def parse(self, answer: Answer, ask: Ask) -> Parsed:
        payload = answer.json()
        contracts = [
            found
            for expiration in rows_of(payload["data"], "data")
            for side in expiration["options"].values()
            for found in rows_of(side, "options")
        ]
        traded_on = day(payload.get("lastTradeDate"))
        session = _session(traded_on, contracts)
        underlying = price(payload.get("lastTradePrice")) if session == traded_on else None
        return Parsed(
            [_contract(ask.symbol, found) | {"session": session, "underlying_price": underlying} for found in contracts]
        )


def _session(traded_on: date | None, contracts: Iterable[Mapping[str, Any]]) -> date | None:
    """The day of the last update, but none after the share's last trade: chains are updated on Saturdays too."""
    updates = (moment(found.get("updatedAt")) for found in contracts)
    days = {at.astimezone(NEW_YORK).date() for at in updates if at is not None}
    return min(filter(None, (traded_on, max(days, default=None))), default=None)


def _contract(symbol: str, found: Mapping[str, Any]) -> Row:
    currency, unit = major_unit(found.get("currency"))
    prices = {"strike": "strike", "bid": "bid", "ask": "ask", "last_price": "lastPrice"}
    return {
        "symbol": symbol,
        "contract_symbol": text(found["contractName"]),
        "expiration": day(found["expirationDate"]),
        "option_type": one_of(found["type"], "call", "put"),
        **{field: scaled(number(found.get(name)), unit) for field, name in prices.items()},
        "last_trade_at": _traded_at(found.get("lastTradeDateTime")),
        "volume": integer(found.get("volume")),
        "open_interest": integer(found.get("openInterest")),
        "implied_volatility": fraction(found.get("impliedVolatility")),
        **{greek: number(found.get(greek)) for greek in ("delta", "gamma", "theta", "vega", "rho")},
        "in_the_money": {"true": True, "false": False}.get(str(found.get("inTheMoney")).lower()),
        "as_of": moment(found.get("updatedAt")),
        "currency": currency,
    }


def _traded_at(written: Any) -> datetime | None:
    """0000-00-00 00:00:00 stands for a contract that has never been traded."""
    return None if day(written) is None else moment(written)
