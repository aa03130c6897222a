"""What Financial Modeling Prep knows of the market: quotes and bars.  Times of bars are New York's.

Not asked for: `quote-short`, which has no time, and `historical-price-eod/light`, which has no range.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from market_pipeline.providers.dates import NEW_YORK, day, epoch, local_midnight, moment
from market_pipeline.providers.fmp.endpoint import FmpEndpoint, RangedEndpoint, unmentioned
from market_pipeline.providers.messages import Answer, Ask, Parsed, Row, rows_of
from market_pipeline.providers.normalise import canonical_symbol, integer, number, price


class Quote(FmpEndpoint):
    data_type = "stock_quotes"
    path = "/quote"

    def parse(self, answer: Answer, ask: Ask) -> Parsed:
        rows = [self.quote(found) for found in rows_of(answer.json(), "quotes")]
        return Parsed(rows, errors=unmentioned(ask, rows))

    def quote(self, found: Mapping[str, Any]) -> Row:
        traded_at = epoch(found.get("timestamp"))
        percent = found.get("changePercentage", found.get("changesPercentage"))  # both spellings are in use
        return {
            "symbol": canonical_symbol(found["symbol"]),
            "as_of": traded_at,
            "session": None if traded_at is None else traded_at.astimezone(NEW_YORK).date(),
            "price": number(found["price"]),
            "open": price(found.get("open")),
            "high": price(found.get("dayHigh")),
            "low": price(found.get("dayLow")),
            "previous_close": price(found.get("previousClose")),
            "change": number(found.get("change")),
            "change_percent": number(percent),
            "volume": integer(found.get("volume")),
        }


class BatchQuote(Quote):
    """Several at once; for one symbol `/quote` costs as much and is in the free plan, which this is not."""

    path = "/batch-quote"
    symbols_in = "symbols"
    batch = 50  # undocumented; what clients of it send

    def serves(self, ask: Ask) -> bool:
        return super().serves(ask) and len(ask.symbols) > 1


class DailyPrices(RangedEndpoint):
    data_type = "historical_prices"
    path = "/historical-price-eod/full"
    timeframes = ("1d",)

    def parse(self, answer: Answer, ask: Ask) -> Parsed:
        rows = []
        for found in rows_of(answer.json(), "prices"):
            session = day(found["date"])
            start = None if session is None else local_midnight(session)
            rows.append(_bar(ask.symbol, "1d", start, found) | {"session": session, "vwap": price(found.get("vwap"))})
        return Parsed(rows)


class HourlyPrices(RangedEndpoint):
    data_type = "historical_prices"
    path = "/historical-chart/1hour"
    timeframes = ("1h",)

    def parse(self, answer: Answer, ask: Ask) -> Parsed:
        rows = []
        for found in rows_of(answer.json(), "prices"):
            rows.append(_bar(ask.symbol, "1h", moment(found["date"]), found) | {"session": day(found["date"])})
        return Parsed(rows)


def _bar(symbol: str, timeframe: str, start: datetime | None, found: Mapping[str, Any]) -> Row:
    return {
        "symbol": symbol,
        "timeframe": timeframe,
        "bar_start": start,
        "adjustment": "split",
        "open": number(found["open"]),
        "high": number(found["high"]),
        "low": number(found["low"]),
        "close": number(found["close"]),
        "volume": number(found.get("volume")),
    }
