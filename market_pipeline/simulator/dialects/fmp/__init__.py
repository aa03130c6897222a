"""Financial Modeling Prep's dialect: lists of flat objects, newest first; what it does not know is [].

Shapes are those of recorded answers under /stable and, where none was recorded, of the documentation.
Here is how it refuses; what it tells is in market.py, companies.py, events.py and sheets.py.
"""

from market_pipeline.simulator.dialect import Call, Dialect, Reply, Route
from market_pipeline.simulator.dialects.fmp.companies import (
    dividends,
    dividends_calendar,
    earnings,
    earnings_calendar,
    members,
    profile,
)
from market_pipeline.simulator.dialects.fmp.events import economic_calendar, stock_news
from market_pipeline.simulator.dialects.fmp.market import daily_prices, intraday_prices, quote
from market_pipeline.simulator.dialects.fmp.questions import of_symbol, per_symbol
from market_pipeline.simulator.dialects.fmp.sheets import SHEETS, ratios_ttm, sheet

INDICES = {"sp500": "S&P 500", "nasdaq": "Nasdaq 100", "dowjones": "Dow Jones"}
RETRY_AFTER = "100"  # what the standard header says whatever the wait is; the vendor's own hints are right


class FmpDialect(Dialect):
    name = "fmp"
    premium = frozenset({"/batch-quote", "/historical-chart/{interval}", "/news/stock", "/economic-calendar"})

    def __init__(self) -> None:
        self.routes = (
            Route("/quote", per_symbol("symbol", quote)),
            Route("/batch-quote", per_symbol("symbols", quote)),
            Route("/profile", per_symbol("symbol", profile)),
            *(Route(f"/{name}-constituent", members(index)) for name, index in INDICES.items()),
            Route("/historical-price-eod/full", of_symbol(daily_prices)),
            Route("/historical-chart/{interval}", of_symbol(intraday_prices)),
            Route("/earnings", of_symbol(earnings)),
            Route("/earnings-calendar", earnings_calendar),
            Route("/dividends", of_symbol(dividends)),
            Route("/dividends-calendar", dividends_calendar),
            Route("/news/stock", stock_news),
            Route("/economic-calendar", economic_calendar),
            Route("/ratios-ttm", of_symbol(ratios_ttm)),
            *(Route(f"/{name}", of_symbol(sheet(name))) for name in SHEETS),
        )

    def key_of(self, call: Call) -> str | None:
        return call.params.get("apikey")

    def unauthenticated(self, call: Call) -> Reply:
        return _error("Invalid API KEY. Feel free to create a Free API Key or visit https://fmp.example/docs", 401)

    def rate_limited(self, call: Call, wait: float) -> Reply:
        hints = {
            "X-Rate-Limit-Retry-After-Seconds": int(wait),
            "X-Rate-Limit-Retry-After-Milliseconds": int(wait * 1000) + 1,
        }
        headers = {name: str(value) for name, value in hints.items()} | {"Retry-After": RETRY_AFTER}
        return Reply({"Error Message": "Too Many Requests contact us to increase your limit", **hints}, 429, headers)

    def not_entitled(self, call: Call) -> Reply:
        told = "Exclusive Endpoint : This endpoint is not available under your current subscription"
        return Reply(f"{told} please visit our subscription page to upgrade your plan", 402)

    def not_found(self, call: Call) -> Reply:
        return Reply([], 404)


def _error(message: str, status: int) -> Reply:
    return Reply({"Error Message": message}, status)
