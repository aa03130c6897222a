"""The rule of freshness: real days on which the exchange was closed, and any day beside a count of minutes."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from market_pipeline.datasets import DATASETS, Ages, Freshness
from market_pipeline.providers.messages import Window
from market_pipeline.sessions import Sessions
from market_pipeline.tracking.freshness import as_of, deadlines

NEW_YORK = Sessions()
MINUTE = timedelta(minutes=1)
FRIDAY_AT_14 = datetime(2026, 5, 29, 18, tzinfo=UTC)


def new_york(text: str) -> datetime:
    """A moment written in New York's time: `2026-11-20 15:59`."""
    return datetime.fromisoformat(text).replace(tzinfo=NEW_YORK.timezone).astimezone(UTC)


@pytest.mark.parametrize(
    ("data_type", "refreshed", "ageing", "stale"),
    [
        pytest.param("stock_quotes", "2026-11-18 11:00", "2026-11-18 11:05", "2026-11-18 11:30", id="while open"),
        pytest.param("stock_quotes", "2026-11-20 15:59", "2026-11-23 09:34", "2026-11-23 09:59", id="weekend"),
        pytest.param("stock_quotes", "2026-11-21 12:00", "2026-11-23 09:35", "2026-11-23 10:00", id="on a Saturday"),
        pytest.param("stock_quotes", "2026-11-23 08:00", "2026-11-23 09:35", "2026-11-23 10:00", id="before the open"),
        pytest.param("stock_quotes", "2026-11-25 15:59", "2026-11-27 09:34", "2026-11-27 09:59", id="Thanksgiving"),
        pytest.param("stock_quotes", "2026-11-27 12:59", "2026-11-30 09:34", "2026-11-30 09:59", id="half day"),
        pytest.param("stock_quotes", "2026-03-06 15:59", "2026-03-09 09:34", "2026-03-09 09:59", id="clocks forward"),
        pytest.param("stock_quotes", "2026-10-30 15:59", "2026-11-02 09:34", "2026-11-02 09:59", id="clocks back"),
        pytest.param("historical_prices", "2026-11-18 16:30", "2026-11-19 18:30", "2026-11-20 18:30", id="bars"),
        pytest.param(
            "historical_prices", "2026-11-20 16:30", "2026-11-23 18:30", "2026-11-24 18:30", id="bars: weekend"
        ),
        pytest.param(
            "historical_prices", "2026-11-25 16:30", "2026-11-27 18:30", "2026-11-30 18:30", id="bars: holiday"
        ),
        pytest.param(
            "historical_prices", "2026-10-30 16:30", "2026-11-02 18:30", "2026-11-03 18:30", id="bars: clocks"
        ),
        pytest.param("news", "2026-11-20 23:00", "2026-11-21 00:00", "2026-11-21 23:00", id="news knows no weekend"),
    ],
)
def test_on_days_that_were(data_type: str, refreshed: str, ageing: str, stale: str) -> None:
    found = deadlines(DATASETS[data_type].freshness, new_york(refreshed), NEW_YORK)
    assert found == (new_york(ageing), new_york(stale))


def test_the_default_windows_are_an_hour_and_a_day() -> None:
    assert deadlines(Freshness(), FRIDAY_AT_14, NEW_YORK) == (
        FRIDAY_AT_14 + timedelta(hours=1),
        FRIDAY_AT_14 + timedelta(days=1),
    )


moments = st.integers(0, 700 * 24 * 60).map(lambda minutes: datetime(2024, 12, 20, tzinfo=UTC) + minutes * MINUTE)
windows = st.integers(1, 3 * 24 * 60).map(lambda minutes: minutes * MINUTE)


@given(since=moments, age=windows)
def test_data_that_ages_while_open_turns_when_the_exchange_was_open_for_so_many_minutes(
    since: datetime, age: timedelta
) -> None:
    turns, _ = deadlines(Freshness(age, age, Ages.WHILE_OPEN), since, NEW_YORK)
    assert open_minutes(since, turns) == age
    assert open_minutes(since, turns - MINUTE) < age


