"""Twelve Data: quotes and bars for free keys; profiles, earnings, dividends and fundamentals for paying ones.

Free keys get 8 credits a minute and 800 a day.  A quote or a series of bars costs one for each symbol, company data 10
to 100 (https://twelvedata.com/docs; x-api-credits-cost in the vendor's OpenAPI document).  Errors are objects with a
code, under that HTTP status or under 200; in a batch they stand in the place of a symbol.  News and options it has none.
Source: https://twelvedata.com/docs and the samples in github.com/twelvedata/twelvedata-go.
"""

from market_pipeline.providers.base import Provider, Rate, by_status, with_header
from market_pipeline.providers.errors import MalformedResponse, ProviderError
from market_pipeline.providers.messages import Answer, Request
from market_pipeline.providers.twelve_data.companies import (
    Dividends,
    DividendsCalendar,
    Earnings,
    EarningsCalendar,
    EarningsEstimates,
    Profile,
    RevenueEstimates,
)
from market_pipeline.providers.twelve_data.envelope import error_in
from market_pipeline.providers.twelve_data.fundamentals import Fundamentals
from market_pipeline.providers.twelve_data.market import DailySeries, HourlySeries, Quote


class TwelveData(Provider):
    """Limits of the free plan, in credits: https://twelvedata.com/pricing."""

    name = "twelve_data"
    title = "Twelve Data"
    homepage = "https://twelvedata.com"
    base_url = "https://api.twelvedata.com"
    limits = (Rate(8, 60), Rate(800, 86_400))
    concurrency = 2
    endpoints = (
        Quote(),
        Profile(),
        DailySeries(),
        HourlySeries(),
        EarningsCalendar(),
        Earnings(),
        EarningsEstimates(),
        RevenueEstimates(),
        DividendsCalendar(),
        Dividends(),
        Fundamentals(),
    )

    def authorise(self, request: Request, key: str) -> Request:
        return with_header(request, "Authorization", f"apikey {key}")

    def classify(self, answer: Answer) -> ProviderError | None:
        try:
            payload = answer.json()
        except MalformedResponse:
            return by_status(answer)
        return error_in(payload, answer) or by_status(answer)
