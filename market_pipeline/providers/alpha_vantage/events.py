"""What Alpha Vantage knows of events: news, whose times are UTC, and series of economic figures."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, ClassVar

from market_pipeline.datasets import MARKET_WIDE
from market_pipeline.providers.alpha_vantage.function import Function, is_json, listed
from market_pipeline.providers.dates import day, moment
from market_pipeline.providers.messages import Answer, Ask, Parsed, Request, Row, Window, rows_of
from market_pipeline.providers.normalise import number, text


class NewsSentiment(Function):
    """Articles with a sentiment for each ticker in them; of several tickers, all have to be in it: one a request."""

    data_type = "news"
    fixed: ClassVar[Mapping[str, str]] = {"function": "NEWS_SENTIMENT"}
    symbols_in = "tickers"

    def params(self, ask: Ask) -> Mapping[str, str]:
        limits = {"sort": "LATEST", "limit": "1000"}  # the most there is; 50 is the default
        if ask.window is None:
            return limits
        return limits | {"time_from": f"{ask.window.start:%Y%m%d}T0000", "time_to": f"{ask.window.end:%Y%m%d}T2359"}

    def parse(self, answer: Answer, ask: Ask) -> Parsed:
        return Parsed([row for found in rows_of(answer.json()["feed"], "feed") for row in self.article(found, ask)])

    def article(self, found: Mapping[str, Any], ask: Ask) -> list[Row]:
        """A row for every ticker that was asked for; for every one in the article, where it was none."""
        mentioned = rows_of(found.get("ticker_sentiment") or [], "ticker_sentiment")
        scores = {self.unspell(str(one["ticker"])): number(one.get("ticker_sentiment_score")) for one in mentioned}
        shared = {
            "published_at": moment(found["time_published"], UTC),
            "title": text(found["title"]),
            "url": text(found["url"]),
            "summary": text(found.get("summary")),
            "source": text(found.get("source")),
            "author": ", ".join(found.get("authors") or []) or None,
        }
        about = listed(scores if ask.symbols == (MARKET_WIDE,) else ask.symbols)
        return [
            {
                "symbol": symbol,
                **shared,
                "related_symbols": tuple(other for other in scores if other != symbol),
                "sentiment": scores.get(symbol),
            }
            for symbol in about
        ]


SERIES = {
    "REAL_GDP": ("Real Gross Domestic Product", "billions of dollars"),
    "REAL_GDP_PER_CAPITA": ("Real Gross Domestic Product per Capita", "chained 2012 dollars"),
    "TREASURY_YIELD": ("Market Yield on U.S. Treasury Securities", "percent"),
    "FEDERAL_FUNDS_RATE": ("Effective Federal Funds Rate", "percent"),
    "CPI": ("Consumer Price Index for all Urban Consumers", "index 1982-1984=100"),
    "INFLATION": ("Inflation - US Consumer Prices", "percent"),
    "RETAIL_SALES": ("Advance Retail Sales: Retail Trade", "millions of dollars"),
    "DURABLES": ("Manufacturer New Orders: Durable Goods", "millions of dollars"),
    "UNEMPLOYMENT": ("Unemployment Rate", "percent"),
    "NONFARM_PAYROLL": ("Total Nonfarm Payroll", "thousands of persons"),
}
"""Economic functions with the name and unit that their JSON states and their CSV leaves out."""
WANTED = (
    {"function": "CPI", "interval": "monthly"},
    {"function": "REAL_GDP", "interval": "quarterly"},
    {"function": "UNEMPLOYMENT"},
    {"function": "NONFARM_PAYROLL"},
    {"function": "RETAIL_SALES"},
)
"""What is asked for: 5 of 25 calls a day.  The others restate these, or change daily without a release."""


class EconomicSeries(Function):
    """US series, a whole one to a request.  No release dates: an event's date is the first day of its period."""

    data_type = "economic_events"
    symbols_in = None
    market_wide = True

    def serves(self, ask: Ask) -> bool:
        return super().serves(ask) and (ask.window is None or _has_a_first_of_month(ask.window))

    def requests(self, ask: Ask) -> tuple[Request, ...]:
        return tuple(Request(path=self.path, params=params) for params in WANTED)

    def match(self, path: str, params: Mapping[str, str], now: datetime) -> Ask | None:
        return super().match(path, params, now) if params.get("function") in SERIES else None

    def parse(self, answer: Answer, ask: Ask) -> Parsed:
        name, unit = SERIES[answer.params.get("function") or ""]
        if is_json(answer):
            payload = answer.json()
            found, name, unit = rows_of(payload["data"], "data"), payload.get("name", name), payload.get("unit", unit)
        else:
            found = answer.csv("timestamp", "value")
        figures = [(day(one.get("date", one.get("timestamp"))), number(one["value"])) for one in found]  # newest first
        rows: list[Row] = [
            {
                "symbol": MARKET_WIDE,
                "event_date": period,
                "country": "US",
                "event": text(name),
                "period": None if period is None else period.isoformat(),
                "actual": actual,
                "previous": previous,
                "unit": text(unit),
            }
            for (period, actual), (_, previous) in zip(figures, [*figures[1:], (None, None)], strict=True)
            if actual is not None
        ]
        return Parsed(rows)


def _has_a_first_of_month(window: Window) -> bool:
    """Whether the window holds a day on which the vendor dates a figure."""
    return window.start.day == 1 or (window.start.year, window.start.month) != (window.end.year, window.end.month)
