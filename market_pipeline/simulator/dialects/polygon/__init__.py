"""Polygon's dialect: one-letter keys for bars and snapshots, results in pages, refusals with words in two places.

Shapes and wordings are those of recorded answers and of the samples in the vendor's own client.  Here is how it refuses;
what it tells is in market.py, options.py and companies.py.
"""

from market_pipeline.simulator.dialect import Call, Dialect, Reply, Route
from market_pipeline.simulator.dialects.polygon import companies, market, options
from market_pipeline.simulator.dialects.polygon.envelopes import PRICING, error, not_authorized

SNAPSHOT = "/v2/snapshot/locale/us/markets/stocks/tickers"
OPTIONS = "/v3/snapshot/options/{ticker}"


class PolygonDialect(Dialect):
    name = "polygon"
    premium = frozenset({SNAPSHOT, f"{SNAPSHOT}/{{ticker}}", "/v3/snapshot", "/v2/last/trade/{ticker}", OPTIONS})

    def __init__(self) -> None:
        self.routes = (
            Route(SNAPSHOT, market.snapshots),
            Route(f"{SNAPSHOT}/{{ticker}}", market.snapshot),
            Route("/v3/snapshot", market.universal_snapshot),
            Route("/v2/last/trade/{ticker}", market.last_trade),
            Route("/v2/aggs/ticker/{ticker}/prev", market.previous_close),
            Route("/v2/aggs/ticker/{ticker}/range/{multiplier}/{timespan}/{from}/{to}", market.aggregates),
            Route("/v2/aggs/grouped/locale/us/market/stocks/{date}", market.grouped_daily),
            Route(OPTIONS, options.options_snapshot),
            Route("/v3/reference/tickers/{ticker}", companies.ticker_details),
            Route("/v3/reference/dividends", companies.dividends_v3),
            Route("/stocks/v1/dividends", companies.dividends),
            Route("/vX/reference/financials", companies.financials),
            Route("/v2/reference/news", companies.news),
        )

    def key_of(self, call: Call) -> str | None:
        scheme, _, key = call.headers.get("authorization", "").partition(" ")
        return key if scheme == "Bearer" and key else call.params.get("apiKey")

    def unauthenticated(self, call: Call) -> Reply:
        return error(call, 401, "API Key was not provided" if self.key_of(call) is None else "Unknown API Key")

    def rate_limited(self, call: Call, wait: float) -> Reply:
        exceeded = "You've exceeded the maximum requests per minute"
        return error(call, 429, f"{exceeded}, please wait or upgrade your subscription to continue. {PRICING}")

    def not_entitled(self, call: Call) -> Reply:
        return not_authorized(call, "You are not entitled to this data.")

    def not_found(self, call: Call) -> Reply:
        return Reply("404 page not found", 404)
