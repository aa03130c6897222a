"""What Financial Modeling Prep is asked and how its answers are read, fundamentals aside (fundamentals.py).

Times of bars and news are New York's, those of the economic calendar UTC.  Not asked for: `quote-short`, which has no
time, and `historical-price-eod/light`, which has no range.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar
from urllib.parse import parse_qsl, urlsplit
from zoneinfo import ZoneInfo

from market_pipeline.datasets import MARKET_WIDE
from market_pipeline.providers.base import Endpoint, with_param
from market_pipeline.providers.errors import ProviderError, UnknownSymbol
from market_pipeline.providers.messages import Answer, Ask, Parsed, Row, rows_of
from market_pipeline.providers.normalise import (
    NEW_YORK,
    add_up_dividends,
    canonical_symbol,
    country,
    dashed_symbol,
    day,
    epoch,
    integer,
    local_midnight,
    major_unit,
    moment,
    number,
    one_of,
    price,
    sector,
    text,
)

UTC = ZoneInfo("UTC")
PAYMENTS_A_YEAR = {
    "weekly": 52,
    "monthly": 12,
    "bi-monthly": 6,
    "quarterly": 4,
    "semi-annual": 2,
    "annual": 1,
    "special": 0,
    "irregular": 0,
}
ASSET_CLASSES = {"CRYPTO": "crypto", "FOREX": "currency", "INDEX": "index"}


class FmpEndpoint(Endpoint):
    symbols_in: ClassVar[str | None] = "symbol"

    def spell(self, symbol: str) -> str:
        return dashed_symbol(symbol)

    def unspell(self, spelling: str) -> str:
        return canonical_symbol(spelling) or spelling


class RangedEndpoint(FmpEndpoint):
    """One that takes its window as the days `from` and `to`, both included."""

    def params(self, ask: Ask) -> Mapping[str, str]:
        if ask.window is None:
            return {}
        return {"from": ask.window.start.isoformat(), "to": ask.window.end.isoformat()}


class Quote(FmpEndpoint):
    data_type = "stock_quotes"
    path = "/quote"

    def parse(self, answer: Answer, ask: Ask) -> Parsed:
        rows = [self.quote(found) for found in rows_of(answer.json(), "quotes")]
        return Parsed(rows, errors=_unmentioned(ask, rows))

    def quote(self, found: Mapping[str, Any]) -> Row:
        traded_at = epoch(found.get("timestamp"))
        percent = found.get("changePercentage", found.get("changesPercentage"))  # both spellings are in use
        return {
            "symbol": canonical_symbol(found["symbol"]),
            "as_of": traded_at,
            "session": None if traded_at is None else traded_at.astimezone(NEW_YORK).date(),
            "price": number(found["price"]),
            "open": price(found.get("open")),
            "high": price(found.get("dayHigh")),
            "low": price(found.get("dayLow")),
            "previous_close": price(found.get("previousClose")),
            "change": number(found.get("change")),
            "change_percent": number(percent),
            "volume": integer(found.get("volume")),
        }


class BatchQuote(Quote):
    """Several at once; for one symbol `/quote` costs as much and is in the free plan, which this is not."""

    path = "/batch-quote"
    symbols_in = "symbols"
    batch = 50  # undocumented; what clients of it send

    def serves(self, ask: Ask) -> bool:
        return super().serves(ask) and len(ask.symbols) > 1


def _unmentioned(ask: Ask, rows: list[Row]) -> dict[str, ProviderError]:
    """The symbols that an answer leaves out, which is how the vendor says that it does not know them."""
    unknown = {*ask.symbols} - {row["symbol"] for row in rows} - {MARKET_WIDE}
    return {symbol: UnknownSymbol(f"Financial Modeling Prep does not know {symbol}") for symbol in unknown}


class Profile(FmpEndpoint):
    data_type = "company_info"
    path = "/profile"

    def parse(self, answer: Answer, ask: Ask) -> Parsed:
        rows = [self.company(found) for found in rows_of(answer.json(), "profiles")]
        return Parsed(rows, errors=_unmentioned(ask, rows))

    def company(self, found: Mapping[str, Any]) -> Row:
        exchange = text(found.get("exchange"))
        kind = "etf" if found.get("isEtf") is True else "fund" if found.get("isFund") is True else None
        lines = (text(found.get(part)) for part in ("address", "city", "state", "zip"))
        return {
            "symbol": canonical_symbol(found["symbol"]),
            "name": text(found["companyName"]),
            "exchange": exchange,
            "asset_class": kind or ASSET_CLASSES.get(exchange or "", "stock"),
            "sector": text(found.get("sector")),
            "industry": text(found.get("industry")),
            "country": text(found.get("country")),
            "currency": major_unit(found.get("currency"))[0],
            "market_cap": number(found.get("marketCap")),
            "employees": integer(found.get("fullTimeEmployees")),
            "ceo": text(found.get("ceo")),
            "website": text(found.get("website")),
            "description": text(found.get("description")),
            "address": ", ".join(line for line in lines if line is not None) or None,
            "phone": text(found.get("phone")),
            "ipo_date": day(found.get("ipoDate")),
            "cik": text(found.get("cik")),
            "isin": text(found.get("isin")),
        }


class DailyPrices(RangedEndpoint):
    data_type = "historical_prices"
    path = "/historical-price-eod/full"
    timeframes = ("1d",)

    def parse(self, answer: Answer, ask: Ask) -> Parsed:
        rows = []
        for found in rows_of(answer.json(), "prices"):
            session = day(found["date"])
            start = None if session is None else local_midnight(session)
            rows.append(_bar(ask.symbol, "1d", start, found) | {"session": session, "vwap": price(found.get("vwap"))})
        return Parsed(rows)


class HourlyPrices(RangedEndpoint):
    data_type = "historical_prices"
    path = "/historical-chart/1hour"
    timeframes = ("1h",)

    def parse(self, answer: Answer, ask: Ask) -> Parsed:
        rows = []
        for found in rows_of(answer.json(), "prices"):
            rows.append(_bar(ask.symbol, "1h", moment(found["date"]), found) | {"session": day(found["date"])})
        return Parsed(rows)


def _bar(symbol: str, timeframe: str, start: datetime | None, found: Mapping[str, Any]) -> Row:
    return {
        "symbol": symbol,
        "timeframe": timeframe,
        "bar_start": start,
        "adjustment": "split",
        "open": number(found["open"]),
        "high": number(found["high"]),
        "low": number(found["low"]),
        "close": number(found["close"]),
        "volume": number(found.get("volume")),
    }


class Earnings(FmpEndpoint):
    """All reports of a company and the next ones."""

    data_type = "earnings"
    path = "/earnings"

    def parse(self, answer: Answer, ask: Ask) -> Parsed:
        rows: list[Row] = [
            {
                "symbol": canonical_symbol(found["symbol"]),
                "report_date": day(found["date"]),
                "eps_estimate": number(found.get("epsEstimated")),
                "eps_actual": number(found.get("epsActual")),
                "revenue_estimate": number(found.get("revenueEstimated")),
                "revenue_actual": number(found.get("revenueActual")),
            }
            for found in rows_of(answer.json(), "earnings")
        ]
        return Parsed(rows)


class EarningsCalendar(RangedEndpoint, Earnings):
    """Reports of all companies in a window; a `symbol` would be ignored."""

    path = "/earnings-calendar"
    symbols_in = None
    market_wide = True

    def serves(self, ask: Ask) -> bool:
        return super().serves(ask) and ask.window is not None


class Dividends(FmpEndpoint):
    """All dividends of a company.  `date` is the ex-date; `adjDividend` is divided by later splits."""

    data_type = "dividends"
    path = "/dividends"

    def parse(self, answer: Answer, ask: Ask) -> Parsed:
        return Parsed(add_up_dividends(self.payment(found) for found in rows_of(answer.json(), "dividends")))

    def payment(self, found: Mapping[str, Any]) -> Row:
        declared, adjusted = price(found.get("dividend")), price(found.get("adjDividend"))
        frequency = (text(found.get("frequency")) or "").lower()
        return {
            "symbol": canonical_symbol(found["symbol"]),
            "ex_date": day(found["date"]),
            "amount": adjusted if declared is None else declared,
            "adjustment": "split" if declared is None else "raw",
            "kind": "special" if frequency == "special" else None,
            "declaration_date": day(found.get("declarationDate")),
            "record_date": day(found.get("recordDate")),
            "pay_date": day(found.get("paymentDate")),
            "frequency": PAYMENTS_A_YEAR.get(frequency),
        }


class DividendsCalendar(RangedEndpoint, Dividends):
    """Ex-dates of all companies in a window."""

    path = "/dividends-calendar"
    symbols_in = None
    market_wide = True

    def serves(self, ask: Ask) -> bool:
        return super().serves(ask) and ask.window is not None


class StockNews(RangedEndpoint):
    """Articles by day, 250 to a page; pages count from 0."""

    data_type = "news"
    path = "/news/stock"
    symbols_in = "symbols"
    batch = 25
    page_size: ClassVar[int] = 250
    last_page: ClassVar[int] = 100

    def params(self, ask: Ask) -> Mapping[str, str]:
        return {**super().params(ask), "limit": str(self.page_size)}

    def parse(self, answer: Answer, ask: Ask) -> Parsed:
        rows: list[Row] = [
            {
                "symbol": canonical_symbol(found["symbol"]),
                "published_at": moment(found["publishedDate"]),
                "title": text(found["title"]),
                "url": text(found["url"]),
                "summary": text(found.get("text")),
                "source": text(found.get("publisher")) or text(found.get("site")),
            }
            for found in rows_of(answer.json(), "news")
        ]
        page = int(dict(parse_qsl(urlsplit(answer.url).query)).get("page", "0"))
        if len(rows) < self.page_size or page >= self.last_page:
            return Parsed(rows)
        return Parsed(rows, more=tuple(with_param(one, "page", str(page + 1)) for one in self.requests(ask)))


class EconomicCalendar(RangedEndpoint):
    data_type = "economic_events"
    path = "/economic-calendar"
    symbols_in = None
    market_wide = True

    def parse(self, answer: Answer, ask: Ask) -> Parsed:
        rows: list[Row] = [
            {
                "symbol": MARKET_WIDE,
                "event_at": moment(found["date"], UTC),
                "country": country(found["country"]),
                "event": text(found["event"]),
                "actual": number(found.get("actual")),
                "estimate": number(found.get("estimate")),
                "previous": number(found.get("previous")),
                "unit": text(found.get("unit")),
                "importance": one_of(found.get("impact"), "low", "medium", "high"),
            }
            for found in rows_of(answer.json(), "economic events")
        ]
        return Parsed(rows)


class Constituents(Endpoint):
    """The members of an index in one list, with the day on which each came into it."""

    data_type = "index_constituents"
    path = "/{symbol}-constituent"
    INDICES: ClassVar[Mapping[str, str]] = {"^GSPC": "sp500", "^NDX": "nasdaq", "^DJI": "dowjones"}

    def spell(self, symbol: str) -> str:
        return self.INDICES[symbol]

    def unspell(self, spelling: str) -> str:
        return next((index for index, name in self.INDICES.items() if name == spelling), spelling)

    def serves(self, ask: Ask) -> bool:
        return super().serves(ask) and set(ask.symbols) <= set(self.INDICES)

    def parse(self, answer: Answer, ask: Ask) -> Parsed:
        rows = [
            {
                "symbol": ask.symbol,
                "member": canonical_symbol(found["symbol"]),
                "name": text(found.get("name")),
                "sector": sector(found.get("sector")),
                "industry": text(found.get("subSector")),
                "added_on": day(found.get("dateFirstAdded")),
            }
            for found in rows_of(answer.json(), "members")
        ]
        return Parsed(rows)
