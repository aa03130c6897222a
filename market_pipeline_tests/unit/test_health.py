"""The judgement on how things are: what makes it degraded, what unhealthy, and that it says so in words."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from market_pipeline.tracking.health import Facts, judgement
from market_pipeline.tracking.staleness import StalenessSummary

NOW = datetime(2026, 11, 20, 15, tzinfo=UTC)


def counts(fresh: int = 0, aging: int = 0, stale: int = 0, missing: int = 0) -> StalenessSummary:
    return StalenessSummary(
        fresh_count=fresh,
        aging_count=aging,
        stale_count=stale,
        missing_count=missing,
        total_monitored=fresh + aging + stale + missing,
    )


WELL = Facts(
    now=NOW,
    last_check=NOW - timedelta(minutes=59),
    freshness={"news": counts(fresh=45, aging=5), "earnings": counts(fresh=46, stale=4, missing=1)},
    vendors=13,
    callable_vendors=1,
)


def test_all_is_well_while_a_tenth_of_a_data_type_is_behind_and_most_vendors_are_away() -> None:
    assert judgement(WELL) == ("healthy", [])


@pytest.mark.parametrize(
    ("wrong", "status", "words"),
    [
        ({"last_check": None}, "degraded", "the hourly staleness check has never run"),
        ({"last_check": NOW - timedelta(minutes=121)}, "unhealthy", "last ran at 2026-11-20 12:59 UTC"),
        ({"daemon_alive": False}, "unhealthy", "Dagster's daemon sends no heartbeat"),
        ({"callable_vendors": 0}, "unhealthy", "none of the 13 vendors can be called now"),
        ({"freshness": {"news": counts(stale=50), "earnings": counts(missing=9)}}, "unhealthy", "all data is stale"),
        ({"freshness": {"news": counts(stale=50), "earnings": counts(aging=1)}}, "degraded", "news: 50 stale, of 50"),
        ({"freshness": {"news": counts(fresh=8, missing=1)}}, "degraded", "news: 1 never fetched, of 9"),
        (
            {"freshness": {"news": counts(fresh=8, stale=3, missing=1)}},
            "degraded",
            "news: 3 stale and 1 never fetched, of 12",
        ),
        ({"rejected_keys": ("fmp",)}, "degraded", "fmp rejects its key: set a valid FMP_API_KEY"),
        ({"rejected_keys": ("yahoo",)}, "degraded", "yahoo refuses access: it is tried again automatically"),
        ({"failed_executions": {"news": "HTTP 503"}}, "degraded", "the last run of news failed: HTTP 503"),
        ({"given_up": {"news": 2}}, "degraded", "news: 2 given up after all retries"),
        ({"feature_failures": 3}, "degraded", "features of 3 series cannot be computed"),
    ],
)
def test_what_is_wrong_is_said_and_how_bad_it_is(wrong: dict[str, object], status: str, words: str) -> None:
    found, issues = judgement(replace(WELL, **wrong))  # type: ignore[arg-type]
    assert found == status
    assert len(issues) == 1
    assert words in issues[0]


def test_the_worst_comes_first() -> None:
    status, issues = judgement(replace(WELL, given_up={"news": 2}, callable_vendors=0))
    assert status == "unhealthy"
    assert [issue.split()[0] for issue in issues] == ["none", "news:"]


def test_where_the_daemon_lives_the_first_hourly_check_may_be_yet_to_come() -> None:
    assert judgement(replace(WELL, last_check=None, daemon_alive=True)) == ("healthy", [])


def test_an_empty_universe_and_vendors_that_were_never_asked_are_no_fault() -> None:
    assert judgement(replace(WELL, freshness={}, vendors=0, callable_vendors=0)) == ("healthy", [])
