"""Bars and quotes: that they agree with each other, keep the future to themselves, and take splits and dividends into account."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from market_pipeline.simulator.market import Bar, NoSuchSymbol, Quote, Split, Timeframe
from market_pipeline_tests.simulator.markets import FRIDAY_NOON, MARKET, MOMENTS, SYMBOLS

SESSIONS = st.sampled_from(MARKET.sessions(date(2021, 1, 4), date(2026, 11, 20)))
LATER = datetime(2027, 12, 31, 12, tzinfo=UTC)


def merged(bars: list[Bar]) -> tuple[Decimal, Decimal, Decimal, Decimal, int]:
    """Open, high, low, close and volume of consecutive bars taken as one."""
    high, low = max(bar.high for bar in bars), min(bar.low for bar in bars)
    return bars[0].open, high, low, bars[-1].close, sum(bar.volume for bar in bars)


def recent_split(numerator: int) -> Split:
    """A split with this numerator of some symbol in 2021 to 2025."""
    for number in range(400):
        splits = MARKET.splits(f"S{number}", date(2021, 6, 1), date(2025, 12, 31), as_of=FRIDAY_NOON)
        if splits and splits[0].numerator == numerator:
            return splits[0]
    raise AssertionError(f"no split with numerator {numerator} among 400 symbols")


@given(symbol=SYMBOLS, session=SESSIONS)
def test_a_daily_bar_is_sound(symbol: str, session: date) -> None:
    bar = MARKET.bar(symbol, session, as_of=LATER)
    assert bar is not None
    assert 0 < bar.low <= min(bar.open, bar.close)
    assert max(bar.open, bar.close) <= bar.high
    assert bar.low <= bar.vwap <= bar.high
    assert bar.volume > 0
    assert bar.complete
    assert bar.close == round(bar.close, 2)


@given(symbol=SYMBOLS, session=SESSIONS, timeframe=st.sampled_from(["1h", "5m", "1m"]))
@settings(max_examples=40)
def test_intraday_bars_add_up_to_the_daily_bar_exactly(symbol: str, session: date, timeframe: Timeframe) -> None:
    day = MARKET.bar(symbol, session, as_of=LATER)
    parts = MARKET.bars(symbol, session, session, timeframe, as_of=LATER)
    assert day is not None
    assert merged(parts) == (day.open, day.high, day.low, day.close, day.volume)
    assert (parts[0].start, parts[-1].end) == (day.start, day.end)
    assert all(one.end == next_one.start for one, next_one in pairwise(parts))
    assert all(bar.low <= min(bar.open, bar.close) and max(bar.open, bar.close) <= bar.high for bar in parts)


@given(symbol=SYMBOLS, session=SESSIONS)
@settings(max_examples=20)
def test_minutes_add_up_to_five_minutes_and_those_to_hours(symbol: str, session: date) -> None:
    minutes = MARKET.bars(symbol, session, session, "1m", as_of=LATER)
    for timeframe in ("5m", "1h"):
        for bar in MARKET.bars(symbol, session, session, timeframe, as_of=LATER):
            parts = [minute for minute in minutes if bar.start <= minute.start < bar.end]
            assert merged(parts) == (bar.open, bar.high, bar.low, bar.close, bar.volume)


@given(symbol=SYMBOLS, as_of=MOMENTS, timeframe=st.sampled_from(["1d", "1h", "5m"]))
@settings(max_examples=40)
def test_no_bar_ends_after_the_moment_it_is_asked_at(symbol: str, as_of: datetime, timeframe: Timeframe) -> None:
    bars = MARKET.bars(
        symbol, as_of.date() - timedelta(days=4), as_of.date() + timedelta(days=4), timeframe, as_of=as_of
    )
    assert all(bar.end <= as_of for bar in bars)


@given(symbol=SYMBOLS, as_of=MOMENTS)
@settings(max_examples=40)
def test_a_complete_bar_never_changes_and_a_running_one_is_its_minutes_so_far(symbol: str, as_of: datetime) -> None:
    start, end = as_of.date() - timedelta(days=3), as_of.date()
    seen = MARKET.bars(symbol, start, end, "1h", as_of=as_of)
    final = {bar.start: bar for bar in MARKET.bars(symbol, start, end, "1h", as_of=LATER)}
    minutes = MARKET.bars(symbol, start, end, "1m", as_of=as_of)
    for bar in seen:
        if bar.complete:
            assert bar == final[bar.start]
        else:
            running = [minute for minute in minutes if minute.start >= bar.start]
            assert merged(running) == (bar.open, bar.high, bar.low, bar.close, bar.volume)
    assert all(bar.complete for bar in seen[:-1])


@given(symbol=SYMBOLS, at=MOMENTS)
def test_a_quote_says_what_the_running_daily_bar_says(symbol: str, at: datetime) -> None:
    quote = MARKET.quote(symbol, at)
    bar = MARKET.bar(symbol, quote.session, as_of=at)
    assert quote.as_of <= at
    assert quote.bid < quote.ask
    assert quote.bid <= quote.price <= quote.ask
    assert quote.change == quote.price - quote.previous_close
    if bar is None:
        assert (quote.volume, quote.as_of) == (0, MARKET.hours(quote.session).open)
    else:
        assert (quote.open, quote.high, quote.low, quote.price, quote.volume) == merged([bar])
        assert quote.as_of == bar.end


def closing_values(quote: Quote) -> tuple[Decimal, int, datetime]:
    return quote.price, quote.volume, quote.as_of


def test_on_a_weekend_the_quote_is_still_fridays_close() -> None:
    friday, saturday = datetime(2026, 11, 20, 21, tzinfo=UTC), datetime(2026, 11, 21, 15, tzinfo=UTC)
    monday_before_open = datetime(2026, 11, 23, 14, tzinfo=UTC)
    close = closing_values(MARKET.quote("AAPL", friday))
    assert close[2] == friday
    assert closing_values(MARKET.quote("AAPL", saturday)) == close
    assert closing_values(MARKET.quote("AAPL", monday_before_open)) == close
    assert closing_values(MARKET.quote("AAPL", monday_before_open + timedelta(minutes=35))) != close


def test_each_session_is_compared_with_the_close_before() -> None:
    thursday = MARKET.bar("MSFT", date(2026, 11, 19), as_of=FRIDAY_NOON)
    assert thursday is not None
    assert MARKET.quote("MSFT", FRIDAY_NOON).previous_close == thursday.close


def test_a_symbol_has_no_prices_before_it_was_listed() -> None:
    symbol = next(symbol for symbol in (f"L{n}" for n in range(99)) if listed(symbol).year > 1995)
    first_day = listed(symbol)
    bars = MARKET.bars(symbol, first_day - timedelta(days=30), first_day + timedelta(days=30), as_of=FRIDAY_NOON)
    assert bars[0].session == first_day
    with pytest.raises(NoSuchSymbol, match="not listed yet"):
        MARKET.quote(symbol, datetime.combine(first_day, datetime.min.time(), UTC))


def listed(symbol: str) -> date:
    return MARKET.company(symbol, as_of=FRIDAY_NOON).ipo_date


def test_about_one_symbol_in_six_has_split_in_the_last_five_years() -> None:
    start, end = date(2021, 11, 20), date(2026, 11, 20)
    split = sum(bool(MARKET.splits(f"S{number}", start, end, as_of=FRIDAY_NOON)) for number in range(600))
    assert 0.10 < split / 600 < 0.24


@pytest.mark.parametrize("numerator", [2, 3, 1])
def test_a_split_makes_raw_prices_jump_and_leaves_adjusted_ones_alone(numerator: int) -> None:
    split = recent_split(numerator)
    month = timedelta(days=30)
    as_of = datetime.combine(split.ex_date + month, datetime.min.time(), UTC)
    window = (split.symbol, split.ex_date - month, split.ex_date + month)
    raw = MARKET.bars(*window, as_of=as_of)
    adjusted = MARKET.bars(*window, as_of=as_of, adjustment="split")
    at = next(at for at, bar in enumerate(raw) if bar.session == split.ex_date)
    assert raw[at].open / raw[at - 1].close == pytest.approx(1 / split.ratio, rel=Decimal("0.12"))
    assert adjusted[at].open / adjusted[at - 1].close == pytest.approx(1, rel=Decimal("0.12"))
    for before, plain in zip(adjusted, raw, strict=True):
        factor = MARKET.split_factor(split.symbol, plain.session, as_of=as_of)
        assert factor == (split.ratio if plain.session < split.ex_date else 1)
        assert before.close == pytest.approx(plain.close / factor, abs=Decimal("0.0001"))
        assert before.volume == pytest.approx(plain.volume * factor, abs=1)


def test_a_split_is_not_applied_before_its_day_and_not_told_before_it_is_announced() -> None:
    split = recent_split(2)
    eve = MARKET.sessions(split.ex_date - timedelta(days=7), split.ex_date)[-2]
    before = MARKET.hours(eve).close
    assert MARKET.split_factor(split.symbol, eve, as_of=before) == 1
    assert (
        MARKET.bars(split.symbol, eve, eve, as_of=before, adjustment="split")[0].close
        == MARKET.quote(split.symbol, before).price
    )
    assert MARKET.splits(split.symbol, split.ex_date, split.ex_date, as_of=before) == [split]
    unannounced = datetime.combine(split.announced_on - timedelta(days=1), datetime.min.time(), UTC)
    assert MARKET.splits(split.symbol, split.ex_date, split.ex_date, as_of=unannounced) == []


def test_after_a_split_the_quote_compares_with_the_close_before_in_new_shares_and_the_company_is_worth_the_same() -> (
    None
):
    split = recent_split(3)
    hours = MARKET.hours(split.ex_date)
    quote = MARKET.quote(split.symbol, hours.close)
    eve = MARKET.bars(
        split.symbol, split.ex_date - timedelta(days=7), split.ex_date - timedelta(days=1), as_of=hours.open
    )[-1]
    assert quote.previous_close == pytest.approx(eve.close / split.ratio, abs=Decimal("0.01"))
    before, after = MARKET.ratios(split.symbol, eve.end), MARKET.ratios(split.symbol, hours.close)
    assert after.shares_outstanding == before.shares_outstanding * split.ratio
    assert after.market_cap == pytest.approx(before.market_cap, rel=0.15)
    assert after.week52_high == pytest.approx(before.week52_high / split.ratio, rel=Decimal("0.15"))


def test_dividends_lower_earlier_adjusted_prices_by_what_was_paid() -> None:
    paid = [
        MARKET.dividends(symbol, date(2026, 1, 1), date(2026, 10, 1), as_of=FRIDAY_NOON) for symbol in MARKET.symbols()
    ]
    dividend = max((dividends[-1] for dividends in paid if dividends), key=lambda dividend: dividend.amount)
    as_of = MARKET.hours(dividend.ex_date).close
    window = (dividend.symbol, dividend.ex_date - timedelta(days=10), dividend.ex_date)
    raw = MARKET.bars(*window, as_of=as_of)
    adjusted = MARKET.bars(*window, as_of=as_of, adjustment="split_dividend")
    assert adjusted[-1].close == raw[-1].close
    assert adjusted[-2].close == pytest.approx(raw[-2].close - dividend.amount, abs=Decimal("0.0001"))


@given(symbol=SYMBOLS)
@settings(max_examples=20)
def test_adjusted_prices_end_where_raw_ones_do_and_never_lie_above_split_adjusted_ones(symbol: str) -> None:
    window = (symbol, date(2024, 1, 1), date(2026, 11, 20))
    raw = MARKET.bars(*window, as_of=FRIDAY_NOON)
    split = MARKET.bars(*window, as_of=FRIDAY_NOON, adjustment="split")
    total = MARKET.bars(*window, as_of=FRIDAY_NOON, adjustment="split_dividend")
    assert raw[-1].close == split[-1].close == total[-1].close
    assert all(lower.close <= upper.close for lower, upper in zip(total, split, strict=True))
    assert [bar.volume for bar in total] == [bar.volume for bar in split]


@pytest.mark.parametrize(("timeframe", "adjustment", "word"), [("2h", "raw", "2h"), ("1d", "full", "full")])
def test_a_timeframe_or_an_adjustment_there_is_not_is_refused(timeframe: Timeframe, adjustment: str, word: str) -> None:
    with pytest.raises(ValueError, match=word):
        MARKET.bars("AAPL", date(2026, 1, 1), date(2026, 1, 9), timeframe, as_of=FRIDAY_NOON, adjustment=adjustment)  # type: ignore[arg-type]


def test_a_range_that_ends_before_it_starts_is_empty() -> None:
    assert MARKET.bars("AAPL", date(2026, 11, 20), date(2026, 11, 1), as_of=FRIDAY_NOON) == []
    assert MARKET.bar("AAPL", date(2026, 11, 21), as_of=LATER) is None
