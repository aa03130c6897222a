"""FRED's dialect: every refusal a 400 with words, a calendar of releases, series with their vintages.

Shapes are those of recorded answers, of releases/dates those of the documentation.  Errors are JSON whether asked for
or not: nobody here asks for XML.
"""

from market_pipeline.simulator.dialect import Call, Dialect, Reply, Route
from market_pipeline.simulator.dialects.fred.calendar import calendar_page, release_dates
from market_pipeline.simulator.dialects.fred.series import observations
from market_pipeline.simulator.dialects.fred.wording import error

_READ = "Read https://fred.stlouisfed.org/docs/api/api_key.html for more information."


class FredDialect(Dialect):
    name = "fred"
    keyless = frozenset({"/releases/calendar"})

    def __init__(self) -> None:
        self.routes = (
            Route("/releases/dates", release_dates),
            Route("/series/observations", observations),
            Route("/releases/calendar", calendar_page),
        )

    def key_of(self, call: Call) -> str | None:
        return call.params.get("api_key")

    def unauthenticated(self, call: Call) -> Reply:
        if self.key_of(call) is None:
            return error(f"Bad Request.  Variable api_key is not set.  {_READ}")
        return error(f"Bad Request.  The value for variable api_key is not registered.  {_READ}")

    def rate_limited(self, call: Call, wait: float) -> Reply:
        return error("Too Many Requests.  Exceeded Rate Limit", 429)

    def not_found(self, call: Call) -> Reply:
        return error("Not Found", 404)
