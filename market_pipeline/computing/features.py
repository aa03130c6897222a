"""Price features: what is computed from a series of bars.  Pure: frames in, frames out.

Here belong formulas and the adjustment that they need.  Which bars there are belongs to `prices`; when features
are computed, and where they go, to `series`.

Features are of prices adjusted for splits and not for dividends.  A split changes no value, so that a series that jumps
with it would show a return that nobody had; a dividend is a real fall of the price, and taking dividends out would change
the whole history with each of them.  Total returns are in `returns`.

Bars are taken as they follow each other: after a session without a bar, a return is since the last bar there is.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import numpy as np
import pandas as pd
import talib
from numpy.typing import NDArray

BARS_A_YEAR = {"1d": 252, "1h": 252 * 7}  # a regular session is 6.5 hours: seven bars, the last of half an hour
WARM_UP = 400
"""Bars that are read before the first one whose features are wanted.

SMA needs 200.  RSI, ATR and EMA never forget: what they remember of a bar fades by 13/14 and 25/27 a bar, which after 400
bars leaves less than 1e-12 of it.
"""


@dataclass(frozen=True, slots=True)
class Split:
    """`ratio` new shares for one old share, from the open of the session `ex_date`, which is `effective_at`."""

    ex_date: date
    effective_at: datetime
    ratio: float


def on_one_basis(bars: pd.DataFrame, splits: Sequence[Split]) -> pd.DataFrame:
    """The bars with prices and volume per share of today, after all `splits`.

    bars: session (date), adjustment (raw or split), fetched_at (datetime with zone), open, high, low, close (currency per
    share), volume (shares).  A bar adjusted for splits is adjusted for those that had happened when it was fetched.
    """
    factor = shares_of_today(bars["session"], bars, splits)
    prices = {name: bars[name] / factor for name in ("open", "high", "low", "close")}
    return bars.assign(**prices, volume=bars["volume"] * factor)


def shares_of_today(days: "pd.Series[Any]", rows: pd.DataFrame, splits: Sequence[Split]) -> NDArray[np.float64]:
    """How many shares of today each row's figures per share have to be divided by.

    days: the day (date) that each row is of; rows: adjustment and fetched_at, as in `on_one_basis`.
    """
    factor = np.ones(len(rows))
    for split in splits:
        unadjusted = (rows["adjustment"] == "raw") | (rows["fetched_at"] < split.effective_at)
        factor = np.where((days < split.ex_date) & unadjusted, factor * split.ratio, factor)
    return factor


def price_features(bars: pd.DataFrame, timeframe: str) -> pd.DataFrame:
    """Features of each bar, from it and those before it; NaN where too few are there.

    bars: one row a bar in order of time, float columns high, low, close (currency per share, on one basis) and volume
    (shares, NaN where unknown).  `timeframe` is a key of BARS_A_YEAR.  The result has the index of `bars` and, all float:

    ==================== ======================================== ================= ===========
    column               meaning                                  unit              first value
    ==================== ======================================== ================= ===========
    simple_return        close over the close before, less 1      fraction          bar 2
    log_return           its natural logarithm, ln(1 + return)    fraction          bar 2
    volatility_20        deviation of 20 log returns              fraction a year   bar 21
    sma_20, _50, _200    simple moving average of closes          currency          bar 20, …
    ema_12, ema_26       exponential moving average of closes     currency          bar 12, 26
    rsi_14               relative strength index (Wilder)         0 to 100          bar 15
    macd                 EMA of 12 less EMA of 26                 currency          bar 34
    macd_signal          EMA of 9 of macd                         currency          bar 34
    macd_histogram       macd less macd_signal                    currency          bar 34
    atr_14               average true range (Wilder)              currency          bar 15
    volume_ratio_20      volume over the mean of 20 bars before   ratio             bar 21
    ==================== ======================================== ================= ===========

    Formulas are TA-Lib's (https://ta-lib.org/functions/) for moving averages, RSI and ATR (J. W. Wilder, New Concepts in
    Technical Trading Systems, 1978) and MACD (G. Appel).  Volatility is the sample standard deviation, times the square
    root of the bars a year (J. C. Hull, Options, Futures, and Other Derivatives, "Estimating volatility").
    """
    high, low, close = (bars[name].to_numpy(dtype=np.float64) for name in ("high", "low", "close"))
    series, volume = pd.Series(close), pd.Series(bars["volume"].to_numpy(dtype=np.float64))
    log_return = pd.Series(np.log(close)).diff()
    macd, macd_signal, macd_histogram = talib.MACD(close, fastperiod=12, slowperiod=26, signalperiod=9)
    columns: Mapping[str, object] = {
        "simple_return": series / series.shift(1) - 1,
        "log_return": log_return,
        "volatility_20": log_return.rolling(20).std() * np.sqrt(BARS_A_YEAR[timeframe]),
        **{f"sma_{length}": talib.SMA(close, timeperiod=length) for length in (20, 50, 200)},
        **{f"ema_{length}": talib.EMA(close, timeperiod=length) for length in (12, 26)},
        "rsi_14": _rsi(close),
        "macd": macd,
        "macd_signal": macd_signal,
        "macd_histogram": macd_histogram,
        "atr_14": talib.ATR(high, low, close, timeperiod=14),
        "volume_ratio_20": volume / volume.shift(1).rolling(20).mean().replace(0, np.nan),
    }
    return pd.DataFrame(columns).set_index(bars.index)


def _rsi(close: NDArray[np.float64]) -> NDArray[np.float64]:
    """TA-Lib's, but for a price that has never moved: it says 0, as of one that only fell, where there is no answer."""
    has_moved = np.abs(np.diff(close, prepend=close[:1])).cumsum() > 0
    return np.where(has_moved, talib.RSI(close, timeperiod=14), np.nan)
