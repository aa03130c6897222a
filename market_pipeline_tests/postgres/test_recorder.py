"""Tracking: every attempt is written, totals agree with them, and a database that fails costs no data."""

import logging
import random
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from market_pipeline.storage.database import Database
from market_pipeline.tracking.recorder import AttemptRow, Recorder, write_attempts

START = datetime(2026, 11, 20, tzinfo=UTC)
OUTCOMES = ("success", "success", "no_data", "unknown_symbol", "unavailable", "malformed", "rate_limited")


def attempt(number: int, dice: random.Random) -> AttemptRow:
    outcome = dice.choice(OUTCOMES)
    return AttemptRow(
        attempted_at=START + timedelta(seconds=number),
        run_id="run",
        data_type=dice.choice(("stock_quotes", "news")),
        provider=dice.choice(("yahoo", "fmp")),
        endpoint="stock_quotes/Quote",
        symbols=["AAPL"],
        outcome=outcome,
        http_status=200,
        response_time_ms=float(dice.randrange(1, 100)),
        records=int(outcome == "success"),
        rejected=0,
        retry_after_seconds=None,
        error_message=None if outcome == "success" else f"{outcome} {number}",
        sample=None,
    )


def test_all_that_is_recorded_is_written_when_the_recorder_is_left(database: Database) -> None:
    dice = random.Random(7)
    with Recorder(database) as recorder:
        for number in range(1000):
            recorder.record(attempt(number, dice))
    with database.connect() as connection:
        assert connection.execute("SELECT count(*), count(DISTINCT attempted_at) FROM fetch_attempts").fetchone() == (
            1000,
            1000,
        )


@pytest.mark.parametrize("seed", range(5))
def test_totals_agree_with_the_attempts_however_they_were_cut_into_flushes(database: Database, seed: int) -> None:
    dice = random.Random(seed)
    rows = [attempt(number, dice) for number in range(200)]
    with database.connect() as connection:
        waiting = list(rows)
        while waiting:
            size = dice.randrange(1, 40)
            write_attempts(connection, waiting[:size])
            waiting = waiting[size:]
        found = connection.execute(
            "SELECT provider, data_type, total_attempts, successes, failures, rate_limited, consecutive_failures,"
            " total_response_time_ms, last_error FROM provider_stats"
        ).fetchall()
    assert {(row[0], row[1]): row[2:] for row in found} == {
        key: slowly(rows, *key) for key in {(r.provider, r.data_type) for r in rows}
    }


def slowly(rows: list[AttemptRow], provider: str, data_type: str) -> tuple[int, int, int, int, int, float, str | None]:
    """The totals, counted one by one."""
    mine = [row for row in rows if (row.provider, row.data_type) == (provider, data_type)]
    kinds, streak, last = Counter[str](), 0, None
    for row in mine:
        kind = {"rate_limited": "limited", "unavailable": "bad", "malformed": "bad"}.get(row.outcome, "good")
        kinds[kind] += 1
        if kind == "good":
            streak = 0
        if kind == "bad":
            streak, last = streak + 1, row.error_message
    return len(mine), kinds["good"], kinds["bad"], kinds["limited"], streak, sum(r.response_time_ms for r in mine), last


def test_without_a_database_the_caller_notices_nothing_and_the_log_says_so_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    nowhere = Database("postgresql://nobody:very-secret@127.0.0.1:1/nothing")
    with caplog.at_level(logging.WARNING), Recorder(nowhere) as recorder:
        for number in range(10):
            recorder.record(attempt(number, random.Random(number)))
    said = [record.getMessage() for record in caplog.records]
    assert len([line for line in said if "cannot be recorded" in line]) == 1
    assert "10 fetch attempts were not recorded" in said[-1]
    assert "very-secret" not in caplog.text
