"""Stock quotes: what a share last traded at, minute by minute while the exchange is open."""

from datetime import timedelta
from typing import Literal, Self

from pydantic import model_validator

from market_pipeline.datasets.base import Ages, Cadence, Dataset, Freshness, PartitionedBy, QuotedRecord, Strategy
from market_pipeline.datasets.fields import Count, Currency, Day, Moment, Number, Price, described, required

MarketState = Literal["pre", "regular", "post", "closed"]


class StockQuote(QuotedRecord):
    """The last trade of a share and the day around it, at the time the vendor states."""

    as_of: Moment = required("time of the last trade", "UTC")
    session: Day = required("trading day of the quote", "exchange-local date")
    price: Price = required("last trade", "currency per share")
    bid_size: Count | None = described("shares bid for", "shares")
    ask_size: Count | None = described("shares offered", "shares")
    open: Price | None = described("first trade of the session", "currency per share")
    high: Price | None = described("highest trade of the session", "currency per share")
    low: Price | None = described("lowest trade of the session", "currency per share")
    previous_close: Price | None = described("close of the session before", "currency per share")
    change: Number | None = described("price less previous close", "currency per share")
    change_percent: Number | None = described("change over previous close; 1.5 is one and a half per cent", "percent")
    volume: Count | None = described("shares traded in the session so far", "shares")
    currency: Currency | None = described("currency of every price in the row", "ISO 4217")
    market_state: MarketState | None = described("what the exchange was doing: pre, regular, post or closed")

    @model_validator(mode="after")
    def _high_is_not_below_low(self) -> Self:
        if self.high is not None and self.low is not None and self.high < self.low:
            raise ValueError(f"high {self.high} is below low {self.low}")
        return self


STOCK_QUOTES = Dataset(
    name="stock_quotes",
    title="Stock quotes",
    family="prices",
    record=StockQuote,
    key=("symbol", "as_of"),
    partitioned_by=PartitionedBy.SESSION,
    dated_by="session",
    live=True,
    refreshed_when_stale=False,
    cadence=Cadence(cron="* * * * *", market_hours_only=True),
    freshness=Freshness(warn=timedelta(minutes=5), fail=timedelta(minutes=30), ages=Ages.WHILE_OPEN),
    cache_ttl=None,
    strategy=Strategy.FASTEST_FIRST,
    empty_is_answer=False,
)
