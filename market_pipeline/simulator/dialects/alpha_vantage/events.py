"""Events in Alpha Vantage's dialect: news, and economic series."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

from market_pipeline.simulator.dialect import Call, Reply
from market_pipeline.simulator.dialects.alpha_vantage.texts import canonical, spelled, table, wants_csv
from market_pipeline.simulator.market import EconomicEvent, NewsArticle

NEWS_TIME = "%Y%m%dT%H%M"


def news_sentiment(call: Call) -> Reply:
    symbols = [canonical(one) for one in call.params.get("tickers", "").split(",")]
    if len(symbols) != 1 or not call.market.knows(symbols[0]):
        return Reply({"Information": "Invalid inputs. Please refer to the API documentation and try again."})
    start = _time(call.params.get("time_from"), call.now - timedelta(days=3))
    end = _time(call.params.get("time_to"), call.now)
    found = call.market.news(symbols[0], start.date(), end.date(), as_of=call.now)
    feed = [_article(one) for one in found if start <= one.published_at <= end][: int(call.params.get("limit", "50"))]
    labels = "x <= -0.35: Bearish; -0.35 < x <= -0.15: Somewhat-Bearish; -0.15 < x < 0.15: Neutral"
    bullish = "0.15 <= x < 0.35: Somewhat_Bullish; x >= 0.35: Bullish"
    return Reply(
        {
            "items": str(len(feed)),
            "sentiment_score_definition": f"{labels}; {bullish}",
            "relevance_score_definition": "0 < x <= 1, with a higher score indicating higher relevance.",
            "feed": feed,
        }
    )


def _time(text: str | None, otherwise: datetime) -> datetime:
    return otherwise if text is None else datetime.strptime(text, NEWS_TIME).replace(tzinfo=UTC)


def _article(found: NewsArticle) -> dict[str, Any]:
    label = _label(found.sentiment)
    return {
        "title": found.headline,
        "url": found.url,
        "time_published": found.published_at.strftime("%Y%m%dT%H%M%S"),
        "authors": [found.author],
        "summary": found.summary,
        "banner_image": f"{found.url}.png",
        "source": found.source,
        "category_within_source": "General",
        "source_domain": found.source,
        "topics": [{"topic": "financial_markets", "relevance_score": "0.900000"}],
        "overall_sentiment_score": found.sentiment,
        "overall_sentiment_label": label,
        "ticker_sentiment": [
            {
                "ticker": spelled(symbol),
                "relevance_score": "1.000000",
                "ticker_sentiment_score": f"{found.sentiment:.6f}",
                "ticker_sentiment_label": label,
            }
            for symbol in found.symbols
        ],
    }


def _label(score: float) -> str:
    strength = "" if abs(score) >= 0.35 else "Somewhat-"
    return "Neutral" if abs(score) < 0.15 else f"{strength}{'Bullish' if score > 0 else 'Bearish'}"


SERIES = {
    "CPI": ("US_CPI_MOM", "Consumer Price Index for all Urban Consumers", "monthly", "index 1982-1984=100"),
    "REAL_GDP": ("US_GDP_QOQ", "Real Gross Domestic Product", "quarterly", "billions of dollars"),
    "UNEMPLOYMENT": ("US_UNEMPLOYMENT_RATE", "Unemployment Rate", "monthly", "percent"),
    "NONFARM_PAYROLL": ("US_NONFARM_PAYROLLS", "Total Nonfarm Payroll", "monthly", "thousands of persons"),
    "RETAIL_SALES": ("US_RETAIL_SALES_MOM", "Advance Retail Sales: Retail Trade", "monthly", "millions of dollars"),
}
LEVELS: dict[str, tuple[float, Callable[[float, float], float]]] = {
    "CPI": (258.0, lambda level, percent: level * (1 + percent / 100)),
    "REAL_GDP": (4700.0, lambda level, yearly_percent: level * (1 + yearly_percent / 100) ** 0.25),
    "NONFARM_PAYROLL": (152_000.0, lambda level, thousands: level + thousands),
    "RETAIL_SALES": (480_000.0, lambda level, percent: level * (1 + percent / 100)),
}
"""The vendor's series are levels, the market's releases changes: the level before SERIES_START, and the next one."""
SERIES_START = date(2020, 1, 1)


def series(function: str) -> Callable[[Call], Reply]:
    """The handler of an economic function: what has been released by now, newest first."""
    code, name, interval, unit = SERIES[function]

    def answer(call: Call) -> Reply:
        released = call.market.economic_events(SERIES_START, call.now.date(), as_of=call.now)
        changes = [(_first_day(one), one.actual) for one in released if one.code == code and one.actual is not None]
        level, following = LEVELS.get(function, (0.0, lambda _, value: value))
        rows: list[dict[str, Any]] = []
        for day, change in changes:
            level = following(level, change)
            rows.insert(0, {"date": day, "value": f"{level:.3f}".rstrip("0").rstrip(".")})
        if wants_csv(call):
            return table([{"timestamp": row["date"], "value": row["value"]} for row in rows], "timestamp,value")
        return Reply({"name": name, "interval": interval, "unit": unit, "data": rows})

    return answer


def _first_day(event: EconomicEvent) -> str:
    """The first day of a period that is written as 2026-10 or 2026-Q3."""
    year, part = event.period.split("-")[:2]
    month = 3 * int(part[1]) - 2 if part.startswith("Q") else int(part)
    return f"{year}-{month:02}-01"


EVENT_FUNCTIONS: dict[str, Callable[[Call], Reply]] = {
    "NEWS_SENTIMENT": news_sentiment,
    **{name: series(name) for name in SERIES},
}
