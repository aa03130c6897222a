"""What EODHD knows of the market: quotes and bars.  Prices are raw, times Unix seconds."""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, ClassVar

from market_pipeline.datasets import MARKET_WIDE
from market_pipeline.providers.dates import NEW_YORK, day, epoch, local_midnight
from market_pipeline.providers.eodhd.answers import SUFFIXES, EodhdEndpoint, table
from market_pipeline.providers.errors import NoData, ProviderError, UnknownSymbol
from market_pipeline.providers.exchanges import exchange_zone, listed_symbol
from market_pipeline.providers.messages import Answer, Ask, Parsed, Request, Row
from market_pipeline.providers.normalise import integer, major_unit, number, price

BULK_COST = 100


class UsQuotes(EodhdEndpoint):
    """The last trade with bid and offer, 15 minutes late; US shares only.  Many symbols can be asked for at once; each
    costs a call, and the cost of a request is fixed here: so one is."""

    data_type = "stock_quotes"
    path = "/us-quote-delayed"
    symbols_in: ClassVar[str | None] = "s"

    def serves(self, ask: Ask) -> bool:
        return super().serves(ask) and all(self.spell(symbol).endswith(".US") for symbol in ask.symbols)

    def parse(self, answer: Answer, ask: Ask) -> Parsed:
        found = {self.unspell(name): one for name, one in (answer.json()["data"] or {}).items()}
        rows = [_quote(symbol, one) for symbol, one in found.items() if symbol in ask.symbols]
        unknown = {*ask.symbols} - {*found} - {MARKET_WIDE}
        return Parsed(rows, errors={symbol: UnknownSymbol(f"EODHD has no quote of {symbol}") for symbol in unknown})


def _quote(symbol: str, found: Mapping[str, Any]) -> Row:
    times = (epoch(found.get(name)) for name in ("lastTradeTime", "timestamp"))
    traded_at = next((at for at in times if at is not None), None)
    return {
        "symbol": symbol,
        "as_of": traded_at,
        "session": None if traded_at is None else traded_at.astimezone(NEW_YORK).date(),
        "price": price(found["lastTradePrice"]),
        "bid": number(found.get("bidPrice")),
        "ask": number(found.get("askPrice")),
        "open": price(found.get("open")),
        "high": price(found.get("high")),
        "low": price(found.get("low")),
        "previous_close": price(found.get("previousClosePrice")),
        "change": number(found.get("change")),
        "change_percent": number(found.get("changePercent")),
        "volume": integer(found.get("volume")),
        "currency": major_unit(found.get("currency"))[0],
    }


class RealTime(EodhdEndpoint):
    """The last minute's bar of the day on any exchange, 15 to 20 minutes late; "NA" where nothing has been traded.

    Further symbols can be given as `s`; see UsQuotes for why they are not.
    """

    data_type = "stock_quotes"
    path = "/real-time/{symbol}"

    def match(self, path: str, params: Mapping[str, str], now: datetime) -> Ask | None:
        ask = super().match(path, {}, now)
        if ask is None or not params.get("s"):
            return ask
        further = (self.unspell(one) for one in params["s"].split(",") if one)
        return Ask(data_type=ask.data_type, symbols=tuple(dict.fromkeys((*ask.symbols, *further))), now=now)

    def parse(self, answer: Answer, ask: Ask) -> Parsed:
        rows: list[Row] = []
        errors: dict[str, ProviderError] = {}
        for found in table(answer, "code", "timestamp", "close"):
            symbol, traded_at = self.unspell(found["code"]), epoch(found["timestamp"])
            if traded_at is None:  # nothing but "NA": no trade today or, where there was none before either, no ticker
                is_known = number(found.get("previousclose")) is not None
                errors[symbol] = (NoData if is_known else UnknownSymbol)(f"EODHD has no quote of {symbol}")
            else:
                rows.append(_minute(symbol, traded_at, found))
        return Parsed(rows, errors=errors)


def _minute(symbol: str, traded_at: datetime, found: Mapping[str, Any]) -> Row:
    return {
        "symbol": symbol,
        "as_of": traded_at,
        "session": traded_at.astimezone(exchange_zone(symbol)).date(),
        "price": price(found["close"]),
        "open": price(found.get("open")),
        "high": price(found.get("high")),
        "low": price(found.get("low")),
        "previous_close": price(found.get("previousclose")),
        "change": number(found.get("change")),
        "change_percent": number(found.get("change_p")),
        "volume": integer(found.get("volume")),
    }


