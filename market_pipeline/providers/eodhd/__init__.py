"""EODHD: quotes, bars, dividends, options, company data, news and economic events, by exchange and ticker (AAPL.US).

Calls are a currency: most requests cost 1 of it for each symbol, bars of a day 5, news 10, fundamentals 10, the bars of a
whole exchange 100.  Free keys get 20 a day, and daily bars of a year for it.  Errors are plain text or {"error": …}; 402
means that the day's calls are spent.
Source: https://eodhd.com/financial-apis and github.com/EodHistoricalData/EODHD-openapi.
"""

from datetime import UTC, datetime, time, timedelta

from market_pipeline.providers.base import Provider, Rate, Wordings, by_status, by_wording, with_param
from market_pipeline.providers.eodhd.companies import (
    CompanyInfo,
    Constituents,
    Dividends,
    EarningsCalendar,
    EarningsHistory,
    EarningsTrends,
)
from market_pipeline.providers.eodhd.feeds import EconomicEvents, News
from market_pipeline.providers.eodhd.fundamentals import Fundamentals
from market_pipeline.providers.eodhd.market import (
    BulkDailyPrices,
    DailyPrices,
    HourlyPrices,
    RealTime,
    UsQuotes,
)
from market_pipeline.providers.eodhd.options import OptionsChain
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

WORDINGS: Wordings = (
    (r"exceeded|limit reached|too many", RateLimited),
    (r"unauthenticated|invalid (api )?(key|token)|api token", AuthenticationFailed),
    (r"free users|subscription|your plan|forbidden", NotEntitled),
    (r"not found", UnknownSymbol),
)
SPENT_FOR_THE_DAY = 402


class Eodhd(Provider):
    """Limits of the free plan: https://eodhd.com/pricing and https://eodhd.com/financial-apis/api-limits."""

    name = "eodhd"
    title = "EODHD"
    homepage = "https://eodhd.com"
    base_url = "https://eodhd.com/api"
    limits = (Rate(20, 86_400), Rate(1000, 60))
    endpoints = (
        UsQuotes(),
        RealTime(),
        CompanyInfo(),
        BulkDailyPrices(),
        DailyPrices(),
        HourlyPrices(),
        OptionsChain(),
        EarningsCalendar(),
        EarningsTrends(),
        EarningsHistory(),
        Dividends(),
        Fundamentals(),
        News(),
        EconomicEvents(),
        Constituents(),
    )

    def authorise(self, request: Request, key: str) -> Request:
        return with_param(request, "api_token", key)

    def classify(self, answer: Answer) -> ProviderError | None:
        said = _remark(answer)
        told = f"HTTP {answer.status}: {said}"
        if answer.status == SPENT_FOR_THE_DAY or "daily" in (said or ""):
            return RateLimited(told, retry_after=_until_tomorrow(answer))
        meaning = None if said is None else by_wording(WORDINGS, told)
        if meaning is RateLimited:
            return RateLimited(told, retry_after=retry_after(answer))
        if meaning is not None:
            return meaning(told)
        if said is not None and answer.status < 300:
            return MalformedResponse(told, sample=answer.sample)
        return by_status(answer, said)


def _remark(answer: Answer) -> str | None:
    """What the vendor says instead of data."""
    try:
        return first_text(answer.json(), "error", "message")
    except MalformedResponse:
        return sentence(answer.sample)


def _until_tomorrow(answer: Answer) -> float:
    """Seconds until midnight in UTC, when a new day's calls begin."""
    now = answer.received_at.astimezone(UTC)
    return (datetime.combine(now.date() + timedelta(days=1), time.min, UTC) - now).total_seconds()
