"""Price features beside a slow second implementation of each formula, written from its definition."""

import math
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from market_pipeline.computing.features import BARS_A_YEAR, WARM_UP, Split, on_one_basis, price_features

Series = Sequence[float]
NAN = math.nan
FIRST = date(2024, 1, 2)


def bars(closes: Series, volumes: Series | None = None, spread: float = 0.01) -> pd.DataFrame:
    """Daily bars of the closes, with highs and lows around them."""
    close = pd.Series(closes, dtype=float)
    days = [FIRST + timedelta(days=number) for number in range(len(closes))]
    return pd.DataFrame(
        {
            "session": days,
            "adjustment": "split",
            "fetched_at": datetime(2026, 1, 2, tzinfo=UTC),
            "open": close,
            "high": close * (1 + spread),
            "low": close * (1 - spread),
            "close": close,
            "volume": pd.Series([1000.0] * len(closes) if volumes is None else volumes, dtype=float),
        }
    )


def mean(values: Series) -> float:
    return math.fsum(values) / len(values)


def average(values: Series, at: int, length: int) -> float:
    return mean(values[at - length + 1 : at + 1]) if at + 1 >= length else NAN


def smoothed(values: Series, at: int, length: int, weight: float) -> float:
    """From the mean of the first `length` values on, each moves the average by `weight` of its distance."""
    if at + 1 < length:
        return NAN
    found = mean(values[:length])
    for value in values[length : at + 1]:
        found += weight * (value - found)
    return found


def ema(values: Series, at: int, length: int) -> float:
    return smoothed(values, at, length, 2 / (length + 1))


def volatility(closes: Series, at: int, a_year: int) -> float:
    if at < 20:
        return NAN
    returns = [math.log(closes[day] / closes[day - 1]) for day in range(at - 19, at + 1)]
    return math.sqrt(math.fsum((one - mean(returns)) ** 2 for one in returns) / 19 * a_year)


def rsi(closes: Series, at: int) -> float:
    if at < 14:
        return NAN
    moves = [closes[day] - closes[day - 1] for day in range(1, at + 1)]
    up, down = (smoothed([max(sign * move, 0.0) for move in moves], at - 1, 14, 1 / 14) for sign in (1, -1))
    return 100 * up / (up + down) if up + down > 0 else NAN


def macd_line(closes: Series, at: int) -> float:
    """TA-Lib lets both averages begin with the same bar, the 26th: the shorter one from the mean of the 12 before it."""
    return ema(closes[14:], at - 14, 12) - ema(closes, at, 26) if at >= 25 else NAN


def macd_signal(closes: Series, at: int) -> float:
    return ema([macd_line(closes, day) for day in range(25, at + 1)], at - 25, 9) if at >= 33 else NAN


def atr(highs: Series, lows: Series, closes: Series, at: int) -> float:
    ranges = [max(highs[day], closes[day - 1]) - min(lows[day], closes[day - 1]) for day in range(1, at + 1)]
    return smoothed(ranges, at - 1, 14, 1 / 14)


def volume_ratio(volumes: Series, at: int) -> float:
    before = volumes[at - 20 : at] if at >= 20 else [NAN]
    return volumes[at] / mean(before) if mean(before) != 0 else NAN


def expected(frame: pd.DataFrame, at: int, timeframe: str) -> dict[str, float]:
    high, low, close, volume = (list(frame[name]) for name in ("high", "low", "close", "volume"))
    line, signal = macd_line(close, at) if at >= 33 else NAN, macd_signal(close, at)
    return {
        "simple_return": close[at] / close[at - 1] - 1 if at else NAN,
        "log_return": math.log(close[at] / close[at - 1]) if at else NAN,
        "volatility_20": volatility(close, at, BARS_A_YEAR[timeframe]),
        **{f"sma_{length}": average(close, at, length) for length in (20, 50, 200)},
        **{f"ema_{length}": ema(close, at, length) for length in (12, 26)},
        "rsi_14": rsi(close, at),
        "macd": line,
        "macd_signal": signal,
        "macd_histogram": line - signal,
        "atr_14": atr(high, low, close, at),
        "volume_ratio_20": volume_ratio(volume, at),
    }


@st.composite
def series(draw: st.DrawFn, shortest: int = 1, longest: int = 260) -> pd.DataFrame:
    """A random walk that also stands still, with volumes of which some are zero or unknown."""
    chance = np.random.default_rng(draw(st.integers(0, 2**32)))
    length = draw(st.integers(shortest, longest))
    moves = chance.normal(0, draw(st.sampled_from([0.001, 0.02, 0.2])), length)
    moves[chance.random(length) < draw(st.sampled_from([0, 0.5, 1]))] = 0
    volumes = np.floor(chance.pareto(1, length) * 1000)
    volumes[chance.random(length) < draw(st.sampled_from([0, 0.01]))] = NAN
    return bars(list(50 * np.exp(moves.cumsum())), list(volumes))


