"""Yahoo's dialect: a cookie and a crumb first, JSON envelopes, and plain text where it is rate-limiting.

Here belong the routes, the session and the refusals.  Shapes and wordings are those of recorded answers.
"""

from market_pipeline.simulator.dialect import Call, Dialect, Reply, Route
from market_pipeline.simulator.dialects.yahoo.chart import chart
from market_pipeline.simulator.dialects.yahoo.feeds import calendar_events, search
from market_pipeline.simulator.dialects.yahoo.quotes import options, quotes, spark
from market_pipeline.simulator.dialects.yahoo.summary import quote_summary
from market_pipeline.simulator.dialects.yahoo.timeseries import timeseries
from market_pipeline.simulator.dialects.yahoo.values import refusal

COOKIE = "A3=d=simulated&S=session"
CRUMB = "sim/uL8.Wq2"  # eleven characters, with those that an address has to escape


class YahooDialect(Dialect):
    """The crumb is the only key, and the same for every session: what clients have to get right is to fetch and send it."""

    name = "yahoo"
    keyless = frozenset(
        {
            "/",
            "/v1/test/getcrumb",
            "/v7/finance/spark",
            "/v8/finance/chart/{symbol}",
            "/v1/finance/search",
            "/ws/fundamentals-timeseries/v1/finance/timeseries/{symbol}",
            "/ws/screeners/v1/finance/calendar-events",
        }
    )

    def __init__(self) -> None:
        self.routes = (
            Route("/", cookie),
            Route("/v1/test/getcrumb", crumb),
            Route("/v7/finance/quote", quotes),
            Route("/v7/finance/spark", spark),
            Route("/v8/finance/chart/{symbol}", chart),
            Route("/v7/finance/options/{symbol}", options),
            Route("/v10/finance/quoteSummary/{symbol}", quote_summary),
            Route("/ws/fundamentals-timeseries/v1/finance/timeseries/{symbol}", timeseries),
            Route("/v1/finance/search", search),
            Route("/ws/screeners/v1/finance/calendar-events", calendar_events),
        )

    def key_of(self, call: Call) -> str | None:
        return CRUMB if call.params.get("crumb") == CRUMB else None

    def unauthenticated(self, call: Call) -> Reply:
        return refusal("finance", 401, "Unauthorized", "Invalid Crumb")

    def rate_limited(self, call: Call, wait: float) -> Reply:
        """Text, and no word about when to come back."""
        return Reply("Too Many Requests\r\n", 429)

    def unavailable(self, call: Call) -> Reply:
        page = (
            "<!DOCTYPE html><html><head><title>Yahoo</title></head><body><h1>Will be right back...</h1></body></html>"
        )
        return Reply(page, 503, content_type="text/html; charset=utf-8")

    def not_found(self, call: Call) -> Reply:
        return refusal("finance", 404, "not-found", "HTTP 404 Not Found")


def cookie(call: Call) -> Reply:
    """fc.yahoo.com: a 404 that sets the cookie."""
    return Reply("", 404, {"Set-Cookie": f"{COOKIE}; Max-Age=31557600; Path=/; HttpOnly"})


def crumb(call: Call) -> Reply:
    if COOKIE not in call.headers.get("cookie", ""):
        return refusal("finance", 401, "Unauthorized", "Invalid Cookie")
    return Reply(CRUMB)
