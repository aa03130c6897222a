"""Polygon, called Massive since October 2025: quotes, bars, options, company data and news of US shares.

Free keys get 5 requests a minute and two years of daily data once a day is over; snapshots, trades and options answer
403 for them.  Errors come as {"status": …} with the words in `error` or in `message`; an unknown ticker is a 404 where
the address names it and an empty answer elsewhere.  A list of option contracts without quotes, tick data, splits and the
v1 addresses of tickers and news are not asked for.
Source: https://massive.com/docs and https://github.com/massive-com/client-python.
"""

from collections.abc import Mapping
from typing import ClassVar

from market_pipeline.providers.base import Provider, Rate, by_status, with_header
from market_pipeline.providers.errors import (
    AuthenticationFailed,
    MalformedResponse,
    NoData,
    NotEntitled,
    ProviderError,
    RateLimited,
    UnknownSymbol,
)
from market_pipeline.providers.messages import Answer, Request, first_text, retry_after
from market_pipeline.providers.polygon.companies import Dividends, DividendsV3, Financials, News, TickerDetails
from market_pipeline.providers.polygon.market import (
    DailyBars,
    GroupedDaily,
    HourlyBars,
    LastTrade,
    PreviousClose,
    Snapshot,
    UniversalSnapshot,
)
from market_pipeline.providers.polygon.options import OptionsSnapshot


class Polygon(Provider):
    """Limits of the free plan: https://massive.com/pricing."""

    name = "polygon"
    title = "Polygon (Massive)"
    homepage = "https://massive.com"
    base_url = "https://api.massive.com"
    hosts: ClassVar[Mapping[str, str]] = {"polygon": "https://api.polygon.io"}  # the old name: links may lead there
    limits = (Rate(5, 60),)
    endpoints = (
        Snapshot(),
        UniversalSnapshot(),
        LastTrade(),
        PreviousClose(),
        TickerDetails(),
        GroupedDaily(),
        DailyBars(),
        HourlyBars(),
        OptionsSnapshot(),
        Dividends(),
        DividendsV3(),
        Financials(),
        News(),
    )

    def authorise(self, request: Request, key: str) -> Request:
        return with_header(request, "Authorization", f"Bearer {key}")

    def classify(self, answer: Answer) -> ProviderError | None:
        state, said = _told(answer)
        wording = said.lower()
        if answer.status == 429 or "maximum requests" in wording:
            return RateLimited(said or "HTTP 429", retry_after=retry_after(answer))
        if "before end of day" in wording:  # under 403 too, though only the day is too young and not the plan too small
            return NoData(f"HTTP {answer.status}: {said}")
        if state == "NOT_AUTHORIZED" or "entitled" in wording:
            return NotEntitled(f"HTTP {answer.status}: {said}")
        if "api key" in wording:
            return AuthenticationFailed(f"HTTP {answer.status}: {said}")
        if state == "NOT_FOUND":
            return UnknownSymbol(f"HTTP {answer.status}: {said}")
        if state == "ERROR" and answer.status < 300:
            return MalformedResponse(f"HTTP {answer.status}: {said}", sample=answer.sample)
        return by_status(answer, said)


def _told(answer: Answer) -> tuple[str, str]:
    """The status in an answer's envelope and what is said about it; empty where it has none, or is fine."""
    try:
        payload = answer.json()
    except MalformedResponse:
        return "", ""
    state = first_text(payload, "status") or ""
    return ("", "") if state in {"OK", "DELAYED"} else (state, first_text(payload, "error", "message") or "")
