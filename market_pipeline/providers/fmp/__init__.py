"""Financial Modeling Prep: quotes, profiles, prices, earnings, dividends, fundamentals, news, the economic calendar.

Addresses are those under /stable; /api/v3 and v4 refuse accounts made after 2025-08-31.  Free keys get 250 requests a
day for some 87 sample symbols; batches, intraday bars, news, quarters and more than 5 periods are refused with 402.
Errors are {"Error Message": …} or text, under any status; an unknown symbol is [].
Source: https://site.financialmodelingprep.com/developer/docs/stable, and the wordings that its clients tell apart
(FinanceToolkit fmp_model.py, fmp-node-wrapper error-classifier.ts).
"""

import re
from collections.abc import Mapping
from typing import Any

from market_pipeline.providers.base import Provider, Rate, by_status, with_param
from market_pipeline.providers.errors import (
    AuthenticationFailed,
    MalformedResponse,
    NotEntitled,
    ProviderError,
    RateLimited,
)
from market_pipeline.providers.fmp.companies import (
    Constituents,
    Dividends,
    DividendsCalendar,
    Earnings,
    EarningsCalendar,
    Profile,
)
from market_pipeline.providers.fmp.events import EconomicCalendar, StockNews
from market_pipeline.providers.fmp.fundamentals import Fundamentals, YearlyFundamentals
from market_pipeline.providers.fmp.market import BatchQuote, DailyPrices, HourlyPrices, Quote
from market_pipeline.providers.messages import Answer, Request, first_text, retry_after

OVER_THE_LIMIT = ("limit reach", "too many requests")  # before the plan's: "Limit Reach . Please upgrade your plan"
BAD_KEY = ("invalid api key",)
NOT_IN_THE_PLAN = (
    "exclusive endpoint",
    "special endpoint",
    "premium endpoint",
    "premium query parameter",
    "legacy endpoint",
    "current subscription",
)
HINTS = {"x-rate-limit-retry-after-milliseconds": 1000, "x-rate-limit-retry-after-seconds": 1}  # how many a second has


class FinancialModelingPrep(Provider):
    """Free plan: https://site.financialmodelingprep.com/pricing-plans; 300 a minute is what its clients keep to."""

    name = "fmp"
    title = "Financial Modeling Prep"
    homepage = "https://site.financialmodelingprep.com"
    base_url = "https://financialmodelingprep.com/stable"
    limits = (Rate(250, 86_400), Rate(300, 60))
    endpoints = (
        BatchQuote(),
        Quote(),
        Profile(),
        DailyPrices(),
        HourlyPrices(),
        EarningsCalendar(),
        Earnings(),
        DividendsCalendar(),
        Dividends(),
        Fundamentals(),
        YearlyFundamentals(),
        StockNews(),
        EconomicCalendar(),
        Constituents(),
    )

    def authorise(self, request: Request, key: str) -> Request:
        return with_param(request, "apikey", key)

    def classify(self, answer: Answer) -> ProviderError | None:
        payload = _payload(answer)
        said = payload if isinstance(payload, str) else first_text(payload, "Error Message", "error", "message")
        wording = (said or "").lower()
        told = f"HTTP {answer.status}: {(said or '')[:500]}"
        if answer.status == 429 or any(words in wording for words in OVER_THE_LIMIT):
            return RateLimited(told, retry_after=_wait(answer, payload))
        if any(words in wording for words in BAD_KEY):
            return AuthenticationFailed(told)
        if any(words in wording for words in NOT_IN_THE_PLAN):
            return NotEntitled(told)
        if isinstance(payload, Mapping) and "Error Message" in payload and answer.status < 300:
            return MalformedResponse(told, sample=answer.sample)
        return by_status(answer, said)


def _payload(answer: Answer) -> Any:
    """The JSON of an answer, or its text where it is none; None for a page of HTML, which is nobody's wording."""
    try:
        return answer.json()
    except MalformedResponse:
        return None if answer.body.lstrip().startswith(b"<") else answer.sample


def _wait(answer: Answer, payload: Any) -> float | None:
    """Seconds until the next call.  The vendor's own hints, in headers or JSON, go before Retry-After.

    The two disagree: 174 ms against `Retry-After: 100` in one recorded answer, whose limit is one per millisecond.
    """
    body = {str(name).lower(): value for name, value in payload.items()} if isinstance(payload, Mapping) else {}
    stated = [
        int(places[name]) / unit
        for places in (answer.headers, body)
        for name, unit in HINTS.items()
        if re.fullmatch(r"\d{1,12}", str(places.get(name)))
    ]
    longest = max(stated, default=0.0)
    return longest if longest > 0 else retry_after(answer)
