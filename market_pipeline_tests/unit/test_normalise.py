"""Values as vendors write them, turned into ours."""

from datetime import date, time
from decimal import Decimal
from typing import Any

import pytest

from market_pipeline.providers.dates import clock, month, named_day
from market_pipeline.providers.dividends import add_up_dividends
from market_pipeline.providers.normalise import country, figures, number, one_of, price, scaled, sentence, text


def paid(amount: str | None, **others: Any) -> dict[str, Any]:
    known = None if amount is None else Decimal(amount)
    return {"symbol": "CME", "ex_date": date(2026, 12, 26), "amount": known, "kind": "regular", "frequency": 4} | others


def test_a_regular_and_a_special_dividend_of_one_day_are_one_row_with_their_sum() -> None:
    (row,) = add_up_dividends([paid("1.25"), paid("5.80", kind="special", frequency=0)])
    assert (row["amount"], row["kind"], row["frequency"]) == (Decimal("7.05"), None, None)


def test_a_dividend_that_is_told_twice_is_paid_once() -> None:
    assert add_up_dividends([paid("1.25"), paid("1.250", record_date=date(2026, 12, 28))]) == [paid("1.25")]


def test_dividends_of_other_days_and_companies_stay_apart_and_one_without_an_amount_is_left_out() -> None:
    rows = [paid("1.25"), paid("1.25", symbol="ICE"), paid("1.25", ex_date=date(2026, 9, 26)), paid(None)]
    assert add_up_dividends(rows) == rows[:3]


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("UK", "GB"),
        ("EMU", "EU"),
        ("United States", "US"),
        ("Euro Zone", "EU"),
        ("us ", "US"),
        ("NA", "NA"),
        ("", None),
        (None, None),
    ],
)
def test_countries_of_calendars_are_iso_codes(written: Any, code: str | None) -> None:
    assert country(written) == code


def test_a_price_of_zero_is_no_price_and_a_label_that_is_not_kept_is_none() -> None:
    assert (price(0.0), price("12.50"), price(None)) == (None, Decimal("12.50"), None)
    assert (one_of(" High ", "low", "high"), one_of("none", "low", "high"), one_of(None, "low")) == ("high", None, None)


@pytest.mark.parametrize(
    ("written", "values", "unit"),
    [
        (("1702K", "NA", "1.65M"), ["1702", None, "1650"], "K"),
        (("-206 bcf", "", "-179 bcf"), ["-206", None, "-179"], "bcf"),
        (("$137.4B", None, "$7.1B"), ["137.4", None, "7.1"], "USD B"),
        (("0.0%", "0.1%", "-0.20%"), ["0", "0.1", "-0.2"], "%"),
        ((-0.7, "25.0", 31), ["-0.7", "25", "31"], None),
        (("2.00% - 2.25%", "0|0|9", None), [None, None, None], None),
    ],
)
def test_figures_of_one_series_share_a_unit(written: tuple[Any, ...], values: list[Any], unit: str | None) -> None:
    assert figures(*written) == ([None if one is None else Decimal(one) for one in values], unit)


@pytest.mark.parametrize(
    ("written", "day", "at"),
    [
        ("DATA AS OF Nov 19, 2019 9:27 AM ET - PRE-MARKET", date(2019, 11, 19), time(9, 27)),
        ("CLOSED AT 4:00 PM ET ON Nov 18, 2019", date(2019, 11, 18), time(16)),
        ("Wed, July 3, 2024 12:05AM", date(2024, 7, 3), time(0, 5)),
        ("LAST TRADE: $1,200.00 (AS OF JAN 15, 2026)", date(2026, 1, 15), None),
        ("16:05", None, time(16, 5)),
        ("Closed", None, None),
        (None, None, None),
    ],
)
def test_a_date_and_a_time_are_found_in_words(written: Any, day: date | None, at: time | None) -> None:
    assert (named_day(written), clock(written)) == (day, at)


def test_what_looks_like_a_date_or_a_time_and_is_none_is_refused() -> None:
    for read, written in ((named_day, "Foo 20, 2026"), (named_day, "Feb 30, 2026"), (clock, "25:00"), (month, "Foo")):
        with pytest.raises(ValueError):
            read(written)


def test_what_no_table_can_hold_is_taken_out_of_texts_and_numbers() -> None:
    assert (text("Apple\x00 Inc."), text("\x00")) == ("Apple Inc.", None)
    assert (number("1e-99999"), number("-1e-29")) == (Decimal(0), Decimal("-1e-29"))


def test_a_figure_in_pence_is_scaled_to_pounds_and_none_stays_none() -> None:
    assert (scaled(Decimal(250), Decimal("0.01")), scaled(None, Decimal("0.01"))) == (Decimal("2.5"), None)


@pytest.mark.parametrize(
    ("written", "said"),
    [
        (" You have run over. ", "You have run over."),
        ("Unauthenticated", "Unauthenticated"),
        ("date,close\n2026-11-20,7 or so", None),
        ('{"a": 1}', None),
        ("<html lang=en>", None),
        ("", None),
    ],
)
def test_a_sentence_is_told_from_a_table_and_a_page(written: str, said: str | None) -> None:
    assert sentence(written) == said
