"""When schedules run and why they do not: real days around holidays, half days, changes of the clocks and the year's end."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from itertools import pairwise, takewhile
from typing import Any

import dagster as dg
import exchange_calendars
import pytest
from dagster._utils.schedules import cron_string_iterator
from hypothesis import given, settings
from hypothesis import strategies as st

from market_pipeline.datasets import DATASETS, Cadence, Dataset
from market_pipeline.definitions import build_definitions
from market_pipeline.queue import UNFINISHED
from market_pipeline.schedules import data_type_schedule, is_full
from market_pipeline.sessions import Sessions, UnknownExchange
from market_pipeline.timetable import cron_of, why_not_now

NEW_YORK = Sessions("XNYS")
QUOTES, BARS, NEWS = DATASETS["stock_quotes"], DATASETS["historical_prices"], DATASETS["news"]
CLOCKS_CHANGE = (date(2026, 3, 8), date(2026, 11, 1), date(2027, 3, 14), date(2027, 11, 7))


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def ticks(dataset: Dataset, first: date, last: date, sessions: Sessions = NEW_YORK) -> list[datetime]:
    """What Dagster's scheduler would evaluate from the first day to the end of the last one, exchange-local."""
    start, end = sessions.starts(first), sessions.starts(last + timedelta(days=1))
    cron = cron_of(dataset.cadence, sessions)
    found = cron_string_iterator(start.timestamp(), cron, str(sessions.timezone))
    return list(takewhile(lambda tick: tick < end, found))


def due(dataset: Dataset, first: date, last: date, sessions: Sessions = NEW_YORK) -> list[datetime]:
    return [
        tick
        for tick in ticks(dataset, first, last, sessions)
        if why_not_now(dataset.cadence, sessions, tick.astimezone(UTC)) is None
    ]


def by_day(moments: list[datetime]) -> Counter[str]:
    return Counter(moment.strftime("%m-%d") for moment in moments)


def test_over_the_week_of_thanksgiving_quotes_are_due_each_minute_that_the_exchange_is_open() -> None:
    found = due(QUOTES, date(2026, 11, 22), date(2026, 11, 29))
    assert by_day(found) == {"11-23": 390, "11-24": 390, "11-25": 390, "11-27": 210}
    by_local_time = {f"{moment:%m-%d %H:%M}" for moment in found}
    assert {"11-25 09:30", "11-25 15:59", "11-27 09:30", "11-27 12:59"} <= by_local_time
    assert not {"11-25 09:29", "11-25 16:00", "11-27 13:00"} & by_local_time


@pytest.mark.parametrize("name", DATASETS)
def test_over_that_week_each_data_type_is_due_as_often_as_it_says(name: str) -> None:
    dataset = DATASETS[name]
    expected = {
        "stock_quotes": 3 * 390 + 210,
        "options_chain": (3 * 390 + 210) // 5,
        "historical_prices": 4,
        "news": 7 * 48,
        "economic_events": 7 * 2,
        "earnings": 7 * 4,
        "dividends": 7,
        "fundamentals": 1,
        "company_info": 1,
        "index_constituents": 7,
    }
    assert len(due(dataset, date(2026, 11, 23), date(2026, 11, 29))) == expected[name]


def test_bars_are_due_after_each_session_half_days_included_and_on_no_other_day() -> None:
    found = due(BARS, date(2026, 12, 21), date(2027, 1, 5))
    assert [f"{moment:%m-%d %H:%M}" for moment in found] == [
        "12-21 16:30",
        "12-22 16:30",
        "12-23 16:30",
        "12-24 16:30",  # closed at 13:00
        "12-28 16:30",
        "12-29 16:30",
        "12-30 16:30",
        "12-31 16:30",
        "01-04 16:30",
        "01-05 16:30",
    ]


@pytest.mark.parametrize("sunday", CLOCKS_CHANGE)
def test_when_clocks_change_the_exchange_opens_at_its_own_time_and_no_tick_is_lost_or_doubled(sunday: date) -> None:
    friday, monday = sunday - timedelta(days=2), sunday + timedelta(days=1)
    quotes = due(QUOTES, friday, monday)
    assert by_day(quotes) == {f"{friday:%m-%d}": 390, f"{monday:%m-%d}": 390}
    assert [f"{moment:%H:%M}" for moment in (quotes[0], quotes[390])] == ["09:30", "09:30"]
    hours = 23 if sunday.month == 3 else 25
    assert quotes[390] - quotes[0].astimezone(UTC) == timedelta(days=2, hours=hours), (
        "in New York it is three days later"
    )
    news = due(NEWS, friday, monday)
    assert {after.timestamp() - before.timestamp() for before, after in pairwise(news)} == {1800.0}
    for dataset in DATASETS.values():
        if dataset.cadence.cron.split()[1].isdigit() and dataset.cadence.cron.endswith("* * *"):
            assert by_day(due(dataset, friday, monday)) == {
                f"{friday + timedelta(days=ahead):%m-%d}": 1 for ahead in range(4)
            }


