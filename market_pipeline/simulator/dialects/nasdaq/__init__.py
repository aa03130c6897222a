"""Nasdaq's dialect: an envelope with display strings, HTTP 200 for refusals, and an edge that answers in HTML.

Here belong the routes and what the edge says; answers about a security and about a day are in modules of their own.
"""

from market_pipeline.simulator.dialect import Call, Dialect, Reply, Route
from market_pipeline.simulator.dialects.nasdaq import calendars, securities
from market_pipeline.simulator.dialects.nasdaq.wording import of_symbol

EDGE_PAGE = (
    "<HTML><HEAD>\n<TITLE>Access Denied</TITLE>\n</HEAD><BODY>\n<H1>Access Denied</H1>\n"
    "You don't have permission to access this on this server.<P>\n</BODY>\n</HTML>\n"
)


class NasdaqDialect(Dialect):
    name = "nasdaq"

    def __init__(self) -> None:
        self.routes = (
            Route("/quote/list-type/nasdaq100", securities.nasdaq_100),
            Route("/quote/{symbol}/info", of_symbol(securities.info)),
            Route("/quote/{symbol}/historical", of_symbol(securities.historical)),
            Route("/quote/{symbol}/option-chain", of_symbol(securities.option_chain)),
            Route("/quote/{symbol}/dividends", of_symbol(securities.dividends)),
            Route("/company/{symbol}/company-profile", of_symbol(securities.company_profile)),
            Route("/company/{symbol}/earnings-surprise", of_symbol(securities.earnings_surprise)),
            Route("/calendar/dividends", calendars.dividends),
            Route("/calendar/earnings", calendars.earnings),
            Route("/calendar/economicevents", calendars.economic_events),
        )

    def unauthenticated(self, call: Call) -> Reply:
        return self.rate_limited(call, 0)

    def rate_limited(self, call: Call, wait: float) -> Reply:
        return Reply(EDGE_PAGE, 403, {"Server": "AkamaiGHost"}, "text/html")
