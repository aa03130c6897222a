"""Tracking: every attempt is written, once, totals agree with them, and a database that fails costs nothing.

The file that attempts wait in meanwhile is looked at more closely in test_spool.
"""

import logging
import random
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pytest

from market_pipeline.fetching.calls import Attempt
from market_pipeline.providers.errors import (
    MalformedResponse,
    NoData,
    ProviderError,
    RateLimited,
    Unavailable,
    UnknownSymbol,
)
from market_pipeline.providers.messages import Ask
from market_pipeline.storage.database import Database
from market_pipeline.tracking.attempts import AttemptRow, write_attempts
from market_pipeline.tracking.recorder import Recorder
from market_pipeline.tracking.spool import Spool

START = datetime(2026, 11, 20, tzinfo=UTC)
ERRORS = (None, None, NoData, UnknownSymbol, Unavailable, MalformedResponse, RateLimited)


def attempt(number: int, dice: random.Random, **fields: Any) -> Attempt:
    error = dice.choice(ERRORS)
    made: dict[str, Any] = {
        "provider": dice.choice(("yahoo", "fmp")),
        "endpoint": "stock_quotes/Quote",
        "ask": Ask(data_type=dice.choice(("stock_quotes", "news")), symbols=("AAPL",), now=START),
        "cost": 1,
        "started_at": START + timedelta(seconds=number),
        "response_ms": float(dice.randrange(1, 100)),
        "status": 200,
        "error": None if error is None else error(f"no {number}"),
    }
    return Attempt(**made | fields)


def attempts(count: int) -> list[Attempt]:
    dice = random.Random(7)
    return [attempt(number, dice) for number in range(count)]


def row(of: Attempt) -> AttemptRow:
    return AttemptRow.of(of, "run")


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    return Spool(tmp_path / "spool" / "attempts.jsonl")


def recorded(database: Database) -> tuple[set[datetime], int]:
    """When all attempts were made, each of which has to be there once, and how many the running totals count."""
    with database.connect() as connection:
        times = [time for (time,) in connection.execute("SELECT attempted_at FROM fetch_attempts").fetchall()]
        ((total,),) = connection.execute("SELECT coalesce(sum(total_attempts), 0) FROM provider_stats").fetchall()
    assert len(times) == len(set(times))
    return set(times), int(total)


def made_at(made: Iterable[Attempt]) -> set[datetime]:
    return {one.started_at for one in made}


def record(database: Database, spool: Spool, made: Iterable[Attempt]) -> None:
    with Recorder(database, spool, "run") as recorder:
        for one in made:
            recorder.record(one)


def _record(database: Database, spool: Path, made: list[Attempt]) -> None:
    record(database, Spool(spool), made)


@contextmanager
def away(database: Database) -> Iterator[None]:
    """The table for attempts cannot be written for a while."""

    def rename(old: str, new: str) -> None:
        with database.connect(autocommit=True) as connection:
            connection.execute(f"ALTER TABLE {old} RENAME TO {new}".encode())

    rename("fetch_attempts", "hidden")
    yield
    rename("hidden", "fetch_attempts")


def test_all_that_is_recorded_is_written_when_the_recorder_is_left(database: Database, spool: Spool) -> None:
    made = attempts(1000)
    record(database, spool, made)
    assert recorded(database) == (made_at(made), 1000)
    assert not spool.waiting


@pytest.mark.parametrize("seed", range(5))
def test_totals_agree_with_the_attempts_however_they_were_cut_into_flushes(database: Database, seed: int) -> None:
    dice = random.Random(seed)
    rows = [row(attempt(number, dice)) for number in range(200)]
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


NOWHERE = Database("postgresql://nobody:very-secret@127.0.0.1:1/nothing")


def test_without_a_database_the_caller_notices_nothing_and_the_log_says_so_once(
    caplog: pytest.LogCaptureFixture, spool: Spool
) -> None:
    with caplog.at_level(logging.WARNING), Recorder(NOWHERE, spool, "run") as recorder:
        for one in attempts(10):
            recorder.record(one)
            time.sleep(0.15)  # so that they are flushed in three parts
    assert len([line for line in caplog.messages if "cannot be recorded, fetching goes on" in line]) == 1
    assert str(spool.path) in caplog.text
    assert "very-secret" not in caplog.text


