"""What EODHD tells in pages: news and economic events.  Times are UTC."""

from collections.abc import Iterable, Mapping
from datetime import UTC
from typing import Any, ClassVar

from market_pipeline.datasets import MARKET_WIDE
from market_pipeline.providers.base import with_param
from market_pipeline.providers.dates import moment
from market_pipeline.providers.eodhd.answers import EodhdEndpoint, symbol_of
from market_pipeline.providers.messages import Answer, Ask, Parsed, Request, Row, rows_of
from market_pipeline.providers.normalise import country, number, text

SUMMARY = 1000  # characters of an article that are kept: bodies come whole


class PagedEndpoint(EodhdEndpoint):
    """One that takes its window as the days `from` and `to`, and tells it in pages."""

    page_size: ClassVar[int]

    def params(self, ask: Ask) -> Mapping[str, str]:
        common = {**super().params(ask), "limit": str(self.page_size)}
        if ask.window is None:
            return common
        return {**common, "from": ask.window.start.isoformat(), "to": ask.window.end.isoformat()}

    def more(self, answer: Answer, ask: Ask, told: int) -> tuple[Request, ...]:
        """The next page, where this one was full."""
        if told < self.page_size:
            return ()
        offset = int(answer.params.get("offset") or "0") + self.page_size
        return tuple(with_param(one, "offset", str(offset)) for one in self.requests(ask))


class News(PagedEndpoint):
    """Articles with their whole text, and with the sentiment that the vendor finds in it; 5 calls and 5 for the symbol."""

    data_type = "news"
    path = "/news"
    symbols_in: ClassVar[str | None] = "s"
    page_size = 100
    cost = 10

    def parse(self, answer: Answer, ask: Ask) -> Parsed:
        articles = list(rows_of(answer.json(), "news"))
        rows = [row for found in articles for row in _article(found, ask)]
        return Parsed(rows, self.more(answer, ask, len(articles)))


def _article(found: Mapping[str, Any], ask: Ask) -> Iterable[Row]:
    """The article for the symbol that was asked for, whether it names it or not; or for all that it names."""
    named = [symbol for symbol in map(symbol_of, found.get("symbols") or ()) if symbol is not None]
    told = text(found.get("content"))
    for symbol in dict.fromkeys(named) if ask.symbols == (MARKET_WIDE,) else ask.symbols:
        if symbol in named or len(ask.symbols) == 1:
            yield {
                "symbol": symbol,
                "published_at": moment(found["date"], UTC),
                "title": text(found["title"]),
                "url": text(found["link"]),
                "summary": None if told is None else told[:SUMMARY],
                "related_symbols": tuple(other for other in dict.fromkeys(named) if other != symbol),
                "sentiment": number((found.get("sentiment") or {}).get("polarity")),
            }


class EconomicEvents(PagedEndpoint):
    """Releases in all countries, in UTC; a release comes once for each comparison (mom, qoq, yoy)."""

    data_type = "economic_events"
    path = "/economic-events"
    market_wide = True
    page_size = 1000

    def parse(self, answer: Answer, ask: Ask) -> Parsed:
        events = list(rows_of(answer.json(), "economic events"))
        return Parsed([_event(found) for found in events], self.more(answer, ask, len(events)))


def _event(found: Mapping[str, Any]) -> Row:
    comparison = text(found.get("comparison"))
    event = text(found["type"])
    return {
        "symbol": MARKET_WIDE,
        "event_at": moment(found["date"], UTC),
        "country": country(found["country"]),
        "event": event if comparison is None else f"{event} ({comparison})",
        "period": text(found.get("period")),
        "actual": number(found.get("actual")),
        "estimate": number(found.get("estimate")),
        "previous": number(found.get("previous")),
    }
