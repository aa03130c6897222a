"""Twelve Data's dialect: figures as text, batches keyed by symbol, errors as objects with a code.

Shapes are those of recorded answers and, where none was recorded, of the vendor's OpenAPI document; wordings those that
its users quote.  Here are the routes and the refusals; what is told is in market.py, companies.py and statements.py.
"""

from collections.abc import Mapping

from market_pipeline.simulator.dialect import Call, Dialect, Handler, Reply, Route
from market_pipeline.simulator.dialects.twelve_data import companies, market
from market_pipeline.simulator.dialects.twelve_data.as_reported import AS_REPORTED, as_reported
from market_pipeline.simulator.dialects.twelve_data.statements import NORMALISED, normalised
from market_pipeline.simulator.dialects.twelve_data.wording import PRICING, each_symbol, refusal

MINUTE = 60  # seconds
PAID: Mapping[str, Handler] = {
    "/profile": each_symbol(companies.profile),
    "/earnings": each_symbol(companies.earnings),
    "/earnings_calendar": companies.earnings_calendar,
    "/earnings_estimate": each_symbol(companies.earnings_estimate),
    "/revenue_estimate": each_symbol(companies.revenue_estimate),
    "/dividends": each_symbol(companies.dividends),
    "/dividends_calendar": companies.dividends_calendar,
    "/statistics": each_symbol(companies.statistics),
    **{f"/{name}": each_symbol(normalised(name)) for name in NORMALISED},
    **{f"/{name}/consolidated": each_symbol(as_reported(name)) for name in AS_REPORTED},
}


class TwelveDataDialect(Dialect):
    name = "twelve_data"
    premium = frozenset(PAID)

    def __init__(self) -> None:
        self.routes = (
            Route("/quote", each_symbol(market.quote)),
            *(Route("/time_series", each_symbol(market.time_series), {"interval": one}) for one in market.TIMEFRAMES),
            *(Route(path, handler) for path, handler in PAID.items()),
        )

    def key_of(self, call: Call) -> str | None:
        scheme, _, key = call.headers.get("authorization", "").partition(" ")
        return key if scheme == "apikey" and key else call.params.get("apikey")

    def unauthenticated(self, call: Call) -> Reply:
        claim = f"You can get your free API key instantly following this link: {PRICING}"
        return refusal(401, f"**apikey** parameter is incorrect or not specified. {claim}")

    def rate_limited(self, call: Call, wait: float) -> Reply:
        window, limit = ("current minute", 8) if wait <= MINUTE else ("day", 800)
        spent = f"You have run out of API credits for the {window}. {limit + 1} API credits were used"
        advice = f"Wait for the next {window.split()[-1]} or consider switching to a higher tier plan at {PRICING}"
        return refusal(429, f"{spent}, with the current limit being {limit}. {advice}")

    def not_entitled(self, call: Call) -> Reply:
        plans = "grow or pro or ultra or enterprise plans"
        advice = f"Consider upgrading your API Key now at {PRICING}"
        return refusal(403, f"{call.path} is available exclusively with {plans}. {advice}")

    def not_found(self, call: Call) -> Reply:
        return refusal(404, "The requested endpoint was not found")
