"""Quotes: `/v7/finance/quote` with everything (cookie and crumb), `/v7/finance/spark` with the price alone (neither).

Spark is the second choice, for the time in which quotes are blocked.
"""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from market_pipeline.providers.dates import zone
from market_pipeline.providers.errors import NoData, ProviderError, UnknownSymbol
from market_pipeline.providers.messages import Answer, Ask, Parsed, Row
from market_pipeline.providers.normalise import canonical_symbol, integer, major_unit, price, text
from market_pipeline.providers.yahoo.values import (
    Object,
    YahooEndpoint,
    figure,
    first,
    items,
    money,
    raw,
    results,
    when,
)

_STATES = {
    "PREPRE": "closed",
    "PRE": "pre",
    "REGULAR": "regular",
    "POST": "post",
    "POSTPOST": "closed",
    "CLOSED": "closed",
}


class Quotes(YahooEndpoint):
    """Last trades; symbols that Yahoo does not know are missing in the answer, delisted ones have the type NONE."""

    data_type = "stock_quotes"
    path = "/v7/finance/quote"
    symbols_in = "symbols"
    batch = 50
    handshake = True

    def parse(self, answer: Answer, ask: Ask) -> Parsed:
        found = results(answer, "quoteResponse")
        return _quotes(ask, (quote for quote in found if quote.get("quoteType") != "NONE"))


class Spark(YahooEndpoint):
    """The meta data of small charts."""

    data_type = "stock_quotes"
    path = "/v7/finance/spark"
    symbols_in = "symbols"
    batch = 20  # more are refused

    def params(self, ask: Ask) -> dict[str, str]:
        return {"range": "1d", "interval": "1d"}

    def parse(self, answer: Answer, ask: Ask) -> Parsed:
        charts = [chart for found in results(answer, "spark") for chart in items(found, "response")]
        metas = [chart["meta"] for chart in charts]
        return _quotes(ask, ({**meta, "regularMarketPreviousClose": _previous_close(meta)} for meta in metas))


def _previous_close(meta: Object) -> Any:
    """The close before the chart begins is yesterday's where the chart is of one day."""
    return first(meta.get("previousClose"), meta.get("chartPreviousClose") if meta.get("range") == "1d" else None)


def _quotes(ask: Ask, found: Iterable[Object]) -> Parsed:
    errors: dict[str, ProviderError] = {
        symbol: UnknownSymbol(f"Yahoo has no quote for {symbol}") for symbol in ask.symbols
    }
    rows = []
    for quote in found:
        symbol = canonical_symbol(quote["symbol"])
        if symbol not in errors:
            continue
        row = _row(symbol, quote)
        if None in (row["price"], row["as_of"]):
            errors[symbol] = NoData(f"Yahoo knows {symbol}, and no trade of it")
        else:
            del errors[symbol]
            rows.append(row)
    return Parsed(rows, errors=errors)


def _row(symbol: str, quote: Object) -> Row:
    """Prices of the regular session.  The sizes of bid and ask are in lots, whose size Yahoo does not say: left out."""
    currency, unit = major_unit(quote.get("currency"))
    traded_at = when(quote.get("regularMarketTime"))
    local = None if traded_at is None else traded_at.astimezone(zone(quote.get("exchangeTimezoneName")))

    def of(name: str) -> Decimal | None:
        return money(quote.get(name), unit)

    return {
        "symbol": symbol,
        "as_of": traded_at,
        "session": None if local is None else local.date(),
        "price": price(of("regularMarketPrice")),
        "bid": of("bid"),
        "ask": of("ask"),
        "open": price(of("regularMarketOpen")),
        "high": price(of("regularMarketDayHigh")),
        "low": price(of("regularMarketDayLow")),
        "previous_close": price(of("regularMarketPreviousClose")),
        "change": of("regularMarketChange"),
        "change_percent": figure(quote.get("regularMarketChangePercent")),
        "volume": integer(raw(quote.get("regularMarketVolume"))),
        "currency": currency,
        "market_state": _STATES.get(text(quote.get("marketState")) or ""),
    }
