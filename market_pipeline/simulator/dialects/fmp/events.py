"""News and economic releases."""

from datetime import UTC

from market_pipeline.simulator.dialect import NEW_YORK, Call, Reply
from market_pipeline.simulator.dialects.fmp.questions import TIME, days, known, spelled

NEWS_A_PAGE = 20


def stock_news(call: Call) -> Reply:
    start, end = days(call, 30, 0)
    found = [
        (symbol, article)
        for symbol in known(call, "symbols")
        for article in call.market.news(symbol, start, end, as_of=call.now)
    ]
    found.sort(key=lambda one: one[1].published_at, reverse=True)
    size, page = int(call.params.get("limit", NEWS_A_PAGE)), int(call.params.get("page", 0))
    articles = [
        {
            "symbol": spelled(symbol),
            "publishedDate": article.published_at.astimezone(NEW_YORK).strftime(TIME),
            "publisher": article.source,
            "title": article.headline,
            "image": "",
            "site": article.url.split("/")[2],
            "text": article.summary,
            "url": article.url,
        }
        for symbol, article in found[page * size : (page + 1) * size]
    ]
    return Reply(articles)


def economic_calendar(call: Call) -> Reply:
    events = [
        {
            "date": found.released_at.astimezone(UTC).strftime(TIME),
            "country": found.country,
            "event": found.event,
            "currency": found.currency,
            "previous": found.previous,
            "estimate": found.estimate,
            "actual": found.actual,
            "change": None if found.actual is None or found.previous is None else found.actual - found.previous,
            "impact": found.importance.capitalize(),
            "changePercentage": None,
            "unit": found.unit,
        }
        for found in reversed(call.market.economic_events(*days(call, 7, 7), as_of=call.now))
    ]
    return Reply(events)
