"""Alpha Vantage: quotes, bars, options, company data, news and economic series, a function and a symbol at a time.

Free keys get 25 requests a day and one a second.  Errors come under HTTP 200, told apart by wording only: `Note` and
`Information` (limit, premium, key), `Error Message` (key, unknown function, unknown symbol), and {} for unknown symbols.
Premium functions answer free keys with a notice, or with artificial samples beside a `message`: never data.
Bulk quotes are premium and known from such a sample only; ETF profiles name no fund: neither is asked for.
Source: https://www.alphavantage.co/documentation/ and https://www.alphavantage.co/premium/.
"""

from market_pipeline.providers.alpha_vantage.companies import (
    Dividends,
    Earnings,
    EarningsCalendar,
    Fundamentals,
    Overview,
)
from market_pipeline.providers.alpha_vantage.events import EconomicSeries, NewsSentiment
from market_pipeline.providers.alpha_vantage.function import is_json
from market_pipeline.providers.alpha_vantage.market import Daily, DailyAdjusted, DailyFull, GlobalQuote, Intraday
from market_pipeline.providers.alpha_vantage.options import HistoricalOptions, RealtimeOptions
from market_pipeline.providers.base import Provider, Rate, Wordings, by_status, by_wording, with_param
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

WORDINGS: Wordings = (
    (r"rate limit|call frequency|sparingly", RateLimited),  # first: it also advertises premium plans
    (r"demo\W+api key|api ?key\W+is invalid|invalid api ?key", AuthenticationFailed),
    (r"premium|artificial", NotEntitled),
    (r"no (data|articles)\b", NoData),
    (r"invalid (api call|inputs)", UnknownSymbol),
)


class AlphaVantage(Provider):
    """Limits of the free plan: https://www.alphavantage.co/premium/."""

    name = "alpha_vantage"
    title = "Alpha Vantage"
    homepage = "https://www.alphavantage.co"
    base_url = "https://www.alphavantage.co"
    limits = (Rate(25, 86_400), Rate(1, 1))
    concurrency = 1
    endpoints = (
        GlobalQuote(),
        Overview(),
        Daily(),
        DailyFull(),
        DailyAdjusted(),
        Intraday(),
        RealtimeOptions(),
        HistoricalOptions(),
        Earnings(),
        EarningsCalendar(),
        Dividends(),
        Fundamentals(),
        NewsSentiment(),
        EconomicSeries(),
    )

    def authorise(self, request: Request, key: str) -> Request:
        return with_param(request, "apikey", key)

    def classify(self, answer: Answer) -> ProviderError | None:
        if not is_json(answer):
            return by_status(answer)
        try:
            payload = answer.json()
        except MalformedResponse as error:
            return by_status(answer) or error
        if payload == {}:
            return UnknownSymbol("Alpha Vantage answered an empty object, as it does for symbols it does not know")
        refusal = first_text(payload, "Note", "Information", "Error Message")
        said = refusal or first_text(payload, "message") or ""
        meaning = by_wording(WORDINGS, said)
        if meaning is RateLimited:
            return RateLimited(said, retry_after=retry_after(answer))
        if meaning is not None:
            return meaning(said)
        if refusal is not None:
            return MalformedResponse(refusal, sample=answer.sample)
        return by_status(answer)
