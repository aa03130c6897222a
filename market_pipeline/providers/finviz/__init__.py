"""Finviz: delayed quotes, profiles, ratios, earnings dates and news from its pages, and the US economic calendar.

Pages are made for readers: no key, no documented limit, and paid accounts alone get an export.  A client that reads too
fast gets the words "Too many requests." under any status, and a browser check (403) from the edge; a symbol that does
not exist is a 404.  Times are New York's.
Source: pages recorded in 2020 to 2022; finvizfinance, mariostoev/finviz and d3an/finviz, which follow its changes.
"""

from collections.abc import Mapping
from typing import ClassVar

from market_pipeline.providers.base import Provider, Rate, by_status
from market_pipeline.providers.errors import ProviderError, RateLimited
from market_pipeline.providers.finviz.economic_calendar import EconomicEvents
from market_pipeline.providers.finviz.quote_page import Company, EarningsDate, News, Quote, Ratios
from market_pipeline.providers.finviz.screener import Constituents, Screener
from market_pipeline.providers.messages import Answer, retry_after

__all__ = ["Finviz"]


class Finviz(Provider):
    name = "finviz"
    title = "Finviz"
    homepage = "https://finviz.com"
    base_url = "https://finviz.com"
    needs_key = False
    headers: ClassVar[Mapping[str, str]] = {
        "User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0",
        "Accept": "text/html,application/xhtml+xml",
        "Accept-Language": "en-US,en;q=0.9",
    }
    limits = (Rate(30, 60),)  # undocumented; about 100 pages in a row have been refused
    concurrency = 2
    endpoints = (Screener(), Quote(), Company(), Ratios(), EarningsDate(), News(), EconomicEvents(), Constituents())

    def classify(self, answer: Answer) -> ProviderError | None:
        said = answer.text[:100].strip()
        if said.lower().startswith("too many requests") or answer.status == 403:
            return RateLimited(f"HTTP {answer.status}: {said}", retry_after=retry_after(answer))
        return by_status(answer)
