"""Historical prices: one bar per symbol, timeframe and adjustment."""

from datetime import timedelta
from typing import Literal, Self

from pydantic import model_validator

from market_pipeline.datasets.base import Ages, Cadence, Dataset, Freshness, PartitionedBy, Record
from market_pipeline.datasets.fields import Count, Currency, Day, Moment, NonNegative, Price, described, required

Timeframe = Literal["1d", "1h"]
Adjustment = Literal["raw", "split", "split_dividend"]


class PriceBar(Record):
    """Open, high, low, close and volume of one bar, with what its prices are adjusted for."""

    timeframe: Timeframe = required("length of the bar: 1d or 1h")
    bar_start: Moment = required("start of the bar; a daily bar starts at midnight of the exchange", "UTC")
    session: Day = required("trading day of the bar", "exchange-local date")
    adjustment: Adjustment = required("what the prices are adjusted for: raw, split or split_dividend")
    open: Price = required("first trade", "currency per share")
    high: Price = required("highest trade", "currency per share")
    low: Price = required("lowest trade", "currency per share")
    close: Price = required("last trade", "currency per share")
    adjusted_close: Price | None = described("close adjusted for splits and dividends", "currency per share")
    volume: NonNegative | None = described("shares traded; fractional where the vendor adjusts it", "shares")
    vwap: Price | None = described("volume-weighted average price", "currency per share")
    trades: Count | None = described("number of trades")
    dividend: NonNegative | None = described("cash dividend with this ex-date", "currency per share")
    split_factor: Price | None = described("new shares per old share on this day; 1 on an ordinary day", "ratio")
    currency: Currency | None = described("currency of every price in the row", "ISO 4217")

    @model_validator(mode="after")
    def _within_the_range(self) -> Self:
        if self.high < self.low:
            raise ValueError(f"high {self.high} is below low {self.low}")
        slack = self.high / 1000  # vendors round each price of an adjusted bar by itself
        for name in ("open", "close"):
            if not self.low - slack <= getattr(self, name) <= self.high + slack:
                raise ValueError(f"{name} {getattr(self, name)} is outside of low {self.low} to high {self.high}")
        return self


HISTORICAL_PRICES = Dataset(
    name="historical_prices",
    title="Historical prices",
    family="prices",
    record=PriceBar,
    key=("symbol", "timeframe", "adjustment", "bar_start"),
    same_fact=("symbol", "timeframe", "adjustment", "session"),  # vendors put the start of a day at different hours
    compared="close",
    partitioned_by=PartitionedBy.SESSION,
    dated_by="session",
    cadence=Cadence(after_close=timedelta(minutes=30)),  # when vendors have settled the bar
    freshness=Freshness(warn=timedelta(hours=26), fail=timedelta(hours=50), ages=Ages.ON_SESSION_DAYS),
    cache_ttl=timedelta(hours=1),
    empty_is_answer=False,
    timeframes=("1d", "1h"),
    pinned=True,
)
