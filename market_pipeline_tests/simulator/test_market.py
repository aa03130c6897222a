"""The market as a whole: the same for everyone, which symbols it has, and the rules of its calendar."""

import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given

from market_pipeline.simulator.market import UNKNOWN_SYMBOLS, NoSuchSymbol, SyntheticMarket
from market_pipeline_tests.simulator.markets import FRIDAY_NOON, MARKET, MOMENTS, SYMBOLS

SYMBOLS_ASKED = ("AAPL", "BRK.B", "QWERT")
ANSWERS_OF_A_NEW_PROCESS = """
from market_pipeline.simulator.market import SyntheticMarket
from market_pipeline_tests.simulator.test_market import SYMBOLS_ASKED, answers
print(answers(SyntheticMarket(seed=7), SYMBOLS_ASKED))
"""


def answers(market: SyntheticMarket, symbols: tuple[str, ...]) -> list[str]:
    """Everything a market says about some symbols, as text, in the alphabetical order of the symbols."""
    month_ago, today, in_a_month = date(2026, 10, 20), date(2026, 11, 20), date(2026, 12, 20)
    said = {
        symbol: repr(
            [
                market.quote(symbol, FRIDAY_NOON),
                market.bars(symbol, today, today, "5m", as_of=FRIDAY_NOON),
                market.bars(symbol, month_ago, today, as_of=FRIDAY_NOON, adjustment="split_dividend"),
                market.company(symbol, as_of=FRIDAY_NOON),
                market.dividends(symbol, date(2020, 1, 1), in_a_month, as_of=FRIDAY_NOON),
                market.splits(symbol, date(2000, 1, 1), in_a_month, as_of=FRIDAY_NOON),
                market.earnings(symbol, date(2024, 1, 1), in_a_month, as_of=FRIDAY_NOON),
                market.ratios(symbol, FRIDAY_NOON),
                market.option_chain(symbol, FRIDAY_NOON),
                market.news(symbol, month_ago, today, as_of=FRIDAY_NOON),
            ]
        )
        for symbol in symbols
    }
    economy = repr(market.economic_events(month_ago, in_a_month, as_of=FRIDAY_NOON))
    return [said[symbol] for symbol in sorted(said)] + [economy]


def test_another_process_with_the_same_seed_gives_the_same_answers_in_any_order() -> None:
    command, project = [sys.executable, "-c", ANSWERS_OF_A_NEW_PROCESS], Path(__file__).parents[2]
    other = subprocess.run(
        command, cwd=project, env={"PYTHONHASHSEED": "12345"}, capture_output=True, text=True, check=True
    )
    asked_backwards = answers(SyntheticMarket(seed=7), SYMBOLS_ASKED[::-1])
    assert other.stdout.strip() == str(asked_backwards)


def test_another_seed_is_another_market() -> None:
    assert MARKET.quote("AAPL", FRIDAY_NOON).price != SyntheticMarket(seed=8).quote("AAPL", FRIDAY_NOON).price


def test_the_universe_has_the_dow_and_every_sector_and_no_cik_twice() -> None:
    listings = [MARKET.listing(symbol) for symbol in MARKET.symbols()]
    assert len(listings) >= 50
    assert len(MARKET.constituents("Dow Jones")) == 30
    assert {listing.sector for listing in listings} == set(MARKET.sectors())
    assert len(MARKET.sectors()) == 11
    assert len({listing.cik for listing in listings}) == len(listings)
    assert all(len(listing.cik) == 10 and listing.exchange in ("NASDAQ", "NYSE") for listing in listings)


def test_a_real_company_keeps_its_name_and_a_made_up_one_gets_one() -> None:
    berkshire = MARKET.company("BRK.B", as_of=FRIDAY_NOON)
    assert (berkshire.name, berkshire.cik, berkshire.mic) == ("Berkshire Hathaway Inc.", "0001067983", "XNYS")
    made_up = MARKET.company("QWERT", as_of=FRIDAY_NOON)
    assert made_up.name
    assert made_up.sector in MARKET.sectors()
    assert made_up.indices == ()


@pytest.mark.parametrize(("symbol", "month"), [("AAPL", 9), ("MSFT", 6), ("NVDA", 1), ("JPM", 12)])
def test_fiscal_years_of_known_companies_end_when_they_do(symbol: str, month: int) -> None:
    assert MARKET.company(symbol, as_of=FRIDAY_NOON).fiscal_year_end_month == month


