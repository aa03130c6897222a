"""quoteSummary: `/v10/finance/quoteSummary/{symbol}?modules=…`, one path for several data types, told apart by modules.

Here belong what its endpoints share and the company's profile.  The statement-history modules are not read by anybody:
since 2024 they hold zeros where there were figures, and `fundamentals` has another source for them.
"""

import re
from collections.abc import Mapping
from datetime import date, datetime
from typing import ClassVar

from market_pipeline.providers.messages import Answer, Ask, Parsed
from market_pipeline.providers.normalise import integer, major_unit, text
from market_pipeline.providers.yahoo.values import (
    Object,
    YahooEndpoint,
    date_of,
    figure,
    first,
    items,
    part,
    raw,
    results,
)

_ASSET_CLASSES = {
    "EQUITY": "stock",
    "ETF": "etf",
    "MUTUALFUND": "fund",
    "INDEX": "index",
    "CURRENCY": "currency",
    "CRYPTOCURRENCY": "crypto",
}
_CHIEF = re.compile(r"\b(CEO|Chief Executive( Officer)?)\b(?! of\b)", re.I)  # "CEO of Solutions" heads a division
_HISTORY_BEGINS = date(1962, 1, 2)  # Yahoo's oldest bars: no company's first day of trading


class Summary(YahooEndpoint):
    """An endpoint that asks for `modules`; any of `told_by` in a request shows that it is for this endpoint."""

    path = "/v10/finance/quoteSummary/{symbol}"
    handshake = True
    modules: ClassVar[tuple[str, ...]]
    told_by: ClassVar[frozenset[str]]

    def params(self, ask: Ask) -> Mapping[str, str]:
        return {"modules": ",".join(self.modules), "formatted": "false"}

    def match(self, path: str, params: Mapping[str, str], now: datetime) -> Ask | None:
        asked = {module.strip() for module in params.get("modules", "").split(",")}
        return super().match(path, params, now) if asked & self.told_by else None


class Modules:
    """The modules of an answer: Yahoo leaves out what it does not have, or says null."""

    def __init__(self, answer: Answer) -> None:
        (self._found,) = results(answer, "quoteSummary")

    def __getitem__(self, name: str) -> Object:
        return part(self._found, name)


class CompanyInfo(Summary):
    """Profile, listing and size of a company, a fund or a coin."""

    data_type = "company_info"
    modules = ("assetProfile", "quoteType", "price", "summaryDetail", "defaultKeyStatistics")
    told_by = frozenset({"assetProfile", "summaryProfile", "quoteType", "price"})

    def parse(self, answer: Answer, ask: Ask) -> Parsed:
        found = Modules(answer)
        listing, price, detail = found["quoteType"], found["price"], found["summaryDetail"]
        statistics = found["defaultKeyStatistics"]
        profile = {**found["summaryProfile"], **found["assetProfile"]}
        kind = text(first(price.get("quoteType"), listing.get("quoteType")))
        names = (price.get("longName"), listing.get("longName"), price.get("shortName"), listing.get("shortName"))
        row = {
            "symbol": ask.symbol,
            # the profile alone names no company: then the symbol is what Yahoo calls it
            "name": text(first(*names, profile.get("name"))) or ask.symbol,
            "exchange": text(first(price.get("exchangeName"), listing.get("exchange"))),
            "asset_class": None if kind is None else _ASSET_CLASSES.get(kind, kind.lower()),
            "sector": text(profile.get("sector")),
            "industry": text(profile.get("industry")),
            "country": text(profile.get("country")),
            # a listing in pence has its market capitalisation in pounds
            "currency": major_unit(first(price.get("currency"), detail.get("currency")))[0],
            "market_cap": first(figure(price.get("marketCap")), figure(detail.get("marketCap"))),
            "shares_outstanding": figure(statistics.get("sharesOutstanding")),
            "employees": integer(raw(profile.get("fullTimeEmployees"))),
            "ceo": _chief(profile),
            "website": text(profile.get("website")),
            "description": text(first(profile.get("longBusinessSummary"), profile.get("description"))),
            "address": _address(profile),
            "phone": text(profile.get("phone")),
            "ipo_date": _first_trade(listing),
        }
        return Parsed([row])


def _chief(profile: Object) -> str | None:
    """The first officer with the title, without double spaces: "Mr. Timothy D. Cook"."""
    officers = items(profile, "companyOfficers")
    found = next((officer for officer in officers if _CHIEF.search(text(officer.get("title")) or "")), None)
    return None if found is None else text(" ".join((text(found.get("name")) or "").split()))


def _address(profile: Object) -> str | None:
    parts = (text(profile.get(name)) for name in ("address1", "address2", "address3", "city", "state", "zip"))
    return ", ".join(part for part in parts if part is not None) or None


def _first_trade(listing: Object) -> date | None:
    found = date_of(listing.get("firstTradeDateEpochUtc"))
    return None if found is None or found <= _HISTORY_BEGINS else found
