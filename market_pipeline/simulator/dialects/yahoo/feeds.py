"""News by search, and the calendar of economic events."""

from collections.abc import Iterable
from datetime import UTC, datetime, time, timedelta
from typing import Any

from market_pipeline.providers.normalise import dashed_symbol
from market_pipeline.simulator.dialect import NEW_YORK, Call, Reply
from market_pipeline.simulator.dialects.yahoo.values import canonical, envelope, present, seconds
from market_pipeline.simulator.market import EconomicEvent, NewsArticle

_MEMORY = timedelta(days=7)  # how far back a search looks
_ARTICLES = 4  # without newsCount
_EVENTS_PER_DAY = 25  # without countPerDay


def search(call: Call) -> Reply:
    """The latest articles about a symbol; other words find nothing here."""
    symbol = canonical(call.params.get("q", ""))
    today = call.now.astimezone(UTC).date()
    known = call.market.knows(symbol)
    articles = call.market.news(symbol, today - _MEMORY, today, as_of=call.now) if known else []
    shown = [_article(article) for article in articles[: int(call.params.get("newsCount", _ARTICLES))]]
    return Reply(
        {
            "explains": [],
            "count": len(shown),
            "quotes": [],
            "news": shown,
            "nav": [],
            "lists": [],
            "researchReports": [],
        }
    )


def _article(article: NewsArticle) -> dict[str, Any]:
    return {
        "uuid": article.id,
        "title": article.headline,
        "publisher": article.source,
        "link": article.url,
        "providerPublishTime": seconds(article.published_at),
        "type": "STORY",
        "relatedTickers": [dashed_symbol(symbol) for symbol in article.symbols],
    }


def calendar_events(call: Call) -> Reply:
    """Groups of events by day of New York, for the days that startDate to endDate (milliseconds) touch."""
    first, last = (
        datetime.fromtimestamp(int(call.params.get(name, 1000 * seconds(call.now))) / 1000, NEW_YORK).date()
        for name in ("startDate", "endDate")
    )
    # a day of New York ends in the next one of UTC, which the market goes by
    found = call.market.economic_events(first, last + timedelta(days=1), as_of=call.now)
    if call.params.get("economicEventsHighImportanceOnly") == "true":
        found = [event for event in found if event.importance == "high"]
    most = int(call.params.get("countPerDay", _EVENTS_PER_DAY))
    days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    groups = []
    for day in days:
        events = [event for event in found if event.released_at.astimezone(NEW_YORK).date() == day]
        if events:
            midnight = datetime.combine(day, time.min, NEW_YORK)
            groups.append(_group(midnight, events[:most], len(events)))
    return envelope("finance", {"economicEvents": groups})


def _group(midnight: datetime, events: Iterable[EconomicEvent], total: int) -> dict[str, Any]:
    records = [_event(event) for event in events]
    return {
        "timestamp": 1000 * seconds(midnight),
        "timestampString": midnight.date().isoformat(),
        "timezone": "America/New_York",
        "count": len(records),
        "totalCount": total,
        "records": records,
    }


def _event(event: EconomicEvent) -> dict[str, Any]:
    """Figures are text; there is no forecast, and no unit."""
    return present(
        {
            "economicEvents": True,
            "event": event.event,
            "countryCode": {"UK": "GB"}.get(event.country, event.country),
            "eventTime": 1000 * seconds(event.released_at),
            "period": event.period,
            "actual": None if event.actual is None else f"{event.actual:g}",
            "prior": None if event.previous is None else f"{event.previous:g}",
            "description": f"{event.event} ({event.country}), a figure of the simulated market.",
        }
    )
