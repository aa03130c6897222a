"""Finviz's dialect: pages for readers, 404 for a symbol that is not there, and "Too many requests." as plain text.

Here belong the routes and the refusals; each kind of page has a module of its own.
"""

from market_pipeline.simulator.dialect import Call, Dialect, Reply, Route
from market_pipeline.simulator.dialects.finviz import economic_calendar, quote_page, screener
from market_pipeline.simulator.dialects.finviz.markup import page


class FinvizDialect(Dialect):
    name = "finviz"

    def __init__(self) -> None:
        self.routes = (
            Route("/quote.ashx", quote_page.quote_page),
            Route("/screener.ashx", screener.overview, {"v": "111"}),
            Route("/calendar/economic", economic_calendar.of_today),
            Route("/calendar.ashx", economic_calendar.of_2022),
        )

    def unauthenticated(self, call: Call) -> Reply:
        return self.not_found(call)

    def rate_limited(self, call: Call, wait: float) -> Reply:
        return Reply("Too many requests.", 429, content_type="text/html; charset=utf-8")

    def not_found(self, call: Call) -> Reply:
        return page("Page not found", "<h1>404</h1>", status=404)
