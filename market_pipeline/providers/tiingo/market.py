"""What Tiingo knows of the market: quotes and bars of shares, bars of crypto currencies.  All prices are raw.

During the day quotes and hourly bars are those of one exchange, IEX: prices are good, volumes a fiftieth of the market's.
"""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any, ClassVar

from market_pipeline.datasets import MARKET_WIDE
from market_pipeline.providers.base import Endpoint
from market_pipeline.providers.dates import NEW_YORK, day, local_midnight, moment
from market_pipeline.providers.errors import UnknownSymbol
from market_pipeline.providers.messages import Answer, Ask, Parsed, Row, rows_of
from market_pipeline.providers.normalise import canonical_symbol, dashed_symbol, integer, number, price

_QUOTED_IN = re.compile(r"([A-Z0-9]{2,8})-?(USDT|USDC|USD|EUR|GBP|JPY|KRW|BTC|ETH)")


class TiingoEndpoint(Endpoint):
    """Share classes are spelled with a dash: BRK-B."""

    def spell(self, symbol: str) -> str:
        return dashed_symbol(symbol)

    def unspell(self, spelling: str) -> str:
        return canonical_symbol(spelling) or spelling


class RangedEndpoint(TiingoEndpoint):
    """One that takes its window as days, both included."""

    def params(self, ask: Ask) -> Mapping[str, str]:
        if ask.window is None:
            return {}
        return {"startDate": ask.window.start.isoformat(), "endDate": ask.window.end.isoformat()}


def listed(answer: Answer, *columns: str) -> list[Mapping[str, Any]]:
    """An answer's rows; tables come as JSON or, where `format` asks for it, as CSV."""
    if answer.body.lstrip()[:1] in (b"[", b"{"):
        return list(rows_of(answer.json(), "answer"))
    return list(answer.csv(*columns))


class IexQuotes(TiingoEndpoint):
    """`tngoLast` is the last trade or, where the spread is narrow, the middle of it; after the close the official price."""

    data_type = "stock_quotes"
    path = "/iex/"
    symbols_in: ClassVar[str | None] = "tickers"
    batch = 100  # undocumented; keeps addresses below a thousand characters

    def match(self, path: str, params: Mapping[str, str], now: datetime) -> Ask | None:
        found = re.fullmatch(r"/iex(?:/([^/]+))?/?", path)  # also with the one ticker in the path
        if found is None:
            return None
        return super().match(self.path, params if found[1] is None else {"tickers": found[1]}, now)

    def parse(self, answer: Answer, ask: Ask) -> Parsed:
        rows = [_quote(found) for found in listed(answer, "ticker", "timestamp", "tngoLast")]
        unknown = {*ask.symbols} - {row["symbol"] for row in rows} - {MARKET_WIDE}
        return Parsed(rows, errors={symbol: UnknownSymbol(f"Tiingo has no quote of {symbol}") for symbol in unknown})


def _quote(found: Mapping[str, Any]) -> Row:
    refreshed_at = moment(found["timestamp"], NEW_YORK)
    traded = price(found["tngoLast"])
    volume = integer(found.get("volume"))
    return {
        "symbol": canonical_symbol(found["ticker"]),
        "as_of": refreshed_at,
        "session": None if refreshed_at is None else refreshed_at.astimezone(NEW_YORK).date(),
        "price": price(found.get("last")) if traded is None else traded,
        "bid": number(found.get("bidPrice")),
        "ask": number(found.get("askPrice")),
        "bid_size": integer(found.get("bidSize")),
        "ask_size": integer(found.get("askSize")),
        "open": price(found.get("open")),
        "high": price(found.get("high")),
        "low": price(found.get("low")),
        "previous_close": price(found.get("prevClose")),
        "volume": volume,
        "flags": () if volume is None else ("volume_of_one_exchange",),
    }


