"""What Finnhub knows of events: news of companies, releases of economic figures."""

from datetime import UTC
from typing import Any

from market_pipeline.datasets import MARKET_WIDE
from market_pipeline.providers.dates import epoch, moment
from market_pipeline.providers.finnhub.endpoint import DatedEndpoint
from market_pipeline.providers.messages import Answer, Ask, Parsed, Row, rows_of
from market_pipeline.providers.normalise import canonical_symbol, country, number, one_of, text


class CompanyNews(DatedEndpoint):
    """Articles of the past year about North American companies."""

    data_type = "news"
    path = "/company-news"

    def parse(self, answer: Answer, ask: Ask) -> Parsed:
        rows: list[Row] = [
            {
                "symbol": ask.symbol,
                "published_at": epoch(found["datetime"]),
                "title": text(found["headline"]),
                "url": text(found["url"]),
                "summary": text(found.get("summary")),
                "source": text(found.get("source")),
                "related_symbols": _others(found.get("related"), ask.symbol),
            }
            for found in rows_of(answer.json(), "company-news")
        ]
        return Parsed(rows)


def _others(related: Any, symbol: str) -> tuple[str, ...]:
    named = (canonical_symbol(one) for one in (text(related) or "").split(","))
    return tuple(one for one in named if one is not None and one != symbol)


class EconomicCalendar(DatedEndpoint):
    """Releases in all countries; times are UTC."""

    data_type = "economic_events"
    path = "/calendar/economic"
    symbols_in = None
    market_wide = True

    def parse(self, answer: Answer, ask: Ask) -> Parsed:
        rows: list[Row] = [
            {
                "symbol": MARKET_WIDE,
                "event_at": moment(found.get("time"), UTC),
                "country": country(found["country"]),
                "event": text(found["event"]),
                "actual": number(found.get("actual")),
                "estimate": number(found.get("estimate")),
                "previous": number(found.get("prev")),
                "unit": text(found.get("unit")),
                "importance": one_of(found.get("impact"), "low", "medium", "high"),
            }
            for found in rows_of(answer.json()["economicCalendar"], "economicCalendar")
        ]
        return Parsed(rows)
