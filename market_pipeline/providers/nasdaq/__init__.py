"""Nasdaq's own site: quotes, profiles, daily bars, option chains, dividends, earnings and day-by-day calendars.

The API behind nasdaq.com needs no key but a browser's headers, and documents neither itself nor a limit; its edge
(Akamai) shuts a client out with 403 and HTML for a while after some hundred quick calls.  Every answer is
{"data", "message", "status": {"rCode", "bCodeMessage"}} with display strings, and HTTP 200 also for refusals.  Stocks
and ETFs are asked for by `assetclass`, and one asked for as the other "not exists".  Times are New York's.
Source: openbb-nasdaq 2.0.0 and clients of the site that note what they measured, named where it matters.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar

from market_pipeline.providers.base import Provider, Rate, by_status
from market_pipeline.providers.errors import (
    AuthenticationFailed,
    MalformedResponse,
    NotEntitled,
    ProviderError,
    RateLimited,
    Unavailable,
    UnknownSymbol,
)
from market_pipeline.providers.messages import Answer, retry_after
from market_pipeline.providers.nasdaq.events import (
    DividendCalendar,
    Dividends,
    EarningsCalendar,
    EarningsSurprise,
    EconomicEvents,
)
from market_pipeline.providers.nasdaq.options import OptionChain
from market_pipeline.providers.nasdaq.securities import Constituents, Historical, Info, Profile
from market_pipeline.providers.normalise import text

_DATALINK = {
    "QEA": AuthenticationFailed, "QEL": RateLimited, "QEP": NotEntitled, "QEC": UnknownSymbol, "QEX": Unavailable,
}  # fmt: skip
"""The error codes of data.nasdaq.com, by their first letters (its documentation, "Error codes")."""


class Nasdaq(Provider):
    name = "nasdaq"
    title = "Nasdaq"
    homepage = "https://www.nasdaq.com/market-activity/stocks"
    base_url = "https://api.nasdaq.com/api"
    needs_key = False
    headers: ClassVar[Mapping[str, str]] = {
        "User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0",
        "Accept": "application/json, text/plain, */*",
        "Accept-Language": "en-US,en;q=0.9",
        "Origin": "https://www.nasdaq.com",
        "Referer": "https://www.nasdaq.com/",
    }
    limits = (Rate(60, 60),)  # undocumented; clients that ask once a second report no refusals
    concurrency = 4
    endpoints = (
        Info(),
        Profile(),
        Historical(),
        OptionChain(),
        Dividends(),
        DividendCalendar(),
        EarningsSurprise(),
        EarningsCalendar(),
        EconomicEvents(),
        Constituents(),
    )

    def classify(self, answer: Answer) -> ProviderError | None:
        try:
            payload = answer.json()
        except MalformedResponse:
            return _at_the_edge(answer)
        if not isinstance(payload, Mapping):
            return by_status(answer)
        if isinstance(payload.get("quandl_error"), Mapping):
            return _datalink_error(payload["quandl_error"], answer)
        status = _mapping(payload.get("status"))
        words = "; ".join(filter(None, (_complaints(status.get("bCodeMessage")), text(payload.get("message")))))
        if "Symbol not exists" in words or "Non-Nasdaq symbols" in words:
            return UnknownSymbol(words)
        if "Error while calling vendor" in words:
            return Unavailable(words)
        code = status.get("rCode")
        if isinstance(code, int) and 400 <= code < 600:  # under HTTP 200
            return by_status(replace(answer, status=code), words)
        return by_status(answer, words)


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _complaints(messages: Any) -> str | None:
    """The words of [{"code": 1001, "errorMessage": "Symbol not exists."}]."""
    found = messages if isinstance(messages, list) else [messages]
    return "; ".join(str(one.get("errorMessage")) for one in found if isinstance(one, Mapping)) or None


def _at_the_edge(answer: Answer) -> ProviderError | None:
    """What stands for an answer that is not Nasdaq's but its edge's: 403 and 429 pass by waiting, 404 by asking again."""
    if answer.status in (403, 429):
        return RateLimited(f"HTTP {answer.status} from the edge", retry_after=retry_after(answer))
    return Unavailable(f"HTTP {answer.status} from the edge") if answer.status >= 400 else None


def _datalink_error(error: Mapping[str, Any], answer: Answer) -> ProviderError:
    """An error of data.nasdaq.com, another product.  Its words repeat the key, so they stay where they are."""
    code = str(error.get("code"))
    said = f"Nasdaq Data Link refused with {code}"
    kind = _DATALINK.get(code[:3], MalformedResponse)
    return RateLimited(said, retry_after=retry_after(answer)) if kind is RateLimited else kind(said)