@pytest.mark.parametrize(
    ("moment", "reason"),
    [
        ("2026-11-26 15:00", "XNYS is closed: Thanksgiving; it opens again on Friday 2026-11-27 at 09:30"),
        ("2026-11-27 18:00", "XNYS closed early at 13:00: Black Friday; it opens again on Monday 2026-11-30 at 09:30"),
        ("2026-12-24 18:30", "XNYS closed early at 13:00: Christmas Eve; it opens again on Monday 2026-12-28 at 09:30"),
        ("2026-11-28 15:00", "XNYS is closed: weekend; it opens again on Monday 2026-11-30 at 09:30"),
        ("2026-11-25 14:29", "XNYS is closed, not open yet; it opens again on Wednesday 2026-11-25 at 09:30"),
        ("2026-11-25 21:00", "XNYS is closed since 16:00; it opens again on Friday 2026-11-27 at 09:30"),
        ("2026-03-09 13:29", "XNYS is closed, not open yet; it opens again on Monday 2026-03-09 at 09:30"),
        ("2026-12-31 21:00", "XNYS is closed since 16:00; it opens again on Monday 2027-01-04 at 09:30"),
        ("2027-01-01 15:00", "XNYS is closed: New Year's Day; it opens again on Monday 2027-01-04 at 09:30"),
        ("2025-01-09 15:00", "XNYS is closed: a holiday; it opens again on Friday 2025-01-10 at 09:30"),  # mourning
    ],
)
def test_the_reason_is_one_that_a_person_understands(moment: str, reason: str) -> None:
    assert why_not_now(QUOTES.cadence, NEW_YORK, at(moment)) == f"{reason} (America/New_York)"


def test_what_is_not_bound_to_sessions_is_always_due() -> None:
    for moment in ("2026-11-26 18:00", "2026-11-28 03:00", "2026-12-25 12:00"):
        assert why_not_now(NEWS.cadence, NEW_YORK, at(moment)) is None


@pytest.mark.parametrize(
    ("exchange", "timezone", "quotes", "bars", "minutes"),
    [
        ("XNYS", "America/New_York", "* 9-15 * * 1-5", "30 16 * * 1-5", 390),
        ("XLON", "Europe/London", "* 8-16 * * 1-5", "0 17 * * 1-5", 510),
        ("XTKS", "Asia/Tokyo", "* 9-15 * * 1-5", "0 16 * * 1-5", 330),  # 9:00 to 15:30, an hour of it lunch
        ("CMES", "America/Chicago", "* * * * *", "30 17 * * 1-5", 1440),  # from 17:00 the evening before
        ("24/7", "UTC", "* * * * *", "30 0 * * *", 1440),
    ],
)
def test_another_exchange_has_its_own_time_zone_hours_and_days(
    exchange: str, timezone: str, quotes: str, bars: str, minutes: int
) -> None:
    sessions = Sessions(exchange)
    schedule = data_type_schedule(QUOTES, sessions)
    assert (schedule.execution_timezone, schedule.cron_schedule) == (timezone, quotes)
    assert data_type_schedule(BARS, sessions).cron_schedule == bars
    wednesday = date(2026, 10, 14)
    assert len(due(QUOTES, wednesday, wednesday, sessions)) == minutes
    assert len(due(BARS, wednesday, wednesday, sessions)) == 1


def test_a_break_at_noon_is_told() -> None:
    assert why_not_now(QUOTES.cadence, Sessions("XTKS"), at("2026-10-14 03:00")) == (
        "XTKS has its break: it opens again at 12:30 (Asia/Tokyo)"
    )


def test_an_exchange_that_the_calendars_do_not_know_long_enough_is_refused() -> None:
    with pytest.raises(UnknownExchange, match="EXCHANGE='XSAU': sessions are kept from 2015 on"):
        _ = Sessions("XSAU").timezone


@lru_cache
def calendar_of(exchange: str) -> Any:
    return exchange_calendars.get_calendar(exchange, start="2025-12-01")


