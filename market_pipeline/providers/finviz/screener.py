"""Finviz's screener: quotes of many symbols in one page, and the members of an index, by sector.

A page holds 20 rows; the next one is asked for by the number of its first row (`r=21`).
"""

import re
from collections.abc import Mapping
from urllib.parse import parse_qsl, urlsplit

from market_pipeline.datasets import MARKET_WIDE
from market_pipeline.providers.base import with_param
from market_pipeline.providers.errors import MalformedResponse, UnknownSymbol
from market_pipeline.providers.finviz.endpoint import FinvizEndpoint
from market_pipeline.providers.finviz.pages import page_of, tables, words
from market_pipeline.providers.finviz.quote_page import DELAYED, FETCH_TIME, session_of
from market_pipeline.providers.messages import Answer, Ask, Parsed, Request
from market_pipeline.providers.normalise import canonical_symbol, integer, number, price, text

PATH = "/screener.ashx"
OVERVIEW = {"v": "111"}  # the view with company, sector, industry, country, price, change and volume
PAGE = 20

INDICES = {"S&P 500": "idx_sp500", "Nasdaq 100": "idx_ndx", "Dow Jones": "idx_dji"}
SECTORS = {
    "Basic Materials": "sec_basicmaterials",
    "Communication Services": "sec_communicationservices",
    "Consumer Cyclical": "sec_consumercyclical",
    "Consumer Defensive": "sec_consumerdefensive",
    "Energy": "sec_energy",
    "Financial": "sec_financial",
    "Healthcare": "sec_healthcare",
    "Industrials": "sec_industrials",
    "Real Estate": "sec_realestate",
    "Technology": "sec_technology",
    "Utilities": "sec_utilities",
}
"""The screener's filters for indices and sectors, by the names it shows."""


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


def constituents(index: str, sector: str | None = None) -> Request:
    """The first page of an index's members, of one sector or of all.  Names as in INDICES and SECTORS, else KeyError."""
    filters = [INDICES[index], *([] if sector is None else [SECTORS[sector]])]
    return Request(path=PATH, params={**OVERVIEW, "f": ",".join(filters)})


def read_constituents(answer: Answer) -> tuple[list[dict[str, str | None]], Request | None]:
    """Members (symbol, company, sector, industry, country) and the request for the next page; None behind the last.

    Raises MalformedResponse for a page without the screener's table.
    """
    listed, following = read_overview(answer)
    members = [
        {
            "symbol": line["Ticker"],
            "company": text(line["Company"]),
            "sector": text(line["Sector"]),
            "industry": text(line["Industry"]),
            "country": text(line["Country"]),
        }
        for line in listed
    ]
    return members, following


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


def _asked(answer: Answer) -> Mapping[str, str]:
    return dict(parse_qsl(urlsplit(answer.url).query))


def _first_row(answer: Answer) -> int:
    return int(_asked(answer).get("r", "1"))


def _page_from(answer: Answer, row: int) -> Request:
    return with_param(Request(path=PATH, params=_asked(answer)), "r", str(row))