@given(symbol=SYMBOLS)
def test_an_isin_carries_a_valid_check_digit(symbol: str) -> None:
    isin = MARKET.company(symbol, as_of=FRIDAY_NOON).isin
    digits = "".join(str(int(character, 36)) for character in isin)
    luhn = sum(sum(divmod(int(digit) * (1 + at % 2), 10)) for at, digit in enumerate(reversed(digits)))
    assert len(isin) == 12
    assert luhn % 10 == 0


@pytest.mark.parametrize("symbol", ["ZZTOP", "aapl", "BRK-B", "", "TOOLONGSYMBOL", "A B", *sorted(UNKNOWN_SYMBOLS)])
def test_an_unknown_symbol_is_said_to_be_one_by_every_method(symbol: str) -> None:
    today = FRIDAY_NOON.date()
    assert not MARKET.knows(symbol)
    for ask in (
        lambda: MARKET.listing(symbol),
        lambda: MARKET.bars(symbol, today, today, as_of=FRIDAY_NOON),
        lambda: MARKET.quote(symbol, FRIDAY_NOON),
        lambda: MARKET.company(symbol, as_of=FRIDAY_NOON),
        lambda: MARKET.dividends(symbol, today, today, as_of=FRIDAY_NOON),
        lambda: MARKET.splits(symbol, today, today, as_of=FRIDAY_NOON),
        lambda: MARKET.split_factor(symbol, today, as_of=FRIDAY_NOON),
        lambda: MARKET.earnings(symbol, today, today, as_of=FRIDAY_NOON),
        lambda: MARKET.statements(symbol, as_of=FRIDAY_NOON),
        lambda: MARKET.ratios(symbol, FRIDAY_NOON),
        lambda: MARKET.option_expirations(symbol, FRIDAY_NOON),
        lambda: MARKET.option_chain(symbol, FRIDAY_NOON),
        lambda: MARKET.news(symbol, today, today, as_of=FRIDAY_NOON),
    ):
        with pytest.raises(NoSuchSymbol) as caught:
            ask()
        assert caught.value.symbol == symbol


def test_an_index_that_is_not_there_is_refused_with_the_ones_that_are() -> None:
    with pytest.raises(KeyError, match="Nasdaq 100"):
        MARKET.constituents("FTSE 100")


def test_a_naive_datetime_is_refused() -> None:
    with pytest.raises(ValueError, match="no time zone"):
        MARKET.quote("AAPL", datetime(2026, 11, 20, 12))  # noqa: DTZ001


def test_a_moment_past_the_calendar_is_refused() -> None:
    with pytest.raises(ValueError, match="2045"):
        MARKET.quote("AAPL", datetime(2046, 1, 2, 15, tzinfo=UTC))


def test_sessions_skip_weekends_and_holidays() -> None:
    thanksgiving_week = MARKET.sessions(date(2026, 11, 23), date(2026, 11, 29))
    assert [day.day for day in thanksgiving_week] == [23, 24, 25, 27]
    with pytest.raises(ValueError, match="2026-11-26 is not a session"):
        MARKET.hours(date(2026, 11, 26))


def test_the_day_after_thanksgiving_closes_early() -> None:
    hours = MARKET.hours(date(2026, 11, 27))
    assert hours.close - hours.open == timedelta(hours=3, minutes=30)


@pytest.mark.parametrize(
    ("at", "state"),
    [
        (datetime(2026, 11, 20, 8, 59, tzinfo=UTC), "CLOSED"),
        (datetime(2026, 11, 20, 9, 0, tzinfo=UTC), "PRE"),
        (datetime(2026, 11, 20, 14, 30, tzinfo=UTC), "REGULAR"),
        (datetime(2026, 11, 20, 21, 0, tzinfo=UTC), "POST"),
        (datetime(2026, 11, 21, 1, 0, tzinfo=UTC), "CLOSED"),
        (datetime(2026, 11, 27, 18, 0, tzinfo=UTC), "POST"),  # early close
        (datetime(2026, 11, 27, 22, 0, tzinfo=UTC), "CLOSED"),
        (datetime(2026, 11, 26, 16, 0, tzinfo=UTC), "CLOSED"),  # Thanksgiving
        (datetime(2026, 7, 20, 13, 30, tzinfo=UTC), "REGULAR"),  # summer time
    ],
)
def test_the_market_state_follows_new_york_hours(at: datetime, state: str) -> None:
    assert MARKET.market_state(at) == state


@given(at=MOMENTS)
def test_the_market_is_regular_exactly_during_sessions(at: datetime) -> None:
    running = [
        day for day in MARKET.sessions(at.date(), at.date()) if MARKET.hours(day).open <= at < MARKET.hours(day).close
    ]
    assert (MARKET.market_state(at) == "REGULAR") == bool(running)
