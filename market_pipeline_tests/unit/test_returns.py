"""Annual returns beside a buyer who holds one share, and puts each dividend into more of it."""

import math
from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from market_pipeline.computing.returns import annual_returns
from market_pipeline.sessions import Sessions

NEW_YORK = Sessions()
SESSIONS = NEW_YORK.between(date(2020, 12, 1), date(2023, 3, 31))
ENDS = {year: NEW_YORK.last_of_year(year) for year in range(2019, 2024)}


def bars(closes: dict[date, float]) -> pd.DataFrame:
    return pd.DataFrame({"session": list(closes), "close": list(closes.values())})


def paid(*payments: tuple[date, float]) -> pd.DataFrame:
    return pd.DataFrame(payments, columns=["ex_date", "amount"])


def returns(closes: dict[date, float], dividends: pd.DataFrame | None = None) -> dict[int, pd.Series]:
    found = annual_returns(bars(closes), dividends, ENDS)
    return {int(row["year"]): row for _, row in found.iterrows()}


def held(closes: dict[date, float], dividends: pd.DataFrame, base: date, last: date) -> float:
    """What one share of the base session has become worth: dividends buy more at the first close from their ex-date on."""
    shares = 1.0
    days = [day for day in closes if base < day <= last]
    payments = list(dividends.itertuples(index=False))
    for day, before in zip(days, [base, *days], strict=False):
        cash = sum(one.amount for one in payments if before < one.ex_date <= day)
        shares *= 1 + cash / closes[day]
    return shares * closes[last] / closes[base] - 1


@st.composite
def histories(draw: st.DrawFn) -> tuple[dict[date, float], pd.DataFrame]:
    """Closes with sessions missing here and there, and dividends on any day."""
    chance = np.random.default_rng(draw(st.integers(0, 2**32)))
    kept = [day for day in SESSIONS if day.month in (1, 12) and chance.random() > draw(st.sampled_from([0, 0.3]))]
    closes = dict(zip(kept, 50 * np.exp(chance.normal(0, 0.02, len(kept)).cumsum()), strict=True))
    days = [SESSIONS[0] + timedelta(days=int(number)) for number in chance.integers(0, 850, draw(st.integers(0, 12)))]
    return closes, paid(*((day, float(chance.random())) for day in sorted(days)))


@given(histories())
def test_the_total_return_is_that_of_a_buyer_who_puts_dividends_into_the_share(
    history: tuple[dict[date, float], pd.DataFrame],
) -> None:
    closes, dividends = history
    for year, row in returns(closes, dividends).items():
        base, last = row["base_session"], row["last_session"]
        assert (row["base_close"], row["last_close"]) == (closes[base], closes[last])
        assert row["price_return"] == pytest.approx(closes[last] / closes[base] - 1)
        assert row["total_return"] == pytest.approx(held(closes, dividends, base, last))
        assert row["total_return"] >= row["price_return"] - 1e-12
        assert row["sessions"] == len([day for day in closes if day.year == year])


def test_a_whole_year_is_from_the_last_close_of_the_year_before() -> None:
    closes = dict.fromkeys(SESSIONS, 100.0)
    closes[ENDS[2020]], closes[ENDS[2021]], closes[ENDS[2022]] = 50.0, 75.0, 60.0
    found = returns(closes)
    assert [found[year]["price_return"] for year in (2021, 2022)] == pytest.approx([0.5, -0.2])
    assert [bool(found[year]["is_partial"]) for year in (2020, 2021, 2022, 2023)] == [True, False, False, True]
    assert found[2021]["base_session"] == ENDS[2020]


@pytest.mark.parametrize(
    "missing", [ENDS[2020], ENDS[2021]], ids=["the close before the year", "the last close of the year"]
)
def test_a_year_that_lacks_a_close_at_an_end_is_partial(missing: date) -> None:
    found = returns({day: 10.0 + place for place, day in enumerate(SESSIONS) if day != missing})[2021]
    assert found["is_partial"]
    assert (found["base_session"] == found["first_session"]) == (missing == ENDS[2020])


def test_a_year_of_one_bar_has_no_return() -> None:
    found = returns({date(2021, 3, 1): 10.0}, paid())[2021]
    assert math.isnan(found["price_return"])
    assert math.isnan(found["total_return"])
    assert (found["dividends"], bool(found["is_partial"])) == (0, True)


def test_without_known_dividends_there_is_no_total_return_but_a_price_return() -> None:
    closes = {day: 10.0 + place for place, day in enumerate(SESSIONS)}
    unknown, none = returns(closes, None)[2021], returns(closes, paid())[2021]
    assert math.isnan(unknown["total_return"])
    assert math.isnan(unknown["dividends"])
    assert none["total_return"] == pytest.approx(none["price_return"])
    assert none["dividends"] == 0


def test_a_dividend_belongs_to_the_year_of_its_ex_date() -> None:
    closes = dict.fromkeys(SESSIONS, 100.0)
    found = returns(
        closes, paid((ENDS[2020], 7.0), (date(2021, 1, 1), 3.0), (ENDS[2021], 2.0), (date(2022, 1, 3), 5.0))
    )
    assert [found[year]["dividends"] for year in (2020, 2021, 2022)] == [7, 5, 5]


def test_no_bars_have_no_years() -> None:
    assert annual_returns(bars({}), paid(), ENDS).empty
