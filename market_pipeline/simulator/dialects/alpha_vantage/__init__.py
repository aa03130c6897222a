"""Alpha Vantage's dialect: one path, functions by parameter, figures as text, and HTTP 200 for everything.

Shapes and wordings are those of recorded answers; of the documentation's samples for balance sheets, series in JSON,
intraday bars and historical options.  Here is how it refuses; what it tells is in
market.py, events.py, companies.py and statements.py.
"""

from market_pipeline.simulator.dialect import Call, Dialect, Reply, Route
from market_pipeline.simulator.dialects.alpha_vantage.companies import COMPANY_FUNCTIONS
from market_pipeline.simulator.dialects.alpha_vantage.events import EVENT_FUNCTIONS
from market_pipeline.simulator.dialects.alpha_vantage.market import MARKET_FUNCTIONS
from market_pipeline.simulator.dialects.alpha_vantage.texts import KEYS, PLANS, error, information, premium


class AlphaVantageDialect(Dialect):
    name = "alpha_vantage"

    def __init__(self) -> None:
        functions = MARKET_FUNCTIONS | EVENT_FUNCTIONS | COMPANY_FUNCTIONS
        self.routes = tuple(Route("/query", handler, {"function": name}) for name, handler in functions.items())

    def key_of(self, call: Call) -> str | None:
        return call.params.get("apikey")

    def unauthenticated(self, call: Call) -> Reply:
        claim = f"Please claim your free API key on ({KEYS}). It should take less than 20 seconds."
        return error(f"the parameter apikey is invalid or missing. {claim}")

    def rate_limited(self, call: Call, wait: float) -> Reply:
        burst = " (1 request per second)" if wait <= 1 else ""
        lift = f"You may subscribe to any of the premium plans at {PLANS} to lift the free key rate limit (25 requests per day)"
        sparing = f"Please consider spreading out your free API requests more sparingly{burst}."
        return information(f"{sparing} {lift} and instantly unlock all premium endpoints")

    def not_entitled(self, call: Call) -> Reply:
        return premium(call)

    def not_found(self, call: Call) -> Reply:
        return error(f"This API function ({call.params.get('function', '')}) does not exist.")
