"""The figures behind the releases: a few headline series of the US, each observation as it was first released.

FRED revises observations and keeps every vintage: asked for a real-time period, it tells each value with the day from
which it was true.  A value that became true within the period was released that day, or revised: the first value of an
observation counts.  One that was true already when the period began stands for whatever came before.
"""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import ClassVar, NamedTuple
from zoneinfo import ZoneInfo

from market_pipeline.datasets import MARKET_WIDE
from market_pipeline.providers.base import Endpoint
from market_pipeline.providers.dates import day
from market_pipeline.providers.messages import Answer, Ask, Parsed, Request, Row, Window, rows_of
from market_pipeline.providers.normalise import number

CENTRAL = ZoneInfo("America/Chicago")  # St. Louis
ONE_DAY = timedelta(days=1)
CONTEXT = timedelta(days=300)  # back to the quarter before one that was released late


class Headline(NamedTuple):
    """A series: its title without the parts that all have in common, the unit of its values, and how much they move."""

    title: str
    unit: str
    importance: str


HEADLINES: Mapping[str, Headline] = {
    "PAYEMS": Headline("All Employees, Total Nonfarm", "K", "high"),
    "UNRATE": Headline("Unemployment Rate", "%", "high"),
    "ICSA": Headline("Initial Claims", "persons", "medium"),
    "JTSJOL": Headline("Job Openings: Total Nonfarm", "K", "medium"),
    "CPIAUCSL": Headline("Consumer Price Index for All Urban Consumers: All Items", "index", "high"),
    "CPILFESL": Headline("Consumer Price Index: All Items Less Food and Energy", "index", "high"),
    "PPIFIS": Headline("Producer Price Index: Final Demand", "index", "medium"),
    "PCEPI": Headline("Personal Consumption Expenditures: Chain-type Price Index", "index", "high"),
    "GDP": Headline("Gross Domestic Product", "USD billion", "high"),
    "A191RL1Q225SBEA": Headline("Real Gross Domestic Product", "%", "high"),
    "RSAFS": Headline("Advance Retail Sales: Retail Trade and Food Services", "USD million", "high"),
    "INDPRO": Headline("Industrial Production: Total Index", "index", "medium"),
    "DGORDER": Headline("Manufacturers' New Orders: Durable Goods", "USD million", "medium"),
    "HOUST": Headline("New Privately-Owned Housing Units Started", "K", "medium"),
    "UMCSENT": Headline("University of Michigan: Consumer Sentiment", "index", "medium"),
    "DFF": Headline("Federal Funds Effective Rate", "%", "medium"),
}


def window_of(ask: Ask) -> Window:
    """The days asked for; without any a week back and two ahead."""
    today = today_of(ask)
    return ask.window if ask.window is not None else Window(today - 7 * ONE_DAY, today + 14 * ONE_DAY)


def today_of(ask: Ask) -> date:
    return ask.now.astimezone(CENTRAL).date()


class Observations(Endpoint):
    """One series to a request: its values for the window's days and, for what was before, since CONTEXT."""

    data_type = "economic_events"
    path = "/series/observations"
    fixed: ClassVar[Mapping[str, str]] = {"file_type": "json"}
    market_wide = True

    def requests(self, ask: Ask) -> tuple[Request, ...]:
        """None for a window that is still to come."""
        window, today = window_of(ask), today_of(ask)
        if window.start > today:
            return ()
        shared = {
            **self.fixed,
            "realtime_start": (window.start - ONE_DAY).isoformat(),  # so that what the window begins with is new
            "realtime_end": min(window.end, today).isoformat(),
            "observation_start": (window.start - CONTEXT).isoformat(),
        }
        return tuple(Request(path=self.path, params={**shared, "series_id": name}) for name in HEADLINES)

    def match(self, path: str, params: Mapping[str, str], now: datetime) -> Ask | None:
        return super().match(path, params, now) if params.get("series_id") in HEADLINES else None

    def parse(self, answer: Answer, ask: Ask) -> Parsed:
        series_id = answer.params["series_id"]
        found = answer.json()
        known_since = day(found["realtime_start"])
        rows: dict[date | None, Row] = {}
        seen: set[date | None] = set()
        previous: Decimal | None = None
        for one in rows_of(found["observations"], "observations"):
            observed, told = day(one["date"]), day(one["realtime_start"])
            if observed in seen:  # a revision
                continue
            seen.add(observed)
            event_date = observed if told == known_since else told
            value = number(one["value"])  # "." where there is none
            rows[event_date] = _event(series_id, event_date, observed, value, previous)
            previous = previous if value is None else value
        return Parsed(list(rows.values()))


def _event(
    series_id: str, event_date: date | None, observed: date | None, actual: Decimal | None, previous: Decimal | None
) -> Row:
    """Of several observations that are released on one day, as after a weekend, the last one stands."""
    headline = HEADLINES[series_id]
    return {
        "symbol": MARKET_WIDE,
        "event_date": event_date,
        "country": "US",
        "event": f"{headline.title} ({series_id})",  # as FRED heads its charts, and never a release's own name
        "period": None if observed is None else observed.isoformat(),
        "actual": actual,
        "previous": previous,
        "unit": headline.unit,
        "importance": headline.importance,
    }