@given(
    st.sampled_from(("XNYS", "XLON", "XTKS", "XHKG", "CMES")),
    st.datetimes(datetime(2026, 1, 2), datetime(2027, 10, 29), timezones=st.just(UTC)),  # noqa: DTZ001 - given a zone here
)
def test_quotes_are_due_whenever_the_calendar_says_that_it_is_open(exchange: str, now: datetime) -> None:
    minute = now.replace(second=0, microsecond=0)
    is_open = calendar_of(exchange).is_open_on_minute(minute)
    assert (why_not_now(QUOTES.cadence, Sessions(exchange), minute) is None) is is_open


@settings(max_examples=25)
@given(st.sampled_from(("XNYS", "XLON", "XTKS")), st.dates(date(2026, 1, 5), date(2027, 10, 29)))
def test_no_minute_of_a_session_is_outside_of_the_cron(exchange: str, day: date) -> None:
    sessions = Sessions(exchange)
    every_minute = Dataset(**{**_fields(QUOTES), "cadence": Cadence(market_hours_only=True)})
    expected = len(calendar_of(exchange).session_minutes(day)) if sessions.is_session(day) else 0
    assert len(due(every_minute, day, day, sessions)) == expected


def _fields(dataset: Dataset) -> dict[str, Any]:
    return {name: getattr(dataset, name) for name in Dataset.__dataclass_fields__}


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    """One that a schedule can open for itself, by its reference."""
    with dg.instance_for_test() as one:
        yield one


def evaluated(name: str, moment: str, instance: dg.DagsterInstance) -> dg.RunRequest | str:
    """What a tick asks for, or why not."""
    schedule = build_definitions().resolve_schedule_def(f"{name}_schedule")
    tick = schedule.evaluate_tick(dg.build_schedule_context(instance=instance, scheduled_execution_time=at(moment)))
    if not tick.run_requests:
        return str(tick.skip_message)
    (request,) = tick.run_requests
    return request


def test_a_tick_runs_the_job_without_a_partition_and_with_the_priority_of_live_data(
    instance: dg.DagsterInstance,
) -> None:
    quotes = evaluated("stock_quotes", "2026-11-24 15:00", instance)
    assert isinstance(quotes, dg.RunRequest)
    assert (quotes.partition_key, quotes.run_key) == (None, "2026-11-24T15:00:00+00:00")
    assert quotes.tags["dagster/priority"] == "10"
    news = evaluated("news", "2026-11-24 15:00", instance)
    assert isinstance(news, dg.RunRequest)
    assert news.tags["dagster/priority"] == "0"


def test_a_tick_while_the_exchange_is_closed_is_skipped_with_the_reason(instance: dg.DagsterInstance) -> None:
    assert str(evaluated("stock_quotes", "2026-11-26 15:00", instance)).startswith("XNYS is closed: Thanksgiving")


def earlier_run(instance: dg.DagsterInstance, status: dg.DagsterRunStatus, **tags: str) -> str:
    job = build_definitions().resolve_job_def("stock_quotes_job")
    return instance.create_run_for_job(job, status=status, tags=tags).run_id


BY_THE_SCHEDULE = {"dagster/schedule_name": "stock_quotes_schedule"}
QUEUED = dg.DagsterRunStatus.QUEUED  # can be had only from a real queue


@pytest.mark.parametrize("status", [status for status in UNFINISHED if status is not QUEUED])
def test_a_tick_that_finds_the_run_of_an_earlier_one_unfinished_is_skipped(
    instance: dg.DagsterInstance, status: dg.DagsterRunStatus
) -> None:
    run_id = earlier_run(instance, status, **BY_THE_SCHEDULE)
    how = "waits in the queue" if status is dg.DagsterRunStatus.NOT_STARTED else "is running"
    found = evaluated("stock_quotes", "2026-11-24 15:00", instance)
    assert found == f"the run of an earlier tick still {how}: {run_id}"


def test_runs_that_have_ended_and_those_of_others_hold_no_tick_up(instance: dg.DagsterInstance) -> None:
    for status in (dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED):
        earlier_run(instance, status, **BY_THE_SCHEDULE)
    earlier_run(instance, dg.DagsterRunStatus.STARTED, **{"dagster/backfill": "abcdef"})
    assert isinstance(evaluated("stock_quotes", "2026-11-24 15:00", instance), dg.RunRequest)


def test_the_first_tick_on_sunday_asks_for_the_whole_history_of_what_is_otherwise_kept_up() -> None:
    earnings = DATASETS["earnings"]
    week = ticks(earnings, date(2026, 11, 23), date(2026, 11, 29))
    assert [f"{tick:%m-%d %H:%M}" for tick in week if is_full(earnings, tick)] == ["11-29 00:15"]
    assert not any(is_full(NEWS, tick) for tick in ticks(NEWS, date(2026, 11, 29), date(2026, 11, 29)))
