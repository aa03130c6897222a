"""Chains of options of Alpha Vantage: one function for the current session, one for those before."""

from collections.abc import Mapping
from typing import Any, ClassVar

from market_pipeline.providers.alpha_vantage.function import Function, is_json
from market_pipeline.providers.dates import day
from market_pipeline.providers.messages import Answer, Ask, Parsed, Row, rows_of
from market_pipeline.providers.normalise import integer, number, one_of, text


class Options(Function):
    """A whole chain with its greeks."""

    data_type = "options_chain"

    def parse(self, answer: Answer, ask: Ask) -> Parsed:
        if is_json(answer):
            found = rows_of(answer.json()["data"], "data")
        else:
            found = answer.csv("contractID", "expiration", "strike", "type", "date")
        return Parsed([self.contract(ask.symbol, one) for one in found])

    def contract(self, symbol: str, found: Mapping[str, Any]) -> Row:
        return {
            "symbol": symbol,
            "contract_symbol": text(found["contractID"]),
            "session": day(found["date"]),
            "expiration": day(found["expiration"]),
            "option_type": one_of(found["type"], "call", "put"),
            "strike": number(found["strike"]),
            "bid": number(found.get("bid")),
            "ask": number(found.get("ask")),
            "last_price": number(found.get("last")),
            "volume": integer(found.get("volume")),
            "open_interest": integer(found.get("open_interest")),
            "implied_volatility": number(found.get("implied_volatility")),
            **{greek: number(found.get(greek)) for greek in ("delta", "gamma", "theta", "vega", "rho")},
        }


class RealtimeOptions(Options):
    """The chain now; premium."""

    fixed: ClassVar[Mapping[str, str]] = {"function": "REALTIME_OPTIONS"}

    def params(self, ask: Ask) -> Mapping[str, str]:
        return {"require_greeks": "true"}


class HistoricalOptions(Options):
    """The chain at the end of one session, once that is over; without a date, of the last one."""

    fixed: ClassVar[Mapping[str, str]] = {"function": "HISTORICAL_OPTIONS"}

    def serves(self, ask: Ask) -> bool:
        over = ask.window is None or ask.window.end < ask.today
        return super().serves(ask) and over

    def params(self, ask: Ask) -> Mapping[str, str]:
        return {} if ask.window is None else {"date": ask.window.end.isoformat()}
