"""Finnhub: quotes, profiles, candles, earnings, dividends, ratios, news and the economic calendar, symbol by symbol.

Free keys get 60 calls a minute, every plan 30 a second; candles, dividends and (by plan) the economic calendar answer
403 for them.  Errors come as {"error": …} with 401, 403 or 429; an unknown symbol is a 200 with zeros, {}, [] or
{"s": "no_data"}.  Statements as reported are left to the SEC, where they come from.
Source: https://finnhub.io/docs/api (that some figures are in millions, only its samples tell) and finnhub-python.
"""

import re

from market_pipeline.providers.base import Provider, Rate, by_status, with_header
from market_pipeline.providers.errors import (
    AuthenticationFailed,
    MalformedResponse,
    NotEntitled,
    ProviderError,
    RateLimited,
    UnknownSymbol,
)
from market_pipeline.providers.finnhub.companies import (
    Dividends,
    EarningsCalendar,
    EarningsSurprises,
    MarketEarningsCalendar,
    Profile,
)
from market_pipeline.providers.finnhub.events import CompanyNews, EconomicCalendar
from market_pipeline.providers.finnhub.market import DailyCandles, HourlyCandles, Quote
from market_pipeline.providers.finnhub.metrics import Metrics
from market_pipeline.providers.messages import Answer, Request, first_text, retry_after


class Finnhub(Provider):
    """Limits of the free plan: https://finnhub.io/pricing and https://finnhub.io/docs/api/rate-limit."""

    name = "finnhub"
    title = "Finnhub"
    homepage = "https://finnhub.io"
    base_url = "https://finnhub.io/api/v1"
    limits = (Rate(60, 60), Rate(30, 1))
    endpoints = (
        Quote(),
        Profile(),
        DailyCandles(),
        HourlyCandles(),
        EarningsCalendar(),
        MarketEarningsCalendar(),
        EarningsSurprises(),
        Dividends(),
        Metrics(),
        CompanyNews(),
        EconomicCalendar(),
    )

    def authorise(self, request: Request, key: str) -> Request:
        return with_header(request, "X-Finnhub-Token", key)

    def classify(self, answer: Answer) -> ProviderError | None:
        said = _error(answer)
        wording = (said or "").lower()
        if answer.status == 429 or "limit reached" in wording:
            return RateLimited(said or "HTTP 429", retry_after=_wait(answer))
        if "have access" in wording:  # 403 or 401, and neither is about the key
            return NotEntitled(f"HTTP {answer.status}: {said}")
        if "api key" in wording:
            return AuthenticationFailed(f"HTTP {answer.status}: {said}")
        if "symbol not supported" in wording:
            return UnknownSymbol(f"HTTP {answer.status}: {said}")
        if said is not None and answer.status < 300:
            return MalformedResponse(f"HTTP {answer.status}: {said}", sample=answer.sample)
        return by_status(answer, said)


def _error(answer: Answer) -> str | None:
    try:
        return first_text(answer.json(), "error")
    except MalformedResponse:
        return None


def _wait(answer: Answer) -> float | None:
    """Seconds until calls are allowed again: Retry-After, or the epoch second in X-Ratelimit-Reset."""
    stated, reset = retry_after(answer), answer.headers.get("x-ratelimit-reset", "")
    if stated is not None or re.fullmatch(r"\d{1,11}", reset) is None:
        return stated
    return max(0.0, int(reset) - answer.received_at.timestamp())
