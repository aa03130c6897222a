"""News and the economic calendar: what is public when."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given, settings

from market_pipeline.simulator.market import EconomicEvent
from market_pipeline_tests.simulator.markets import FRIDAY_NOON, MARKET, MOMENTS, SYMBOLS

NEW_YORK = ZoneInfo("America/New_York")
LATER = datetime(2028, 2, 1, tzinfo=UTC)


@given(symbol=SYMBOLS, as_of=MOMENTS)
@settings(max_examples=40)
def test_news_of_some_days_is_what_was_published_on_them_so_far(symbol: str, as_of: datetime) -> None:
    start, end = as_of.date() - timedelta(days=5), as_of.date() + timedelta(days=1)
    articles = MARKET.news(symbol, start, end, as_of=as_of)
    in_the_end = MARKET.news(symbol, start, end, as_of=LATER)
    assert articles == [article for article in in_the_end if article.published_at <= as_of]
    assert all(start <= article.published_at.date() <= end for article in in_the_end)
    assert all(article.symbols[0] == symbol and -1 <= article.sentiment <= 1 for article in in_the_end)
    published = [article.published_at for article in in_the_end]
    assert published == sorted(published, reverse=True)
    assert all(count <= 6 for count in Counter(moment.date() for moment in published).values())


def test_every_article_has_an_identity_of_its_own() -> None:
    month = (date(2026, 10, 20), date(2026, 11, 20))
    articles = [article for symbol in MARKET.symbols() for article in MARKET.news(symbol, *month, as_of=FRIDAY_NOON)]
    articles += MARKET.market_news(*month, as_of=FRIDAY_NOON)
    assert len({article.id for article in articles}) == len({article.url for article in articles}) == len(articles)


def test_some_days_bring_no_news_of_a_company_and_every_day_brings_some_of_the_market() -> None:
    days = [date(2026, 10, 1) + timedelta(days=offset) for offset in range(40)]
    counts = [len(MARKET.news("AAPL", day, day, as_of=FRIDAY_NOON)) for day in days]
    assert 0 in counts
    assert max(counts) > 2
    assert all(len(MARKET.market_news(day, day, as_of=FRIDAY_NOON)) == 12 for day in days)
    assert all(article.symbols == () for article in MARKET.market_news(days[0], days[0], as_of=FRIDAY_NOON))


def events(code: str, start: date, end: date, as_of: datetime) -> list[EconomicEvent]:
    return [event for event in MARKET.economic_events(start, end, as_of=as_of) if event.code == code]


def test_payrolls_come_on_the_first_friday_at_half_past_eight_in_new_york() -> None:
    year = events("US_NONFARM_PAYROLLS", date(2026, 1, 1), date(2026, 12, 31), LATER)
    assert [event.period for event in year] == ["2025-12", *(f"2026-{month:02d}" for month in range(1, 12))]
    for event in year:
        local = event.released_at.astimezone(NEW_YORK)
        assert (local.hour, local.minute) == (8, 30)
        if event.period not in ("2025-12", "2026-03", "2026-06"):  # holidays: New Year, Good Friday, Independence Day
            assert (local.weekday(), (local.day - 1) // 7) == (4, 0)


def test_claims_come_every_thursday_or_the_day_before_a_holiday() -> None:
    november = events("US_INITIAL_JOBLESS_CLAIMS", date(2026, 11, 1), date(2026, 11, 30), LATER)
    assert [event.released_at.day for event in november] == [5, 12, 19, 25]
    assert [event.period for event in november] == ["2026-10-31", "2026-11-07", "2026-11-14", "2026-11-21"]


def test_quarterly_growth_is_about_the_quarter_before() -> None:
    growth = events("US_GDP_QOQ", date(2026, 1, 1), date(2026, 12, 31), LATER)
    assert [event.period for event in growth] == ["2025-Q4", "2026-Q1", "2026-Q2", "2026-Q3"]


def test_central_banks_decide_eight_times_a_year_in_quarter_points() -> None:
    decisions = events("US_FED_FUNDS_RATE", date(2026, 1, 1), date(2026, 12, 31), LATER)
    assert len(decisions) == 8
    assert all(event.actual is not None and event.actual * 4 == round(event.actual * 4) for event in decisions)


@given(as_of=MOMENTS)
@settings(max_examples=25)
def test_the_calendar_reaches_into_the_future_and_says_nothing_of_it(as_of: datetime) -> None:
    calendar = MARKET.economic_events(as_of.date() - timedelta(days=40), as_of.date() + timedelta(days=90), as_of=as_of)
    in_the_end = {
        event.id: event
        for event in MARKET.economic_events(as_of.date() - timedelta(days=40), as_of.date(), as_of=LATER)
    }
    assert {event.country for event in calendar} == {"US", "EU", "UK", "JP"}
    for event in calendar:
        assert (event.actual is None) == (event.released_at > as_of)
        if event.released_at <= as_of:
            assert event == in_the_end[event.id]
        if event.released_at > as_of + timedelta(days=30):
            assert event.estimate is None


@given(as_of=MOMENTS)
@settings(max_examples=10)
def test_a_previous_value_is_the_last_actual_once_that_is_out(as_of: datetime) -> None:
    last: dict[str, EconomicEvent] = {}
    for event in MARKET.economic_events(
        as_of.date() - timedelta(days=100), as_of.date() + timedelta(days=100), as_of=as_of
    ):
        if event.code in last:
            assert event.previous == last[event.code].actual
        last[event.code] = event
    assert len(last) > 20
