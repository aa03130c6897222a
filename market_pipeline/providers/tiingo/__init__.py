"""Tiingo: quotes of IEX, daily and hourly bars, dividends, company data, news; statements of the Dow 30 for free keys.

Free keys get 50 requests an hour, 1,000 a day and 500 different symbols a month (the last is not known to the gate: the
vendor's refusal has to tell).  Errors are {"detail": …}; above a limit they are plain text too, under 429 or 200.
Source: https://www.tiingo.com/documentation (general, end-of-day, iex, crypto, fundamentals, news, corporate-actions).
"""

from datetime import datetime, time, timedelta

from market_pipeline.providers.base import Provider, Rate, Wordings, by_status, by_wording, with_header
from market_pipeline.providers.dates import NEW_YORK
from market_pipeline.providers.errors import (
    AuthenticationFailed,
    MalformedResponse,
    NotEntitled,
    ProviderError,
    RateLimited,
    UnknownSymbol,
)
from market_pipeline.providers.messages import Answer, Request, first_text, retry_after
from market_pipeline.providers.normalise import sentence
from market_pipeline.providers.tiingo.companies import (
    CompanyMeta,
    DailyMeta,
    Distributions,
    DividendsInPrices,
    News,
)
from market_pipeline.providers.tiingo.fundamentals import Fundamentals
from market_pipeline.providers.tiingo.market import CryptoDaily, CryptoHourly, DailyPrices, HourlyPrices, IexQuotes

WORDINGS: Wordings = (
    (r"run over|exceeded|request allocation|throttled", RateLimited),  # first: it also advertises plans
    (r"token|credentials", AuthenticationFailed),
    (r"permission|limited to the dow|add-on|entitle", NotEntitled),
    (r"not found|no metadata", UnknownSymbol),
)


class Tiingo(Provider):
    """Limits of the free plan: https://www.tiingo.com/about/pricing."""

    name = "tiingo"
    title = "Tiingo"
    homepage = "https://www.tiingo.com"
    base_url = "https://api.tiingo.com"
    limits = (Rate(50, 3600), Rate(1000, 86_400))
    concurrency = 2
    endpoints = (
        IexQuotes(),
        DailyMeta(),
        CompanyMeta(),
        CryptoDaily(),
        CryptoHourly(),
        DailyPrices(),
        HourlyPrices(),
        Distributions(),
        DividendsInPrices(),
        Fundamentals(),
        News(),
    )

    def authorise(self, request: Request, key: str) -> Request:
        return with_header(request, "Authorization", f"Token {key}")

    def classify(self, answer: Answer) -> ProviderError | None:
        said = _remark(answer)
        told = f"HTTP {answer.status}: {said}"
        meaning = None if said is None else by_wording(WORDINGS, told)
        if meaning is RateLimited:
            return RateLimited(told, retry_after=_wait(told, answer))
        if meaning is not None:
            return meaning(told)
        if said is not None and answer.status < 300:
            return MalformedResponse(told, sample=answer.sample)
        return by_status(answer, said)


def _remark(answer: Answer) -> str | None:
    """What the vendor says instead of data."""
    try:
        return first_text(answer.json(), "detail")
    except MalformedResponse:
        return sentence(answer.sample)


def _wait(said: str, answer: Answer) -> float | None:
    """Seconds until calls are allowed again: Retry-After, or the next hour, day or month, which begin in New York."""
    stated = retry_after(answer)
    if stated is not None:
        return stated
    now = answer.received_at.astimezone(NEW_YORK)
    today = datetime.combine(now.date(), time.min, NEW_YORK)
    if "hour" in said:
        return (now.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1) - now).total_seconds()
    if "month" in said:
        return ((today.replace(day=28) + timedelta(days=4)).replace(day=1) - now).total_seconds()
    if "daily" in said or "day" in said:
        return (today + timedelta(days=1) - now).total_seconds()
    return None