def open_minutes(start: datetime, end: datetime) -> timedelta:
    """Counted session by session, from the calendar's list of them."""
    sessions = NEW_YORK.between(start.date() - timedelta(days=4), end.date())
    spans = ((max(start, NEW_YORK.opens(one)), min(end, NEW_YORK.closes(one))) for one in sessions)
    return sum((max(until - begin, timedelta()) for begin, until in spans), timedelta())


@given(since=moments, age=windows)
def test_data_that_ages_on_session_days_turns_after_so_many_minutes_of_such_days(
    since: datetime, age: timedelta
) -> None:
    turns, _ = deadlines(Freshness(age, age, Ages.ON_SESSION_DAYS), since, NEW_YORK)
    assert minutes_on_session_days(since, turns) == age
    assert minutes_on_session_days(since, turns - MINUTE) < age


def minutes_on_session_days(start: datetime, end: datetime) -> timedelta:
    """Counted a quarter of an hour at a time: no clock changes and no day begins in between."""
    begin = start.replace(minute=0)
    steps = [start, *(at for at in quarters(begin, end) if at > start), end]
    return sum((until - at for at, until in pairwise(steps) if NEW_YORK.is_session(local_day(at))), timedelta())


def quarters(begin: datetime, end: datetime) -> list[datetime]:
    step = timedelta(minutes=15)
    return [begin + number * step for number in range(-(-(end - begin) // step))]


def local_day(at: datetime) -> date:
    return at.astimezone(NEW_YORK.timezone).date()


@given(since=moments, warn=windows, longer=windows, ages=st.sampled_from(Ages))
def test_nothing_is_stale_before_it_ages_or_ages_faster_than_the_clock(
    since: datetime, warn: timedelta, longer: timedelta, ages: Ages
) -> None:
    ageing, stale = deadlines(Freshness(warn, warn + longer, ages), since, NEW_YORK)
    assert since + warn <= ageing < stale
    assert stale >= since + warn + longer


@given(earlier=moments, later=moments, ages=st.sampled_from(Ages))
def test_a_later_refresh_is_never_stale_sooner(earlier: datetime, later: datetime, ages: Ages) -> None:
    policy = Freshness(timedelta(minutes=5), timedelta(hours=30), ages)
    first, second = (deadlines(policy, at, NEW_YORK) for at in sorted((earlier, later)))
    assert first[0] <= second[0]
    assert first[1] <= second[1]


@pytest.mark.parametrize(
    ("data_type", "days", "expected"),
    [
        pytest.param("stock_quotes", ("2026-05-29", "2026-05-29"), FRIDAY_AT_14, id="the current session"),
        pytest.param(
            "historical_prices", ("2026-05-20", "2026-05-21"), new_york("2026-05-21 16:00"), id="past sessions"
        ),
        pytest.param("historical_prices", ("2026-05-20", "2026-05-29"), FRIDAY_AT_14, id="up to the current session"),
        pytest.param("news", ("2026-05-29", "2026-05-29"), FRIDAY_AT_14, id="today"),
        pytest.param("news", ("2026-05-01", "2026-05-02"), datetime(2026, 5, 3, tzinfo=UTC), id="past days"),
        pytest.param("economic_events", ("2026-05-28", "2026-06-12"), FRIDAY_AT_14, id="days to come"),
        pytest.param("earnings", ("2026-05-26", "2026-06-01"), FRIDAY_AT_14, id="upkeep of a symbol"),
        pytest.param("company_info", None, FRIDAY_AT_14, id="no window"),
    ],
)
def test_a_fetch_of_past_days_tells_of_their_end(
    data_type: str, days: tuple[str, str] | None, expected: datetime
) -> None:
    window = None if days is None else Window(*map(date.fromisoformat, days))
    assert as_of(DATASETS[data_type], window, FRIDAY_AT_14, NEW_YORK) == expected
