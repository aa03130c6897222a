"""Option chains: `/v7/finance/options/{symbol}`, one request per expiration."""

from decimal import Decimal

from market_pipeline.providers.base import with_param
from market_pipeline.providers.dates import zone
from market_pipeline.providers.errors import UnknownSymbol
from market_pipeline.providers.messages import Answer, Ask, Parsed, Request, Row
from market_pipeline.providers.normalise import integer, major_unit, price
from market_pipeline.providers.yahoo.values import (
    Object,
    YahooEndpoint,
    date_of,
    figure,
    items,
    money,
    part,
    raw,
    results,
    when,
)

EXPIRATIONS = 8  # the nearest ones, of about 20: two months of weeklies, where most contracts are traded
_NOT_SOLVED = Decimal("0.00002")  # an implied volatility of 0.00001 is where Yahoo's solver starts, not a volatility


class OptionsChain(YahooEndpoint):
    """The first answer has the nearest expiration and the list of all; the next ones are asked for with `date`.

    An unknown symbol is an empty result; a share without options is a result with an empty list.
    """

    data_type = "options_chain"
    path = "/v7/finance/options/{symbol}"
    handshake = True

    def parse(self, answer: Answer, ask: Ask) -> Parsed:
        found = results(answer, "optionChain")
        if not found:
            raise UnknownSymbol(f"Yahoo has no option chain for {ask.symbol}")
        chain = found[0]
        quote = part(chain, "quote")
        as_of = when(quote.get("regularMarketTime"))
        seen_at = answer.received_at if as_of is None else as_of
        session = seen_at.astimezone(zone(quote.get("exchangeTimezoneName"))).date()
        rows = [
            {**_row(contract, quote), "symbol": ask.symbol, "session": session, "as_of": as_of, "option_type": kind}
            for expiration in chain["options"]
            for kind in ("call", "put")
            for contract in items(expiration, f"{kind}s")
        ]
        return Parsed(rows, more=self._rest(answer, ask, chain))

    def _rest(self, answer: Answer, ask: Ask, chain: Object) -> tuple[Request, ...]:
        """Requests for the expirations that the first answer only lists; an answer to one of them has no rest."""
        if "date" in answer.params:
            return ()
        given = {raw(expiration["expirationDate"]) for expiration in chain["options"]}
        listed = [raw(expiration) for expiration in chain["expirationDates"]][:EXPIRATIONS]
        (first,) = self.requests(ask)
        return tuple(with_param(first, "date", str(expiration)) for expiration in listed if expiration not in given)


def _row(contract: Object, quote: Object) -> Row:
    currency, unit = major_unit(quote.get("currency"))
    volatility = figure(contract.get("impliedVolatility"))
    return {
        "contract_symbol": contract["contractSymbol"],
        "expiration": date_of(contract["expiration"]),
        "strike": figure(contract["strike"]),
        "bid": figure(contract.get("bid")),
        "ask": figure(contract.get("ask")),
        "last_price": figure(contract.get("lastPrice")),
        "last_trade_at": when(contract.get("lastTradeDate")),
        "volume": integer(raw(contract.get("volume"))),
        "open_interest": integer(raw(contract.get("openInterest"))),
        "implied_volatility": None if volatility is None or abs(volatility) < _NOT_SOLVED else volatility,
        "in_the_money": contract.get("inTheMoney"),
        "underlying_price": price(money(quote.get("regularMarketPrice"), unit)),
        "currency": major_unit(contract.get("currency"))[0] or currency,
    }