class DailyPrices(EodhdEndpoint):
    """Raw bars with the adjusted close beside them; free keys get a year."""

    data_type = "historical_prices"
    path = "/eod/{symbol}"
    timeframes = ("1d",)

    def params(self, ask: Ask) -> Mapping[str, str]:
        common = {**super().params(ask), "period": "d"}
        if ask.window is None:
            return common
        return {**common, "from": ask.window.start.isoformat(), "to": ask.window.end.isoformat()}

    def match(self, path: str, params: Mapping[str, str], now: datetime) -> Ask | None:
        is_whole = params.get("period", "d") == "d" and "filter" not in params
        return super().match(path, params, now) if is_whole else None

    def parse(self, answer: Answer, ask: Ask) -> Parsed:
        return Parsed([_daily_bar(ask.symbol, found) for found in table(answer, "Date", "Close")])


class BulkDailyPrices(EodhdEndpoint):
    """One session of a whole exchange for as much as a hundred symbols cost: so for a hundred and more."""

    data_type = "historical_prices"
    path = "/eod-bulk-last-day/{exchange}"
    market_wide = True
    timeframes = ("1d",)
    cost = BULK_COST

    def serves(self, ask: Ask) -> bool:
        is_one_day = ask.window is not None and ask.window.start == ask.window.end
        return super().serves(ask) and is_one_day and len(ask.symbols) >= BULK_COST

    def requests(self, ask: Ask) -> tuple[Request, ...]:
        date = {} if ask.window is None else {"date": ask.window.end.isoformat()}
        return (Request(path=self.path.format(exchange="US"), params={**self.params(ask), **date}),)

    def match(self, path: str, params: Mapping[str, str], now: datetime) -> Ask | None:
        is_bulk = re.fullmatch(self.path.format(exchange="[A-Z]+"), path)
        are_bars = "type" not in params  # which names splits or dividends
        return super().match(self.path, params, now) if is_bulk and are_bars else None

    def parse(self, answer: Answer, ask: Ask) -> Parsed:
        rows = []
        for found in table(answer, "Code", "Ex", "Date", "Close"):
            exchange = found.get("exchange_short_name") or found.get("ex") or ""
            symbol = listed_symbol(found["code"], SUFFIXES.get(exchange))
            if symbol is not None:
                rows.append(_daily_bar(symbol, found))
        return Parsed(rows)


def _daily_bar(symbol: str, found: Mapping[str, Any]) -> Row:
    session = day(found["date"])
    return {
        "symbol": symbol,
        "timeframe": "1d",
        "bar_start": None if session is None else local_midnight(session, exchange_zone(symbol)),
        "session": session,
        "adjustment": "raw",
        **_prices(found),
        "adjusted_close": price(found.get("adjusted_close")),
    }


def _prices(found: Mapping[str, Any]) -> Row:
    return {name: number(found[name]) for name in ("open", "high", "low", "close")} | {
        "volume": number(found.get("volume"))
    }


class HourlyPrices(EodhdEndpoint):
    """Bars of an hour; those without a trade are empty and left out."""

    data_type = "historical_prices"
    path = "/intraday/{symbol}"
    fixed: ClassVar[Mapping[str, str]] = {"interval": "1h"}
    timeframes = ("1h",)
    cost = 5

    def params(self, ask: Ask) -> Mapping[str, str]:
        common = super().params(ask)
        if ask.window is None:
            return common
        start, end = local_midnight(ask.window.start), local_midnight(ask.window.end + timedelta(days=1))
        return {**common, "from": str(int(start.timestamp())), "to": str(int(end.timestamp()) - 1)}

    def parse(self, answer: Answer, ask: Ask) -> Parsed:
        found = table(answer, "Timestamp", "Close")
        return Parsed([_hourly_bar(ask.symbol, one) for one in found if number(one["close"]) is not None])


def _hourly_bar(symbol: str, found: Mapping[str, Any]) -> Row:
    started = epoch(found["timestamp"])
    return {
        "symbol": symbol,
        "timeframe": "1h",
        "bar_start": started,
        "session": None if started is None else started.astimezone(exchange_zone(symbol)).date(),
        "adjustment": "raw",
        **_prices(found),
    }
