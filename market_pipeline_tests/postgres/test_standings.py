"""The record by which vendors are ordered: recent, fading with calls and with time, the same for all processes."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from market_pipeline.fetching.strategies import Recent, Standing, judged
from market_pipeline.storage.database import Database
from market_pipeline.tracking.attempts import AttemptRow, write_attempts
from market_pipeline.tracking.standings import next_turn, standings

START = datetime(2026, 11, 20, tzinfo=UTC)
DAY = timedelta(days=1)


def attempt(at: datetime, outcome: str = "success", each_ms: float = 100) -> AttemptRow:
    return AttemptRow(
        attempted_at=at,
        run_id="run",
        data_type="news",
        provider="yahoo",
        endpoint="news/News",
        symbols=["AAPL"],
        outcome=outcome,
        http_status=200,
        response_time_ms=each_ms,
        records=1,
        rejected=0,
        retry_after_seconds=None,
        error_message=None,
        sample=None,
    )


def written(database: Database, *flushes: list[AttemptRow]) -> None:
    with database.connect(autocommit=True) as connection:
        for rows in flushes:
            write_attempts(connection, rows)


def standing(database: Database, now: datetime) -> Standing:
    with database.connect(autocommit=True) as connection:
        return standings(connection, "news", now)["yahoo"]


def test_each_call_makes_the_earlier_ones_count_less_however_they_were_cut_into_flushes(database: Database) -> None:
    outcomes = ["success", "unavailable", "no_data", "rate_limited", "unknown_symbol", "malformed"] * 5
    rows = [attempt(START, outcome, each_ms=number) for number, outcome in enumerate(outcomes)]
    weights = [0.99**age for age in reversed(range(len(rows)))]
    good = [row.outcome in ("success", "no_data", "unknown_symbol") for row in rows]
    expected = Recent(
        calls=sum(weights),
        successes=sum(weight for weight, one in zip(weights, good, strict=True) if one),
        response_ms=sum(weight * row.response_time_ms for weight, row in zip(weights, rows, strict=True)),
    )
    written(database, rows[:1], rows[1:12], rows[12:30])
    found, meant = standing(database, START), judged(expected, None)
    assert found.calls == pytest.approx(meant.calls, abs=1e-4)
    assert found.reliability == pytest.approx(meant.reliability, abs=1e-4)
    assert found.expected_ms == pytest.approx(meant.expected_ms, abs=1e-2)


def test_a_days_rest_halves_what_a_record_counts_and_a_long_one_forgives(database: Database) -> None:
    written(database, [attempt(START, "unavailable") for _ in range(40)])
    fresh = standing(database, START)
    assert standing(database, START + DAY).calls == pytest.approx(fresh.calls / 2)
    assert fresh.reliability < 0.2
    assert standing(database, START + 30 * DAY).reliability > 0.65, "as good as a vendor nobody knows"
    written(database, [attempt(START + DAY)])
    assert standing(database, START + DAY).calls == pytest.approx(fresh.calls / 2 * 0.99 + 1, abs=1e-4)


def test_a_vendor_that_fails_for_ever_is_still_recorded(database: Database) -> None:
    failing = [attempt(START, "unavailable") for _ in range(5000)]
    written(database, [attempt(START)], *[failing] * 16)  # a double would be 1e-349 of a success by then: an error
    assert standing(database, START + 3650 * DAY).calls == pytest.approx(0)


def test_a_judgement_is_shared_and_stands_until_the_record_has_clearly_changed(database: Database) -> None:
    written(database, [attempt(START) for _ in range(60)])
    first = standing(database, START)
    written(database, [attempt(START, "unavailable")])
    again = standing(database, START)
    assert (again.reliability, again.expected_ms) == (first.reliability, first.expected_ms)
    written(database, [attempt(START, "unavailable") for _ in range(10)])
    assert standing(database, START).reliability < first.reliability - 0.05


def test_turns_are_counted_over_all_processes(database: Database) -> None:
    def turns(_: int) -> list[int]:
        with database.connect(autocommit=True) as connection:
            return [next_turn(connection, "news") for _ in range(10)]

    with ThreadPoolExecutor(4) as pool:
        found = [turn for some in pool.map(turns, range(4)) for turn in some]
    assert sorted(found) == list(range(40))
