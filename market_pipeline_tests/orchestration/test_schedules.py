"""When schedules run and why they do not, over the week of Thanksgiving 2026 and both changes of the clocks."""

from datetime import UTC, datetime, timedelta

import dagster as dg
import pytest

from market_pipeline.datasets import DATASETS
from market_pipeline.definitions import build_definitions
from market_pipeline.schedules import why_not_now
from market_pipeline.sessions import Sessions

NEW_YORK = Sessions("XNYS")
QUOTES, NEWS = DATASETS["stock_quotes"], DATASETS["news"]


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_over_the_week_of_thanksgiving_quotes_are_due_while_the_exchange_is_open_and_only_then() -> None:
    every_five_minutes = [at("2026-11-22 00:00") + timedelta(minutes=5 * step) for step in range(8 * 24 * 12)]
    due = [moment for moment in every_five_minutes if why_not_now(QUOTES, NEW_YORK, moment) is None]
    by_day = {day: [one for one in due if one.day == day] for day in range(22, 30)}
    assert {day: len(found) * 5 / 60 for day, found in by_day.items()} == {
        22: 0,  # Sunday
        23: 6.5,
        24: 6.5,
        25: 6.5,
        26: 0,  # Thanksgiving
        27: 3.5,  # closes at 13:00
        28: 0,
        29: 0,
    }
    assert (by_day[25][0], by_day[25][-1]) == (at("2026-11-25 14:30"), at("2026-11-25 20:55"))
    assert (by_day[27][0], by_day[27][-1]) == (at("2026-11-27 14:30"), at("2026-11-27 17:55"))


@pytest.mark.parametrize(
    ("closed", "opens"),
    [
        ("2026-11-25 21:00", "2026-11-27 14:30"),  # from the eve of Thanksgiving over the holiday
        ("2026-11-26 18:00", "2026-11-27 14:30"),
        ("2026-11-27 18:00", "2026-11-30 14:30"),  # from the early close over the weekend
        ("2026-03-06 21:00", "2026-03-09 13:30"),  # clocks go forward in between
        ("2026-03-09 13:29", "2026-03-09 13:30"),
        ("2026-10-30 20:00", "2026-11-02 14:30"),  # and back
        ("2026-11-02 14:29", "2026-11-02 14:30"),
        ("2026-12-31 21:00", "2027-01-04 14:30"),
    ],
)
def test_when_it_is_closed_the_reason_says_until_when(closed: str, opens: str) -> None:
    assert why_not_now(QUOTES, NEW_YORK, at(closed)) == f"XNYS is closed: it opens again at {opens} UTC"
    assert why_not_now(QUOTES, NEW_YORK, at(opens)) is None


def test_what_is_not_bound_to_market_hours_is_always_due() -> None:
    for moment in ("2026-11-26 18:00", "2026-11-28 03:00", "2026-12-25 12:00"):
        assert why_not_now(NEWS, NEW_YORK, at(moment)) is None


@pytest.mark.parametrize(("moment", "runs"), [("2026-11-24 15:00", True), ("2026-11-26 15:00", False)])
def test_a_tick_runs_the_job_without_a_partition_or_skips_with_the_reason(moment: str, runs: bool) -> None:
    schedule = build_definitions().resolve_schedule_def("stock_quotes_schedule")
    with dg.DagsterInstance.ephemeral() as instance:
        tick = schedule.evaluate_tick(dg.build_schedule_context(instance=instance, scheduled_execution_time=at(moment)))
    if runs:
        (request,) = tick.run_requests or ()
        assert (request.partition_key, request.run_key) == (None, "2026-11-24T15:00:00+00:00")
    else:
        assert not tick.run_requests
        assert tick.skip_message == "XNYS is closed: it opens again at 2026-11-27 14:30 UTC"
