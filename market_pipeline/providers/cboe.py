"""Cboe: delayed quotes, daily bars and whole option chains with greeks, as files for its website on a CDN.

Keyless, undocumented, about 15 minutes behind the market, without a known limit; one file has everything about one
symbol.  Indices have an underscore (_SPX).  `timestamp`, when a file was written, is UTC; every other time is New
York's, also European ones.  A file that is not there is a 403 (now and then a 404) with the XML of the storage behind.
Source: recorded answers, openbb-cboe 2.0.0, and https://www.cboe.com/delayed_quotes/ which reads the same files.
"""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, ClassVar

from market_pipeline.providers.base import Endpoint, Provider, by_status
from market_pipeline.providers.dates import NEW_YORK, day, local_midnight, moment
from market_pipeline.providers.errors import NoData, ProviderError, RateLimited, UnknownSymbol
from market_pipeline.providers.messages import Answer, Ask, Parsed, Row, retry_after, rows_of
from market_pipeline.providers.normalise import integer, number, price, text

DELAYED = ("delayed",)
_MISSING_FILE = re.compile(r"<Code>(AccessDenied|NoSuchKey)</Code>")
_CONTRACT = re.compile(r"(?P<root>[A-Z0-9.]{1,6})(?P<day>\d{6})(?P<kind>[CP])(?P<strike>\d{8})")
_OTHER_NAMES = {"^GSPC": "_SPX"}  # the S&P 500, which everybody but its owner calls GSPC


class CboeEndpoint(Endpoint):
    """An endpoint with Cboe's spelling: _SPX for ^SPX, everything else as it is."""

    def spell(self, symbol: str) -> str:
        return _OTHER_NAMES.get(symbol, symbol.replace("^", "_"))

    def unspell(self, spelling: str) -> str:
        return spelling.replace("_", "^").upper()


class Quote(CboeEndpoint):
    data_type = "stock_quotes"
    path = "/quotes/{symbol}.json"

    def parse(self, answer: Answer, ask: Ask) -> Parsed:
        found = answer.json()["data"]
        traded_at, last = moment(found.get("last_trade_time")), price(found["current_price"])
        if traded_at is None or last is None:
            raise NoData(f"Cboe knows {ask.symbol} and no trade of it")
        change = number(found.get("price_change"))
        row = {
            "symbol": ask.symbol,
            "as_of": traded_at,
            "session": traded_at.astimezone(NEW_YORK).date(),
            "price": last,
            "bid": number(found.get("bid")),
            "ask": number(found.get("ask")),
            "bid_size": integer(found.get("bid_size")),
            "ask_size": integer(found.get("ask_size")),
            "open": price(found.get("open")),
            "high": price(found.get("high")),
            "low": price(found.get("low")),
            # not prev_day_close: in the night that becomes the close of the session which the quote is of
            "previous_close": None if change is None else last - change,
            "change": change,
            "change_percent": number(found.get("price_change_percent")),
            "volume": integer(found.get("volume")),
            "currency": _currency(found),
            "flags": DELAYED,
        }
        return Parsed([row])


class Historical(CboeEndpoint):
    """Every daily bar since 2004 up to the session before; today's is added the next morning.

    Prices and volumes are adjusted for splits and not for dividends (AAPL on 2004-01-02 is 0.38: 21.28 at 56 to 1).
    """

    data_type = "historical_prices"
    path = "/charts/historical/{symbol}.json"
    timeframes = ("1d",)

    def parse(self, answer: Answer, ask: Ask) -> Parsed:
        found = rows_of(answer.json()["data"], "data")
        return Parsed([row for one in found if (row := _bar(one, ask)) is not None])


def _bar(found: Mapping[str, Any], ask: Ask) -> Row | None:
    """A bar; None for one outside of the window (5,600 of 5,700) and for a day without trades, whose prices are 0."""
    session = day(found["date"])
    if session is None or (ask.window is not None and session not in ask.window) or number(found["open"]) == 0:
        return None
    return {
        "symbol": ask.symbol,
        "timeframe": "1d",
        "bar_start": local_midnight(session),
        "session": session,
        "adjustment": "split",
        **{name: number(found[name]) for name in ("open", "high", "low", "close")},
        "volume": number(found.get("volume")),
    }


class OptionChain(CboeEndpoint):
    """Every contract of every expiration, adjusted ones (roots with a digit) and weeklies (SPXW) among them."""

    data_type = "options_chain"
    path = "/options/{symbol}.json"

    def parse(self, answer: Answer, ask: Ask) -> Parsed:
        payload = answer.json()
        underlying = payload["data"]
        # the file's own time comes last: at night and at weekends it is hours after what the file tells
        written_at = moment(payload.get("timestamp"), UTC)
        traded_at = moment(underlying.get("last_trade_time")) or written_at or answer.received_at
        spot = price(underlying.get("current_price"))
        shared = {
            "symbol": ask.symbol,
            "session": traded_at.astimezone(NEW_YORK).date(),
            "as_of": traded_at,
            "underlying_price": spot,
            "currency": "USD",
            "flags": DELAYED,
        }
        contracts = rows_of(underlying["options"], "options")
        return Parsed([shared | _contract(contract, spot) for contract in contracts])


def _contract(found: Mapping[str, Any], spot: Decimal | None) -> Row:
    named = _CONTRACT.fullmatch(found["option"])
    if named is None:
        raise ValueError(f"{found['option']!r} is no OCC symbol")
    is_call, strike = named["kind"] == "C", Decimal(named["strike"]) / 1000
    return {
        "contract_symbol": found["option"],
        "expiration": _expiration(named["day"]),
        "option_type": "call" if is_call else "put",
        "strike": strike,
        "bid": number(found.get("bid")),
        "ask": number(found.get("ask")),
        "last_price": price(found.get("last_trade_price")),
        "last_trade_at": moment(found.get("last_trade_time")),
        "volume": integer(found.get("volume")),
        "open_interest": integer(found.get("open_interest")),
        "implied_volatility": price(found.get("iv")),  # 0 where none solves the quote
        **{name: number(found.get(name)) for name in ("delta", "gamma", "theta", "vega", "rho")},
        "in_the_money": None if spot is None else (strike < spot if is_call else strike > spot),
    }


def _expiration(compact: str) -> date:
    return datetime.strptime(compact, "%y%m%d").replace(tzinfo=UTC).date()


def _currency(underlying: Mapping[str, Any]) -> str | None:
    """Every security is a US one; an index is in points."""
    return None if text(underlying.get("security_type")) == "index" else "USD"


class Cboe(Provider):
    name = "cboe"
    title = "Cboe delayed quotes"
    homepage = "https://www.cboe.com/delayed_quotes/"
    base_url = "https://cdn.cboe.com/api/global/delayed_quotes"
    needs_key = False
    endpoints: ClassVar[tuple[Endpoint, ...]] = (Quote(), Historical(), OptionChain())

    def classify(self, answer: Answer) -> ProviderError | None:
        if answer.status in (403, 404) and (missing := _MISSING_FILE.search(answer.text)) is not None:
            return UnknownSymbol(f"HTTP {answer.status}: {missing[1]}, there is no such file")
        if answer.status == 403:  # the CDN's own: there is no plan that could leave anything out
            return RateLimited("HTTP 403 from the CDN", retry_after=retry_after(answer))
        return by_status(answer)
