"""What Tiingo knows of companies: profiles, dividends, news.  Statements and ratios are in fundamentals.py."""

import re
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, ClassVar

from market_pipeline.datasets import MARKET_WIDE, SYMBOL_PATTERN
from market_pipeline.providers.base import with_param
from market_pipeline.providers.dates import day, moment
from market_pipeline.providers.dividends import add_up_dividends
from market_pipeline.providers.errors import UnknownSymbol
from market_pipeline.providers.messages import Answer, Ask, Parsed, Row, rows_of
from market_pipeline.providers.normalise import canonical_symbol, major_unit, price, text
from market_pipeline.providers.tiingo.market import RangedEndpoint, TiingoEndpoint, listed

ONE_DAY = timedelta(days=1)
YEAR = timedelta(days=365)
FIVE_YEARS = 5 * YEAR
PAYMENTS_A_YEAR = {"w": 52, "m": 12, "bm": 6, "q": 4, "tm": 3, "sa": 2, "a": 1, "ir": 0}
CANCELLED = "c"
NOT_FOR_FREE = "field not available"  # what stands in fields that free keys do not get


class DailyMeta(TiingoEndpoint):
    """Name, listing and description; `startDate` is the first day with a price."""

    data_type = "company_info"
    path = "/tiingo/daily/{symbol}"

    def parse(self, answer: Answer, ask: Ask) -> Parsed:
        found = answer.json()
        row = {
            "symbol": ask.symbol,
            "name": text(found["name"]),
            "exchange": text(found.get("exchangeCode")),
            "description": text(found.get("description")),
            "ipo_date": day(found.get("startDate")),
        }
        return Parsed([row])


class CompanyMeta(TiingoEndpoint):
    """Sector, industry and web address; free keys get those of the Dow 30."""

    data_type = "company_info"
    path = "/tiingo/fundamentals/meta"
    symbols_in: ClassVar[str | None] = "tickers"
    batch = 100  # undocumented; keeps addresses below a thousand characters

    def parse(self, answer: Answer, ask: Ask) -> Parsed:
        rows = [_profile(found) for found in rows_of(answer.json(), "meta")]
        unknown = {*ask.symbols} - {row["symbol"] for row in rows} - {MARKET_WIDE}
        return Parsed(rows, errors={symbol: UnknownSymbol(f"Tiingo has no data on {symbol}") for symbol in unknown})


def _profile(found: Mapping[str, Any]) -> Row:
    told = {name: None if _is_withheld(value) else text(value) for name, value in found.items()}
    return {
        "symbol": canonical_symbol(found["ticker"]),
        "name": told["name"],
        "sector": told.get("sector"),
        "industry": told.get("industry"),
        "currency": major_unit(told.get("reportingCurrency"))[0],
        "website": told.get("companyWebsite"),
    }


def _is_withheld(value: Any) -> bool:
    return isinstance(value, str) and value.lower().startswith(NOT_FOR_FREE)


class Distributions(TiingoEndpoint):
    """Dividends as declared, future ones included; early access, which not every key has."""

    data_type = "dividends"
    path = "/tiingo/corporate-actions/{symbol}/distributions"

    def params(self, ask: Ask) -> Mapping[str, str]:
        today = ask.today
        return {"startExDate": (today - FIVE_YEARS).isoformat(), "endExDate": (today + YEAR).isoformat()}

    def parse(self, answer: Answer, ask: Ask) -> Parsed:
        declared = rows_of(answer.json(), "distributions")
        return Parsed(
            add_up_dividends(_declared(ask.symbol, found) for found in declared if _frequency(found) != CANCELLED)
        )


def _frequency(found: Mapping[str, Any]) -> str:
    return found.get("distributionFreqency") or found.get("distributionFrequency") or ""  # the former is the vendor's


def _declared(symbol: str, found: Mapping[str, Any]) -> Row:
    return {
        "symbol": symbol,
        "ex_date": day(found["exDate"]),
        "amount": price(found["distribution"]),
        "adjustment": "raw",
        "declaration_date": day(found.get("declarationDate")),
        "record_date": day(found.get("recordDate")),
        "pay_date": day(found.get("paymentDate")),
        "frequency": PAYMENTS_A_YEAR.get(_frequency(found)),
    }


class DividendsInPrices(TiingoEndpoint):
    """The dividends among the daily bars of five years: what every key gets.  Recorded bars are read as bars."""

    data_type = "dividends"
    path = "/tiingo/daily/{symbol}/prices"

    def params(self, ask: Ask) -> Mapping[str, str]:
        return {"startDate": (ask.today - FIVE_YEARS).isoformat()}

    def match(self, path: str, params: Mapping[str, str], now: datetime) -> Ask | None:
        return None

    def parse(self, answer: Answer, ask: Ask) -> Parsed:
        rows: list[Row] = [
            {
                "symbol": ask.symbol,
                "ex_date": day(found["date"]),
                "amount": price(found["divCash"]),
                "adjustment": "raw",
            }
            for found in listed(answer, "date", "divCash")
        ]
        return Parsed(add_up_dividends(rows))  # drops the days that have none


class News(RangedEndpoint):
    """Articles by the day they were published, 1,000 to a page; paying keys only."""

    data_type = "news"
    path = "/tiingo/news"
    symbols_in: ClassVar[str | None] = "tickers"
    batch = 25
    page_size: ClassVar[int] = 1000

    def params(self, ask: Ask) -> Mapping[str, str]:
        common = {"limit": str(self.page_size), "sortBy": "publishedDate"}
        if ask.window is None:
            return common
        after = ask.window.end + ONE_DAY  # a day is its midnight
        return {**common, "startDate": ask.window.start.isoformat(), "endDate": after.isoformat()}

    def parse(self, answer: Answer, ask: Ask) -> Parsed:
        articles = list(rows_of(answer.json(), "news"))
        rows = [row for found in articles for row in _article(found, ask)]
        if len(articles) < self.page_size:
            return Parsed(rows)
        offset = int(answer.params.get("offset", "0")) + self.page_size
        return Parsed(rows, more=tuple(with_param(one, "offset", str(offset)) for one in self.requests(ask)))


def _article(found: Mapping[str, Any], ask: Ask) -> Iterable[Row]:
    """The article once for each symbol that was asked for, or for all that it names where none was."""
    named = [
        symbol for symbol in map(canonical_symbol, found["tickers"]) if symbol and re.fullmatch(SYMBOL_PATTERN, symbol)
    ]
    for symbol in dict.fromkeys(named):
        if symbol in ask.symbols or ask.symbols == (MARKET_WIDE,):
            yield {
                "symbol": symbol,
                "published_at": moment(found["publishedDate"]),
                "title": text(found["title"]),
                "url": text(found["url"]),
                "summary": text(found.get("description")),
                "source": text(found.get("source")),
                "related_symbols": tuple(other for other in dict.fromkeys(named) if other != symbol),
            }
