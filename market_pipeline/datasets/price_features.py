"""Price features: what is computed for every bar.  The formulas are in `market_pipeline.computing.features`."""

from datetime import datetime

from pydantic import BaseModel

from market_pipeline.datasets.base import Ages, Derived, Freshness, PartitionedBy
from market_pipeline.datasets.fields import (
    Day,
    Distance,
    Moment,
    Percentage,
    Positive,
    Return,
    Symbol,
    described,
    required,
)
from market_pipeline.datasets.historical_prices import HISTORICAL_PRICES, Timeframe


class PriceFeatures(BaseModel):
    """Returns, volatility, moving averages and indicators of one bar, of prices adjusted for splits."""

    symbol: Symbol = required("canonical ticker: BRK.B, ^GSPC")
    timeframe: Timeframe = required("length of the bar: 1d or 1h")
    bar_start: Moment = required("start of the bar; a daily bar starts at midnight of the exchange", "UTC")
    session: Day = required("trading day of the bar", "exchange-local date")
    close: Positive = required("last trade, per share after all splits that are known", "currency per share")
    simple_return: Return | None = described("close over the close of the bar before, less 1", "fraction")
    log_return: float | None = described("natural logarithm of close over the close of the bar before")
    volatility_20: Distance | None = described("standard deviation of the last 20 log returns, annualised", "fraction")
    sma_20: Positive | None = described("mean of the last 20 closes", "currency per share")
    sma_50: Positive | None = described("mean of the last 50 closes", "currency per share")
    sma_200: Positive | None = described("mean of the last 200 closes", "currency per share")
    ema_12: Positive | None = described("exponential moving average over 12 bars", "currency per share")
    ema_26: Positive | None = described("exponential moving average over 26 bars", "currency per share")
    rsi_14: Percentage | None = described("Wilder's relative strength index over 14 bars", "0 to 100")
    macd: float | None = described("exponential moving average over 12 bars less that over 26", "currency per share")
    macd_signal: float | None = described("exponential moving average of macd over 9 bars", "currency per share")
    macd_histogram: float | None = described("macd less macd_signal", "currency per share")
    atr_14: Distance | None = described("Wilder's average true range over 14 bars", "currency per share")
    volume_ratio_20: Distance | None = described("volume over the mean volume of the 20 bars before", "ratio")
    split_basis: Positive = required(
        "product of the splits that were known; another one, and all is computed anew", "ratio"
    )
    providers: tuple[str, ...] = required("vendors of the bars that were read for it")
    bar_fetched_at: datetime = required("fetched_at of its bar; a newer one, and it is computed anew", "UTC")
    computed_at: datetime = required("when it was computed", "UTC")
    run_id: str = required("Dagster run that computed it")


PRICE_FEATURES = Derived(
    name="price_features",
    title="Price features",
    family="features",
    record=PriceFeatures,
    key=("symbol", "timeframe", "bar_start"),
    partitioned_by=PartitionedBy.SESSION,
    computed_from=(HISTORICAL_PRICES.name,),
    reaches="session",
    freshness=Freshness(ages=Ages.ON_SESSION_DAYS),
    empty_is_answer=False,
    timeframes=HISTORICAL_PRICES.timeframes,
)
