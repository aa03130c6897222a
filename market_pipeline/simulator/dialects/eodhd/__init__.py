"""EODHD's dialect: CSV unless JSON is asked for, figures of fundamentals as text, errors as one line of plain text.

Shapes are those of recorded answers and, where none was recorded, of the vendor's OpenAPI document and skills; wordings
those that its users quote.  The market has US shares only.  Here are the routes and the refusals; what is told is in
market.py, companies.py, fundamentals.py and feeds.py.
"""

from collections.abc import Mapping

from market_pipeline.simulator.dialect import Call, Dialect, Handler, Reply, Route
from market_pipeline.simulator.dialects.eodhd import companies, feeds, fundamentals, market
from market_pipeline.simulator.dialects.eodhd.wording import of_symbol, plain

MINUTE = 60  # seconds
FREE: Mapping[str, Handler] = {
    "/us-quote-delayed": market.us_quotes,
    "/real-time/{symbol}": market.real_time,
    "/eod/{symbol}": of_symbol(market.daily_prices),
    "/div/{symbol}": of_symbol(companies.dividends),
}
PAID: Mapping[str, Handler] = {
    "/eod-bulk-last-day/{exchange}": market.bulk_daily_prices,
    "/intraday/{symbol}": of_symbol(market.intraday_prices),
    "/options/{symbol}": of_symbol(market.options),
    "/calendar/earnings": companies.earnings_calendar,
    "/calendar/trends": companies.earnings_trends,
    "/fundamentals/{symbol}": fundamentals.of_ticker,
    "/news": feeds.news,
    "/economic-events": feeds.economic_events,
}


class EodhdDialect(Dialect):
    name = "eodhd"
    premium = frozenset(PAID)

    def __init__(self) -> None:
        self.routes = tuple(Route(path, handler) for path, handler in {**FREE, **PAID}.items())

    def key_of(self, call: Call) -> str | None:
        return call.params.get("api_token")

    def unauthenticated(self, call: Call) -> Reply:
        return plain("Unauthenticated", 401)

    def rate_limited(self, call: Call, wait: float) -> Reply:
        if wait > MINUTE:
            return plain(
                "You exceeded your daily API requests limit. Please contact support@eodhistoricaldata.com", 402
            )
        headers = {"X-RateLimit-Limit": "1000", "X-RateLimit-Remaining": "0", "Retry-After": str(int(wait) + 1)}
        return plain("Too Many Requests", 429, headers)

    def not_entitled(self, call: Call) -> Reply:
        support = "Please, contact our support team: support@eodhistoricaldata.com"
        return plain(f"Only EOD data allowed for free users. {support}", 403)

    def not_found(self, call: Call) -> Reply:
        return plain("Not Found", 404)