def test_attempts_that_waited_are_loaded_once_by_the_next_recorder_that_reaches_the_database(
    database: Database, spool: Spool
) -> None:
    made = attempts(300)
    record(NOWHERE, spool, made[:200])
    assert recorded(database) == (set(), 0)
    record(database, spool, made[200:])
    assert recorded(database) == (made_at(made), 300)
    assert not spool.waiting
    record(database, spool, [])
    assert recorded(database)[1] == 300


def test_a_recorder_that_records_nothing_loads_as_well(database: Database, spool: Spool) -> None:
    record(NOWHERE, spool, attempts(5))
    record(database, spool, [])
    assert recorded(database)[1] == 5


def test_a_database_that_comes_back_during_the_run_gets_what_waited(database: Database, spool: Spool) -> None:
    made = attempts(60)
    first, second = made[:30], made[30:]
    with Recorder(database, spool, "run") as recorder:
        with away(database):
            for one in first:
                recorder.record(one)
            wait_until(lambda: spool.waiting)
        for one in second:
            recorder.record(one)
        wait_until(lambda: not spool.waiting)
    assert recorded(database) == (made_at(made), 60)


def test_a_crash_between_loading_and_forgetting_counts_nothing_twice(database: Database, spool: Spool) -> None:
    record(NOWHERE, spool, attempts(100))
    kept = spool.path.read_bytes()
    record(database, spool, [])
    spool.path.write_bytes(kept)
    record(database, spool, [])
    assert recorded(database)[1] == 100
    assert not spool.waiting


def test_processes_that_load_at_the_same_time_count_nothing_twice(database: Database, spool: Spool) -> None:
    made = attempts(4000)
    record(NOWHERE, spool, made[:2000])
    with ProcessPoolExecutor(6, get_context("fork")) as pool:
        parts = [pool.submit(_record, database, spool.path, made[2000 + number :: 6][:200]) for number in range(6)]
        for part in parts:
            part.result()
    record(database, spool, [])
    assert recorded(database)[1] == 2000 + 1200


class OfAnotherVersion(ProviderError):
    outcome = "unheard of"


def test_what_no_database_can_take_does_not_hold_up_the_rest(
    database: Database, spool: Spool, caplog: pytest.LogCaptureFixture
) -> None:
    dice = random.Random(3)
    good = [attempt(number, dice) for number in range(20)]
    record(database, spool, [*good[:10], attempt(99, dice, error=OfAnotherVersion("?")), *good[10:]])
    spool.append([b'{"half a li', b"[]", b'{"attempted_at": "now"}'])
    record(database, spool, [])
    assert recorded(database) == (made_at(good), 20)
    assert not spool.waiting
    assert sum("are no fetch attempts" in line for line in caplog.messages) > 0


def test_attempts_of_the_spool_do_not_pass_for_the_latest_ones(database: Database, spool: Spool) -> None:
    dice = random.Random(1)
    known: dict[str, Any] = {"provider": "yahoo", "ask": Ask(data_type="news", symbols=("AAPL",), now=START)}
    old = attempt(1, dice, **known, error=Unavailable("then"))
    new = [attempt(2, dice, **known, error=Unavailable("now")), attempt(3, dice, **known, error=None)]
    record(NOWHERE, spool, [old])
    with database.connect() as connection:
        write_attempts(connection, [row(one) for one in new])
    record(database, spool, [])
    with database.connect() as connection:
        found = connection.execute(
            "SELECT total_attempts, failures, consecutive_failures, last_error, last_attempt_at FROM provider_stats"
        ).fetchall()
    assert found == [(3, 2, 0, "now", new[-1].started_at)]


def test_words_that_postgresql_cannot_store_are_recorded_without_the_parts_it_cannot(database: Database) -> None:
    ask = Ask(data_type="news", symbols=("AAPL",), now=START)
    error = MalformedResponse("broken\0 \ud800", sample="\0\udfff")
    made = Attempt(
        provider="yahoo", endpoint="news/News", ask=ask, cost=1, started_at=START, response_ms=1, error=error
    )
    with database.connect() as connection:
        write_attempts(connection, [row(made)])
        assert connection.execute("SELECT error_message, sample FROM fetch_attempts").fetchall() == [("broken ?", "?")]


def wait_until(happened: Callable[[], bool]) -> None:
    give_up = time.monotonic() + 60
    while not happened():
        assert time.monotonic() < give_up
        time.sleep(0.05)
