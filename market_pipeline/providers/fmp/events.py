"""What Financial Modeling Prep knows of events: news, in New York's time, and economic releases, in UTC."""

from collections.abc import Mapping
from datetime import UTC
from typing import ClassVar

from market_pipeline.datasets import MARKET_WIDE
from market_pipeline.providers.base import with_param
from market_pipeline.providers.dates import moment
from market_pipeline.providers.fmp.endpoint import RangedEndpoint
from market_pipeline.providers.messages import Answer, Ask, Parsed, Row, rows_of
from market_pipeline.providers.normalise import canonical_symbol, country, number, one_of, text


class StockNews(RangedEndpoint):
    """Articles by day, 250 to a page; pages count from 0."""

    data_type = "news"
    path = "/news/stock"
    symbols_in = "symbols"
    batch = 25
    page_size: ClassVar[int] = 250
    last_page: ClassVar[int] = 100

    def params(self, ask: Ask) -> Mapping[str, str]:
        return {**super().params(ask), "limit": str(self.page_size)}

    def parse(self, answer: Answer, ask: Ask) -> Parsed:
        rows: list[Row] = [
            {
                "symbol": canonical_symbol(found["symbol"]),
                "published_at": moment(found["publishedDate"]),
                "title": text(found["title"]),
                "url": text(found["url"]),
                "summary": text(found.get("text")),
                "source": text(found.get("publisher")) or text(found.get("site")),
            }
            for found in rows_of(answer.json(), "news")
        ]
        page = int(answer.params.get("page", "0"))
        if len(rows) < self.page_size or page >= self.last_page:
            return Parsed(rows)
        return Parsed(rows, more=tuple(with_param(one, "page", str(page + 1)) for one in self.requests(ask)))


class EconomicCalendar(RangedEndpoint):
    data_type = "economic_events"
    path = "/economic-calendar"
    symbols_in = None
    market_wide = True

    def parse(self, answer: Answer, ask: Ask) -> Parsed:
        rows: list[Row] = [
            {
                "symbol": MARKET_WIDE,
                "event_at": moment(found["date"], UTC),
                "country": country(found["country"]),
                "event": text(found["event"]),
                "actual": number(found.get("actual")),
                "estimate": number(found.get("estimate")),
                "previous": number(found.get("previous")),
                "unit": text(found.get("unit")),
                "importance": one_of(found.get("impact"), "low", "medium", "high"),
            }
            for found in rows_of(answer.json(), "economic events")
        ]
        return Parsed(rows)
