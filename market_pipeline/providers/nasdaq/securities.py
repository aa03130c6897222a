"""Nasdaq on one security: its quote, its company, its daily bars; and who is in the index of its name.

Here belong the endpoints whose answers are figures and facts as they stand; what a company does on a day is in `events`.
"""

import html
import re
from collections.abc import Mapping
from datetime import time, timedelta
from decimal import Decimal
from typing import Any

from market_pipeline.providers.dates import clock, day, local_midnight, named_day
from market_pipeline.providers.messages import Answer, Ask, Parsed, Row, Window
from market_pipeline.providers.nasdaq.envelope import NasdaqEndpoint, SecurityEndpoint, eastern, table_rows
from market_pipeline.providers.normalise import canonical_symbol, integer, number, price, sector, text

CLOSE = time(16)  # of a regular session, for quotes that are dated with their day alone
_STATES = {
    "open": "regular", "marketopen": "regular", "premarket": "pre", "afterhours": "post", "closed": "closed",
    "marketclosed": "closed",
}  # fmt: skip
_KIND_OF_SHARE = re.compile(r" (Class [A-Z] )?(Common|Capital|Ordinary|American Depositary) (Stock|Shares?).*$")
_TAG = re.compile(r"<[^>]*>")


class Info(SecurityEndpoint):
    data_type = "stock_quotes"
    path = "/quote/{symbol}/info"

    def read_data(self, data: Mapping[str, Any], answer: Answer, ask: Ask) -> Parsed:
        quoted = data["primaryData"] or {}
        last, session = price(quoted.get("lastSalePrice")), named_day(quoted.get("lastTradeTimestamp"))
        if last is None or session is None:
            return Parsed([])
        state = _STATES.get(re.sub(r"[^a-z]", "", (text(data.get("marketStatus")) or "").lower()))
        traded = clock(quoted["lastTradeTimestamp"])
        row = {
            "symbol": ask.symbol,
            "as_of": eastern(session, traded or CLOSE),
            "session": session,
            "price": last,
            "bid": number(quoted.get("bidPrice")),
            "ask": number(quoted.get("askPrice")),
            "bid_size": integer(quoted.get("bidSize")),
            "ask_size": integer(quoted.get("askSize")),
            "volume": integer(quoted.get("volume")),
            "currency": text(quoted.get("currency")) or "USD",
            "market_state": state,
            "flags": () if traded is not None else ("as_of_is_session_close",),
            **_since_the_close_before(quoted, data.get("secondaryData"), state),
        }
        if state != "pre":  # before the open, the range is still that of the day before
            row |= _range((data.get("keyStats") or {}).get("dayrange"))
        return Parsed([row])


def _since_the_close_before(quoted: Mapping[str, Any], closing: Mapping[str, Any] | None, state: str | None) -> Row:
    """Previous close and change against it.

    Outside of the regular session `primaryData` is about the extended one, its change is since the close last shown,
    and that close with its own change is in `secondaryData`.
    """
    last, change = number(quoted["lastSalePrice"]), _change(quoted.get("netChange"))
    if closing is None or state == "pre":
        before = None if last is None or change is None else last - change
        return {"previous_close": before, "change": change, "change_percent": _change(quoted.get("percentageChange"))}
    close, change = number(closing.get("lastSalePrice")), _change(closing.get("netChange"))
    if last is None or close is None or change is None:
        return {}
    before = close - change
    percent = round(100 * (last - before) / before, 2) if before > 0 else None
    return {"previous_close": before, "change": last - before, "change_percent": percent}


def _change(value: Any) -> Decimal | None:
    return Decimal(0) if value == "UNCH" else number(value)  # unchanged


def _range(stat: Mapping[str, Any] | None) -> Row:
    """High and low from {"label": "High/Low:", "value": "221.09 - 223.93"}."""
    written = (text((stat or {}).get("value")) or "").split(" - ")
    ends = sorted(end for end in map(price, written) if end is not None)
    return {"low": ends[0], "high": ends[1]} if len(ends) == 2 else {}


class Profile(NasdaqEndpoint):
    data_type = "company_info"
    path = "/company/{symbol}/company-profile"

    def read_data(self, data: Mapping[str, Any], answer: Answer, ask: Ask) -> Parsed:
        def said(name: str) -> Any:
            return (data.get(name) or {}).get("value")

        address, about = text(said("Address")), text(said("CompanyDescription"))
        executives = said("KeyExecutives") or []
        return Parsed(
            [
                {
                    "symbol": ask.symbol,
                    "name": text(said("CompanyName")),
                    "sector": text(said("Sector")),
                    "industry": text(said("Industry")),
                    "country": None if address is None else text(address.rpartition(",")[2]),
                    "address": address,
                    "phone": text(said("Phone")),
                    "website": text(said("CompanyUrl")),
                    "description": None if about is None else text(html.unescape(_TAG.sub(" ", about))),
                    "ceo": next((text(one["name"]) for one in executives if _leads(one)), None),
                }
            ]
        )


def _leads(executive: Mapping[str, Any]) -> bool:
    return re.search(r"\bchief executive\b|\bCEO\b", str(executive.get("title")), re.I) is not None


class Historical(SecurityEndpoint):
    """Daily bars of the last ten years, adjusted for splits and not for dividends; without the session under way.

    A range within one day is refused (1011, "Provided date is less than from date"), so it starts a day early.  That
    prices are adjusted is seen at the splits of AAPL (2020-08-31) and NVDA (2024-06-10): closes run through them.
    """

    data_type = "historical_prices"
    path = "/quote/{symbol}/historical"
    timeframes = ("1d",)

    def params(self, ask: Ask) -> Mapping[str, str]:
        window = ask.window or Window(ask.today - timedelta(days=365), ask.today)
        start = window.start - timedelta(days=1)
        return {
            **super().params(ask),
            "fromdate": start.isoformat(),
            "todate": window.end.isoformat(),
            "limit": "9999",
        }

    def read_data(self, data: Mapping[str, Any], answer: Answer, ask: Ask) -> Parsed:
        return Parsed([_bar(ask.symbol, row) for row in table_rows(data["tradesTable"], "tradesTable")])


def _bar(symbol: str, row: Mapping[str, Any]) -> Row:
    session = day(row["date"])
    return {
        "symbol": symbol,
        "timeframe": "1d",
        "bar_start": None if session is None else local_midnight(session),
        "session": session,
        "adjustment": "split",
        **{name: price(row[name]) for name in ("open", "high", "low", "close")},
        "volume": number(row.get("volume")),
        "currency": "USD",
    }


class Constituents(NasdaqEndpoint):
    """The members of Nasdaq's own index.  The column for the sector is there and empty.

    Source: clients of the site, such as dragonfly's ndx_universe.py, which notes the empty column.
    """

    data_type = "index_constituents"
    path = "/quote/list-type/{symbol}"

    def spell(self, symbol: str) -> str:
        return {"^NDX": "nasdaq100"}[symbol]

    def unspell(self, spelling: str) -> str:
        return {"nasdaq100": "^NDX"}.get(spelling, spelling)

    def serves(self, ask: Ask) -> bool:
        return super().serves(ask) and ask.symbols == ("^NDX",)

    def read_data(self, data: Mapping[str, Any], answer: Answer, ask: Ask) -> Parsed:
        rows = [
            {
                "symbol": ask.symbol,
                "member": canonical_symbol(found["symbol"]),
                "name": text(_KIND_OF_SHARE.sub("", found["companyName"])),
                "sector": sector(found.get("sector")),
            }
            for found in table_rows(data["data"], "members")
        ]
        return Parsed(rows)
