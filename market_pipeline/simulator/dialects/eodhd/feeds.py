"""News and economic events in EODHD's dialect, in pages."""

from datetime import UTC
from typing import Any

from market_pipeline.simulator.dialect import Call, Reply
from market_pipeline.simulator.dialects.eodhd.wording import asked, days, spelled
from market_pipeline.simulator.market import NewsArticle

A_PAGE = "50"
A_MONTH, A_WEEK = 30, 7  # days


def news(call: Call) -> Reply:
    """The newest first; for one ticker only, or for a topic the market's."""
    range_ = days(call, A_MONTH, 0)
    found = [one for symbol in asked(call, "s") for one in call.market.news(symbol, *range_, as_of=call.now)]
    if "s" not in call.params:
        found = call.market.market_news(*range_, as_of=call.now)
    return Reply(_page(call, [_article(one) for one in found]))


def _article(found: NewsArticle) -> dict[str, Any]:
    share = round((1 + found.sentiment) / 10, 3)  # of words that are good
    return {
        "date": f"{found.published_at.astimezone(UTC):%Y-%m-%dT%H:%M:%S}+00:00",
        "title": found.headline,
        "content": found.summary,
        "link": found.url,
        "symbols": [spelled(symbol) for symbol in found.symbols],
        "tags": [found.category.upper()],
        "sentiment": {
            "polarity": found.sentiment,
            "neg": round(0.2 - share, 3),
            "neu": 0.8,
            "pos": share,
        },
    }


def economic_events(call: Call) -> Reply:
    """The latest first."""
    events = [
        {
            "type": found.event,
            "comparison": None,
            "period": found.period,
            "country": found.country,
            "date": f"{found.released_at.astimezone(UTC):%Y-%m-%d %H:%M:%S}",
            "actual": found.actual,
            "previous": found.previous,
            "estimate": found.estimate,
            "change": None if found.actual is None or found.previous is None else found.actual - found.previous,
            "change_percentage": None,
        }
        for found in reversed(call.market.economic_events(*days(call, 0, A_WEEK), as_of=call.now))
    ]
    return Reply(_page(call, events))


def _page(call: Call, found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    offset, limit = int(call.params.get("offset", "0")), int(call.params.get("limit", A_PAGE))
    return found[offset : offset + limit]