class DailyPrices(RangedEndpoint):
    """Raw bars with the adjusted close, the dividend of an ex-date and the split of a day beside them."""

    data_type = "historical_prices"
    path = "/tiingo/daily/{symbol}/prices"
    timeframes = ("1d",)

    def match(self, path: str, params: Mapping[str, str], now: datetime) -> Ask | None:
        is_whole = params.get("resampleFreq", "daily") == "daily" and "columns" not in params
        return super().match(path, params, now) if is_whole else None

    def parse(self, answer: Answer, ask: Ask) -> Parsed:
        return Parsed([self.bar(ask.symbol, found) for found in listed(answer, "date", "close")])

    def bar(self, symbol: str, found: Mapping[str, Any]) -> Row:
        session = day(found["date"])
        return {
            "symbol": symbol,
            "timeframe": "1d",
            "bar_start": None if session is None else local_midnight(session),
            "session": session,
            "adjustment": "raw",
            **_prices(found),
            "volume": number(found.get("volume")),
            "adjusted_close": price(found.get("adjClose")),
            "dividend": number(found.get("divCash")),
            "split_factor": price(found.get("splitFactor")),
        }


class HourlyPrices(RangedEndpoint):
    """Bars of IEX in regular trading.  Their volume, which has to be asked for, is IEX's alone: it is left out."""

    data_type = "historical_prices"
    path = "/iex/{symbol}/prices"
    fixed: ClassVar[Mapping[str, str]] = {"resampleFreq": "1hour"}
    timeframes = ("1h",)

    def parse(self, answer: Answer, ask: Ask) -> Parsed:
        rows = []
        for found in listed(answer, "date", "close"):
            started = moment(found["date"], UTC)
            session = None if started is None else started.astimezone(NEW_YORK).date()
            rows.append({"symbol": ask.symbol, "session": session, **_bar("1h", started), **_prices(found)})
        return Parsed(rows)


class CryptoPrices(RangedEndpoint):
    """Bars of crypto currencies over some 60 exchanges; a day is one of UTC.  BTC-USD is btcusd."""

    data_type = "historical_prices"
    path = "/tiingo/crypto/prices"
    symbols_in: ClassVar[str | None] = "tickers"
    batch = 50  # undocumented

    def spell(self, symbol: str) -> str:
        return symbol.replace("-", "").lower()

    def unspell(self, spelling: str) -> str:
        return _QUOTED_IN.sub(r"\1-\2", spelling.upper())

    def serves(self, ask: Ask) -> bool:
        return super().serves(ask) and all(_QUOTED_IN.fullmatch(symbol) and "-" in symbol for symbol in ask.symbols)

    def parse(self, answer: Answer, ask: Ask) -> Parsed:
        rows = [
            {"symbol": self.unspell(found["ticker"]), **self.bar(bar)}
            for found in rows_of(answer.json(), "crypto prices")
            for bar in rows_of(found["priceData"], "priceData")
        ]
        return Parsed(rows)

    def bar(self, found: Mapping[str, Any]) -> Row:
        (timeframe,) = self.timeframes
        started = moment(found["date"], UTC)
        session: date | None = None if started is None else started.date()
        traded = {"volume": number(found.get("volume")), "trades": integer(found.get("tradesDone"))}
        return {"session": session, **_bar(timeframe, started), **_prices(found), **traded}


class CryptoDaily(CryptoPrices):
    fixed: ClassVar[Mapping[str, str]] = {"resampleFreq": "1day"}
    timeframes = ("1d",)


class CryptoHourly(CryptoPrices):
    fixed: ClassVar[Mapping[str, str]] = {"resampleFreq": "1hour"}
    timeframes = ("1h",)


def _bar(timeframe: str, started: datetime | None) -> Row:
    return {"timeframe": timeframe, "bar_start": started, "adjustment": "raw"}


def _prices(found: Mapping[str, Any]) -> Row:
    return {name: number(found[name]) for name in ("open", "high", "low", "close")}
