"""Finviz's screener: quotes of many symbols in one page, and the members of an index.

A page holds 20 rows; the next one is asked for by the number of its first row (`r=21`).
"""

import re
from collections.abc import Mapping
from datetime import datetime

from market_pipeline.datasets import MARKET_WIDE
from market_pipeline.providers.base import with_param
from market_pipeline.providers.errors import MalformedResponse, UnknownSymbol
from market_pipeline.providers.finviz.endpoint import FinvizEndpoint
from market_pipeline.providers.finviz.pages import page_of, tables, words
from market_pipeline.providers.finviz.quote_page import DELAYED, FETCH_TIME, session_of
from market_pipeline.providers.messages import Answer, Ask, Parsed, Request
from market_pipeline.providers.normalise import canonical_symbol, integer, number, price, sector, text

PATH = "/screener.ashx"
OVERVIEW = {"v": "111"}  # the view with company, sector, industry, country, price, change and volume
PAGE = 20

INDICES = {"^GSPC": "idx_sp500", "^NDX": "idx_ndx", "^DJI": "idx_dji"}
"""The screener's filters for indices."""


class Screener(FinvizEndpoint):
    """Delayed prices of up to 20 symbols at once; symbols that Finviz does not know are left out of the page."""

    data_type = "stock_quotes"
    path = PATH
    aliases = ("/screener",)
    fixed = OVERVIEW
    symbols_in = "t"
    batch = PAGE

    def parse(self, answer: Answer, ask: Ask) -> Parsed:
        listed, following = read_overview(answer)
        rows = [
            {
                "symbol": line["Ticker"],
                "as_of": answer.received_at,
                "session": session_of(ask, answer.received_at),
                "price": price(line["Price"]),
                "change_percent": number(line["Change"]),
                "volume": integer(line["Volume"]),
                "currency": "USD",
                "flags": (DELAYED, FETCH_TIME),
            }
            for line in listed
        ]
        is_all = following is None and _first_row(answer) == 1 and ask.symbols != (MARKET_WIDE,)
        missing = {*ask.symbols} - {line["Ticker"] for line in listed} if is_all else set()
        errors = {symbol: UnknownSymbol(f"Finviz lists no {symbol}") for symbol in missing}
        return Parsed(rows, more=() if following is None else (following,), errors=errors)


class Constituents(FinvizEndpoint):
    """The members of an index, 20 a page."""

    data_type = "index_constituents"
    path = PATH
    aliases = ("/screener",)
    fixed = OVERVIEW
    symbols_in = "f"

    def spell(self, symbol: str) -> str:
        return INDICES[symbol]

    def match(self, path: str, params: Mapping[str, str], now: datetime) -> Ask | None:
        return super().match(path, params, now) if params.get("f") in INDICES.values() else None

    def unspell(self, spelling: str) -> str:
        return next(index for index, filter_ in INDICES.items() if filter_ == spelling)

    def serves(self, ask: Ask) -> bool:
        return super().serves(ask) and set(ask.symbols) <= set(INDICES)

    def parse(self, answer: Answer, ask: Ask) -> Parsed:
        listed, following = read_overview(answer)
        rows = [
            {
                "symbol": ask.symbol,
                "member": line["Ticker"],
                "name": text(line["Company"]),
                "sector": sector(line["Sector"]),
                "industry": text(line["Industry"]),
            }
            for line in listed
        ]
        return Parsed(rows, more=() if following is None else (following,))


def read_overview(answer: Answer) -> tuple[list[dict[str, str]], Request | None]:
    """Rows by header, their `Ticker` canonical, and the request for the next page.  Raises MalformedResponse."""
    page = page_of(answer)
    # "Total: 200 #1" until 2023, "#1 / 200 Total" since
    counted = re.search(r"Total:\s*([\d,]+)|#\d+ / ([\d,]+) Total", words(page.body))
    if counted is None:
        raise MalformedResponse("the page says no total of rows", sample=answer.sample)
    total, first = integer(counted[1] or counted[2]) or 0, _first_row(answer)
    names, below = next(tables(page, "Ticker", "Company", "Price", "Volume"), ([], []))
    listed = [dict(zip(names, map(words, line), strict=True)) for line in below]
    if total >= first and not listed:
        raise MalformedResponse(f"{total} rows, and no table that holds them", sample=answer.sample)
    for line in listed:
        line["Ticker"] = canonical_symbol(line["Ticker"]) or ""
    seen = first + len(listed)
    return listed, _page_from(answer, seen) if seen <= total else None


def _first_row(answer: Answer) -> int:
    return int(answer.params.get("r", "1"))


def _page_from(answer: Answer, row: int) -> Request:
    return with_param(Request(path=PATH, params=answer.params), "r", str(row))
