"""Partitions are the exchange's sessions, days and symbols: around holidays, half days, weekends and clock changes."""

from datetime import UTC, date, datetime

import pytest

from market_pipeline.datasets import DATASETS, Dataset
from market_pipeline.partitions import current_days, day_partitions, is_key, partitions_of, session_partitions
from market_pipeline.sessions import FIRST_SESSION, Sessions

NEW_YORK = Sessions("XNYS")
QUOTES, NEWS, EVENTS = (DATASETS[name] for name in ("stock_quotes", "news", "economic_events"))


def keys_between(first: str, last: str, now: datetime) -> list[str]:
    return [key for key in session_partitions(NEW_YORK).get_partition_keys(now) if first <= key <= last]


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_thanksgiving_is_none_and_the_half_day_after_it_is_one() -> None:
    week = ["2026-11-23", "2026-11-24", "2026-11-25", "2026-11-27", "2026-11-30"]
    assert keys_between("2026-11-21", "2026-11-30", at("2026-12-15")) == week


def test_christmas_and_new_year_are_none_and_their_eves_are() -> None:
    turn = [
        "2026-12-23",
        "2026-12-24",
        "2026-12-28",
        "2026-12-29",
        "2026-12-30",
        "2026-12-31",
        "2027-01-04",
        "2027-01-05",
    ]
    assert keys_between("2026-12-23", "2027-01-05", at("2027-01-15")) == turn


def test_they_are_exactly_the_sessions_since_the_first_one_without_a_weekend() -> None:
    now = at("2026-11-20 18:00")
    keys = session_partitions(NEW_YORK).get_partition_keys(now)
    assert [date.fromisoformat(key) for key in keys] == NEW_YORK.between(FIRST_SESSION, date(2026, 11, 20))
    assert {date.fromisoformat(key).weekday() for key in keys} == {0, 1, 2, 3, 4}


@pytest.mark.parametrize("exchange", ["XLON", "XTKS", "24/7"])
def test_another_exchange_has_its_own(exchange: str) -> None:
    sessions = Sessions(exchange)
    keys = session_partitions(sessions).get_partition_keys(at("2026-06-30 18:00"))
    assert [date.fromisoformat(key) for key in keys][-120:] == sessions.between(FIRST_SESSION, date(2026, 6, 30))[-120:]


@pytest.mark.parametrize(
    ("now", "current"),
    [
        ("2026-11-20 14:29", "2026-11-19"),  # a minute before Friday's open
        ("2026-11-20 14:30", "2026-11-20"),
        ("2026-11-20 23:00", "2026-11-20"),
        ("2026-11-21 18:00", "2026-11-20"),  # Saturday
        ("2026-11-23 14:29", "2026-11-20"),  # Monday before the open
        ("2026-11-26 18:00", "2026-11-25"),  # Thanksgiving
        ("2026-11-27 18:30", "2026-11-27"),  # after the early close
        ("2026-12-25 18:00", "2026-12-24"),
        ("2027-01-01 18:00", "2026-12-31"),
        ("2027-01-04 14:29", "2026-12-31"),
        ("2026-03-09 13:29", "2026-03-06"),  # clocks went forward on Sunday: 9:29 in New York
        ("2026-03-09 13:30", "2026-03-09"),
        ("2026-11-02 14:29", "2026-10-30"),  # and back
        ("2026-11-02 14:30", "2026-11-02"),
    ],
)
def test_a_run_without_a_partition_is_about_the_session_that_is_open_or_was_last(now: str, current: str) -> None:
    assert current_days(QUOTES, NEW_YORK, at(now)) == [date.fromisoformat(current)]


def test_a_half_day_closes_three_hours_early_and_the_open_moves_with_the_clocks() -> None:
    assert NEW_YORK.closes(date(2026, 11, 25)) == at("2026-11-25 21:00")
    assert NEW_YORK.closes(date(2026, 11, 27)) == at("2026-11-27 18:00")
    assert NEW_YORK.closes(date(2026, 12, 24)) == at("2026-12-24 18:00")
    assert NEW_YORK.opens(date(2026, 3, 6)) == at("2026-03-06 14:30")
    assert NEW_YORK.opens(date(2026, 3, 9)) == at("2026-03-09 13:30")


def test_calendar_days_reach_as_far_ahead_as_the_calendar_of_the_dataset() -> None:
    now = at("2026-11-01 03:00")
    assert day_partitions(NEWS.days_ahead).get_partition_keys(now)[-1] == "2026-11-01"
    assert day_partitions(EVENTS.days_ahead).get_partition_keys(now)[-1] == "2026-11-15"
    assert current_days(NEWS, NEW_YORK, now)[-1] == date(2026, 11, 1)
    assert current_days(EVENTS, NEW_YORK, now)[-1] == date(2026, 11, 15)


def test_calendar_days_leave_no_day_out_where_clocks_change() -> None:
    keys = day_partitions(0).get_partition_keys(at("2026-12-31"))
    assert keys[-366:][0] == "2025-12-31"
    assert len(keys) == len(set(keys)) == (date(2026, 12, 31) - date(2020, 1, 1)).days + 1


@pytest.mark.parametrize("dataset", [one for one in DATASETS.values() if one.partitioned_by.is_dated])
def test_what_counts_as_a_key_is_what_dagster_has_as_a_key(dataset: Dataset) -> None:
    known = set(partitions_of(dataset, NEW_YORK).get_partition_keys(at("2026-11-01")))
    days = [date(2026, month, day).isoformat() for month in range(1, 11) for day in range(1, 29)]
    assert {day for day in days if is_key(dataset, NEW_YORK, day)} == known & set(days)


@pytest.mark.parametrize("text", ["banana", "", "20261120", "2026-W47-5", "2026-11-31", "2026-11-21", "2014-12-31"])
def test_other_texts_are_no_keys(text: str) -> None:
    assert not is_key(QUOTES, NEW_YORK, text)