@given(series(), st.sampled_from(sorted(BARS_A_YEAR)))
def test_every_feature_of_a_bar_is_what_its_definition_says(frame: pd.DataFrame, timeframe: str) -> None:
    found = price_features(frame, timeframe)
    for at in {0, len(frame) // 2, len(frame) - 1}:
        due = expected(frame, at, timeframe)
        assert set(found.columns) == set(due)
        for name, value in due.items():
            assert found[name].iloc[at] == pytest.approx(value, rel=1e-6, abs=1e-7, nan_ok=True), (name, at)


@pytest.mark.parametrize(
    ("name", "first"),
    [
        *(("simple_return", 1), ("log_return", 1), ("volatility_20", 20), ("sma_20", 19), ("sma_50", 49)),
        *(("sma_200", 199), ("ema_12", 11), ("ema_26", 25), ("rsi_14", 14), ("macd", 33), ("macd_signal", 33)),
        *(("macd_histogram", 33), ("atr_14", 14), ("volume_ratio_20", 20)),
    ],
)
def test_a_feature_is_there_from_the_bar_on_that_completes_its_window_and_for_every_bar_after(
    name: str, first: int
) -> None:
    known = price_features(bars([100 + number % 7 for number in range(300)]), "1d")[name].notna()
    assert not known.iloc[:first].any()
    assert known.iloc[first:].all()


def test_no_bars_and_one_bar_have_no_features() -> None:
    assert price_features(bars([]), "1d").empty
    assert price_features(bars([10.0]), "1d").isna().all(axis=None)


def test_a_price_that_never_moved_has_no_strength_and_no_volatility_and_one_that_moved_has() -> None:
    still = price_features(bars([10.0] * 40), "1d").iloc[-1]
    assert math.isnan(still["rsi_14"])
    assert still["volatility_20"] == 0
    assert price_features(bars([11.0, *[10.0] * 40]), "1d").iloc[-1]["rsi_14"] == 0
    assert price_features(bars([9.0, *[10.0] * 40]), "1d").iloc[-1]["rsi_14"] == 100


def test_an_unknown_volume_is_missing_where_it_counts_and_nowhere_else() -> None:
    traded = [1000.0] * 60
    traded[25] = NAN
    ratio = price_features(bars([10.0 + number % 3 for number in range(60)], traded), "1d")["volume_ratio_20"]
    assert list(ratio[ratio.isna()].index) == [*range(20), *range(25, 46)]


@given(series(shortest=WARM_UP + 1, longest=2 * WARM_UP))
def test_bars_before_the_warm_up_do_not_matter(frame: pd.DataFrame) -> None:
    whole, part = price_features(frame, "1d"), price_features(frame.iloc[-WARM_UP - 1 :], "1d")
    scale = frame["close"].iloc[-WARM_UP - 1 :].max()  # what is forgotten was part of prices of this size
    assert np.allclose(whole.iloc[-1], part.iloc[-1], rtol=1e-9, atol=1e-9 * scale, equal_nan=True)


def split(day: int, ratio: float, at: datetime = datetime(2024, 1, 1, tzinfo=UTC)) -> Split:
    return Split(FIRST + timedelta(days=day), at, ratio)


@pytest.mark.parametrize(
    ("adjustment", "fetched", "closes"),
    [
        ("raw", "after", [100.0, 100.0, 50.0, 50.0]),
        ("split", "before", [100.0, 100.0, 50.0, 50.0]),
        ("split", "after", [50.0, 50.0, 50.0, 50.0]),
    ],
    ids=["raw", "adjusted, fetched before the split", "adjusted, fetched after it"],
)
def test_a_split_leaves_no_jump_whatever_the_bars_were_adjusted_for(
    adjustment: str, fetched: str, closes: list[float]
) -> None:
    split_at = datetime(2024, 1, 4, 14, 30, tzinfo=UTC)
    moment = {"before": split_at - timedelta(hours=1), "after": split_at}[fetched]
    stored = bars(closes).assign(adjustment=adjustment, volume=[10.0 if close == 100 else 20.0 for close in closes])
    stored.loc[stored["session"] < date(2024, 1, 4), "fetched_at"] = moment
    found = on_one_basis(stored, [split(2, 2.0, split_at)])
    assert list(found["close"]) == [50.0] * 4
    assert list(found["volume"]) == [20.0] * 4
    assert list(found["high"]) == [50.5] * 4
    assert list(found["low"]) == [49.5] * 4
    assert list(found["open"]) == [50.0] * 4


def test_splits_multiply_and_a_reverse_one_raises_prices() -> None:
    stored = bars([12.0, 6.0, 60.0]).assign(adjustment="raw")
    found = on_one_basis(stored, [split(1, 2.0), split(2, 0.1)])
    assert list(found["close"]) == pytest.approx([60.0, 60.0, 60.0])


def test_without_splits_nothing_changes() -> None:
    stored = bars([1.0, 2.0]).assign(adjustment="raw")
    pd.testing.assert_frame_equal(on_one_basis(stored, []), stored)
