"""Tiingo's dialect: lists of objects or CSV, times in ISO text, errors as {"detail": …}.

Shapes are those of recorded answers and, where none was recorded, of the documentation; wordings those that its users
quote.  The market has no crypto currencies.  Here are the routes and the refusals; what is told is in market.py,
companies.py and fundamentals.py.
"""

from market_pipeline.simulator.dialect import Call, Dialect, Reply, Route
from market_pipeline.simulator.dialects.tiingo import companies, fundamentals, market
from market_pipeline.simulator.dialects.tiingo.wording import detail, of_ticker

HOUR = 3600  # seconds
STATEMENTS = "/tiingo/fundamentals/{ticker}/statements"
DAILY_RATIOS = "/tiingo/fundamentals/{ticker}/daily"
DISTRIBUTIONS = "/tiingo/corporate-actions/{ticker}/distributions"
NEWS = "/tiingo/news"


class TiingoDialect(Dialect):
    name = "tiingo"
    premium = frozenset({STATEMENTS, DAILY_RATIOS, DISTRIBUTIONS, NEWS})

    def __init__(self) -> None:
        self.routes = (
            Route("/iex", market.quotes),
            Route("/iex/", market.quotes),
            Route("/iex/{ticker}", market.quote),
            Route("/iex/{ticker}/prices", of_ticker(market.intraday_prices)),
            Route("/tiingo/daily/{ticker}", of_ticker(companies.daily_meta)),
            Route("/tiingo/daily/{ticker}/prices", of_ticker(market.daily_prices)),
            Route("/tiingo/crypto/prices", lambda call: Reply([])),
            Route("/tiingo/fundamentals/meta", companies.fundamentals_meta),
            Route(STATEMENTS, of_ticker(fundamentals.statements)),
            Route(DAILY_RATIOS, of_ticker(fundamentals.daily)),
            Route(DISTRIBUTIONS, of_ticker(companies.distributions)),
            Route(NEWS, companies.news),
        )

    def key_of(self, call: Call) -> str | None:
        scheme, _, key = call.headers.get("authorization", "").partition(" ")
        return key if scheme == "Token" and key else call.params.get("token")

    def unauthenticated(self, call: Call) -> Reply:
        return detail("Please supply a token" if self.key_of(call) is None else "Invalid token.", 401)

    def rate_limited(self, call: Call, wait: float) -> Reply:
        allocation = "hourly" if wait <= HOUR else "daily"
        advice = "Please upgrade at https://api.tiingo.com/pricing to have your limits increased."
        return detail(f"Error: You have run over your {allocation} request allocation. {advice}", 429)

    def not_entitled(self, call: Call) -> Reply:
        if "/fundamentals/" in call.path:
            add_on = "please E-mail support@tiingo.com to get the Fundamental Data API added as an add-on service."
            return detail(
                f"Error: Free and Power plans are limited to the DOW 30. For all supported tickers {add_on}", 400
            )
        return detail("You do not have permission to access the News API", 403)

    def not_found(self, call: Call) -> Reply:
        return detail("Not found.", 404)
