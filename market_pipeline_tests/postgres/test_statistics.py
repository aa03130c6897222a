"""Statistics are exact: counted anew from the raw attempts, one by one, they are the same after any history."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg.rows import class_row

from market_pipeline.datasets import DATASETS
from market_pipeline.providers.errors import ProviderError
from market_pipeline.providers.registry import PROVIDERS
from market_pipeline.storage.database import Database
from market_pipeline.tracking.attempts import NOT_A_FAILURE, AttemptRow, write_attempts
from market_pipeline.tracking.statistics import (
    HistoryPoint,
    ProviderPerformance,
    provider_history,
    provider_performance,
    tracking_statistics,
)

Connection = psycopg.Connection[Any]
ERRORS = [error.outcome for error in ProviderError.__subclasses__() if error.__module__ == ProviderError.__module__]
HOUR, DAY = timedelta(hours=1), timedelta(days=1)

histories = st.lists(
    st.builds(
        dict,
        ago=st.integers(0, 10 * 24 * 60).map(lambda minutes: timedelta(minutes=minutes)),
        data_type=st.sampled_from(list(DATASETS)[:2]),
        provider=st.sampled_from(list(PROVIDERS)[:3]),
        outcome=st.sampled_from(["success", "success", "success", *ERRORS]),
        response_time_ms=st.floats(0, 90_000, width=32),
        records=st.integers(0, 500),
    ),
    min_size=1,
    max_size=60,
)


@dataclass(frozen=True)
class Raw:
    """A row of `fetch_attempts`, as far as statistics are about it."""

    attempted_at: datetime
    data_type: str
    provider: str
    outcome: str
    response_time_ms: float
    records: int


def attempt(now: datetime, *, ago: timedelta, **known: Any) -> AttemptRow:
    return AttemptRow(
        attempted_at=now - ago,
        run_id="run",
        endpoint="Quote",
        symbols=["AAPL"],
        http_status=200,
        rejected=0,
        retry_after_seconds=None,
        error_message=None if known["outcome"] == "success" else f"it said {known['outcome']}",
        sample=None,
        **known,
    )


def raw_attempts(connection: Connection) -> list[Raw]:
    with connection.cursor(row_factory=class_row(Raw)) as cursor:
        return cursor.execute(
            "SELECT attempted_at, data_type, provider, outcome, response_time_ms, records FROM fetch_attempts"
        ).fetchall()


@pytest.fixture
def connection(database: Database) -> Iterator[Connection]:
    with database.connect(autocommit=True) as one:
        yield one


@settings(deadline=None, max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    history=histories,
    sizes=st.lists(st.integers(1, 20), min_size=1),
    window=st.sampled_from([None, HOUR, DAY, 4 * DAY]),
)
def test_figures_agree_with_the_attempts_however_they_were_cut_into_flushes(
    connection: Connection, history: list[dict[str, Any]], sizes: list[int], window: timedelta | None
) -> None:
    connection.execute("TRUNCATE fetch_attempts, attempt_counts, attempt_latencies, provider_stats")
    now = clock(connection)
    waiting = [attempt(now, **one) for one in history]
    for size in sizes * len(waiting):
        write_attempts(connection, waiting[:size])
        waiting = waiting[size:]
        if not waiting:
            break
    agree(connection, window)


def clock(connection: Connection) -> datetime:
    """The database's, because windows end with its now()."""
    (now,) = connection.execute("SELECT clock_timestamp()").fetchone() or ()
    return now.astimezone(UTC)


def agree(connection: Connection, window: timedelta | None = None) -> None:
    """Every statistic beside the same one counted anew."""
    attempts = raw_attempts(connection)
    with connection.transaction():  # one now() for the windows and for what they are compared with
        (now,) = connection.execute("SELECT now()").fetchone() or ()
        begin = min(one.attempted_at for one in attempts) if window is None else hour_of(now - window)
        for data_type in (None, *list(DATASETS)[:2]):
            mine = [one for one in attempts if data_type in (None, one.data_type) and one.attempted_at >= begin]
            found = provider_performance(connection, data_type=data_type, window=window)
            assert {one.provider for one in mine} == {one.provider for one in found if one.total_attempts}
            for performance in found:
                compare(performance, [one for one in mine if one.provider == performance.provider])
        compare_history(provider_history(connection, since=begin, by="hour"), attempts, begin, hour_of)
        compare_history(provider_history(connection, since=begin, by="day"), attempts, begin, day_of)
        overall = tracking_statistics(connection, window=window)["tracker_stats"]
    judged = [
        one.outcome in NOT_A_FAILURE for one in attempts if one.attempted_at >= begin and one.outcome != "rate_limited"
    ]
    assert overall["total_attempts"] == sum(one.attempted_at >= begin for one in attempts)
    assert overall["overall_success_rate"] == (pytest.approx(sum(judged) / len(judged)) if judged else None)


def compare_history(
    history: Sequence[HistoryPoint], attempts: Sequence[Raw], since: datetime, start_of: Callable[[datetime], datetime]
) -> None:
    expected: dict[tuple[datetime, str], list[Raw]] = {}
    for one in attempts:
        if start_of(one.attempted_at) >= start_of(since):
            expected.setdefault((start_of(one.attempted_at), one.provider), []).append(one)
    assert [(point.starts_at, point.provider) for point in history] == sorted(expected)
    for point in history:
        compare(point, expected[point.starts_at, point.provider])


def hour_of(at: datetime) -> datetime:
    return at.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def day_of(at: datetime) -> datetime:
    return hour_of(at).replace(hour=0)


def compare(found: ProviderPerformance | HistoryPoint, attempts: Sequence[Raw]) -> None:
    good = [one for one in attempts if one.outcome in NOT_A_FAILURE]
    limited = [one for one in attempts if one.outcome == "rate_limited"]
    judged = len(attempts) - len(limited)
    times = sorted(one.response_time_ms for one in attempts)
    assert (found.total_attempts, found.successes, found.rate_limited) == (len(attempts), len(good), len(limited))
    assert found.failures == judged - len(good)
    assert found.records == sum(one.records for one in attempts)
    assert found.success_rate == (pytest.approx(100 * len(good) / judged) if judged else None)
    assert found.avg_response_time_ms == (pytest.approx(sum(times) / len(times)) if times else None)
    if isinstance(found, ProviderPerformance):
        assert near(found.p50_response_ms, nearest_rank(times, 0.5))
        assert near(found.p95_response_ms, nearest_rank(times, 0.95))


def nearest_rank(times: list[float], part: float) -> float | None:
    """The smallest time that at least this part of all do not exceed."""
    return next((time for place, time in enumerate(times, 1) if place >= part * len(times) - 1e-9), None)


def near(found: float | None, exact: float | None) -> bool:
    """Within one bucket of the histogram, which is 19 % wide and a millisecond at its low end."""
    if found is None or exact is None:
        return found is exact
    return abs(found - exact) <= 1 or 1 / 1.1893 <= found / exact <= 1.1893


def test_figures_agree_when_many_write_at_once(database: Database, connection: Connection) -> None:
    now = clock(connection)

    def write(writer: int) -> None:
        with database.connect() as own:
            for flush in range(15):
                write_attempts(own, [varied(now, number) for number in range(flush, flush + 1 + writer)])

    with ThreadPoolExecutor(6) as writers:
        list(writers.map(write, range(6)))
    assert len(raw_attempts(connection)) == sum(15 * (1 + writer) for writer in range(6))
    agree(connection)
    agree(connection, DAY)


def varied(now: datetime, number: int) -> AttemptRow:
    return attempt(
        now,
        ago=timedelta(minutes=number * 97 % 3000),
        data_type=list(DATASETS)[number % 2],
        provider=list(PROVIDERS)[number % 3],
        outcome=["success", *ERRORS][number % (1 + len(ERRORS))],
        response_time_ms=float(number * 31 % 700),
        records=number % 5,
    )


def test_figures_agree_after_a_writer_was_killed(database: Database, connection: Connection) -> None:
    """Several times, at whatever moment that happens to be: attempts and counts are written in one transaction."""
    for round_ in range(4):
        writer = subprocess.Popen([sys.executable, "-c", WRITER, database.url])
        try:
            wait_for(lambda done=round_: len(raw_attempts(connection)) > done * 100, writer)  # type: ignore[misc]
        finally:
            os.kill(writer.pid, signal.SIGKILL)
            writer.wait()
    wait_for_backends(connection)
    agree(connection)
    agree(connection, DAY)


WRITER = """
import sys
from datetime import UTC, datetime
from market_pipeline.storage.database import Database
from market_pipeline.tracking.attempts import write_attempts
from market_pipeline_tests.postgres.test_statistics import varied
with Database(sys.argv[1]).connect() as connection:
    for flush in range(1_000_000):
        write_attempts(connection, [varied(datetime.now(UTC), flush + number) for number in range(40)])
"""


def wait_for(happened: Callable[[], bool], writer: "subprocess.Popen[bytes]") -> None:
    while not happened():
        assert writer.poll() is None, "the writer ended by itself"


def wait_for_backends(connection: Connection) -> None:
    """Until the server has noticed that the writers are gone."""
    others = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    while connection.execute(others).fetchone() != (0,):
        pass


def test_the_shape_is_the_one_that_dashboards_read(connection: Connection) -> None:
    now = clock(connection)
    write_attempts(connection, [varied(now, number) for number in range(50)])
    found = tracking_statistics(connection)
    assert set(found) == {"tracker_stats", "provider_performance"}
    assert set(found["tracker_stats"]) == {"total_attempts", "overall_success_rate", "active_providers"}
    assert set(found["provider_performance"]) == set(list(PROVIDERS)[:3])
    for one in found["provider_performance"].values():
        assert 0 <= (one.success_rate or 0) <= 100
        assert one.avg_response_time_ms is not None


def test_a_vendor_that_was_put_away_is_seen_as_such_also_without_calls(connection: Connection) -> None:
    connection.execute("SELECT gate_register('finnhub', null, 5, '{}', '{}')")
    connection.execute(
        "INSERT INTO provider_scopes (provider, scope, state, reason, away_until)"
        " VALUES ('finnhub', 'news/News', 'cooldown', '5 failures in a row', now() + interval '1 hour'),"
        " ('finnhub', 'stock_quotes/Quote', 'closed', NULL, NULL)"
    )
    (of_news,) = provider_performance(connection, data_type="news")
    (of_quotes,) = provider_performance(connection, data_type="stock_quotes")
    (of_all,) = provider_performance(connection)
    assert (of_news.state, of_quotes.state, of_all.state) == ("cooldown", "closed", "cooldown")
    assert (of_all.reason, of_all.total_attempts, of_all.success_rate) == ("5 failures in a row", 0, None)
    assert tracking_statistics(connection)["tracker_stats"]["active_providers"] == 1


def test_the_summary_has_the_last_day_by_data_type_and_vendor(connection: Connection) -> None:
    now = clock(connection)
    write_attempts(connection, [varied(now, number) for number in range(80)])
    recent = [one for one in raw_attempts(connection) if one.attempted_at >= hour_of(now - DAY)]
    rows = connection.execute(
        "SELECT data_type, provider, total_attempts, successes + failures + rate_limited FROM fetch_tracking_summary"
    ).fetchall()
    expected = {(one.data_type, one.provider) for one in recent}
    assert {row[:2] for row in rows} == expected
    for data_type, provider, total, parts in rows:
        assert total == parts == sum((one.data_type, one.provider) == (data_type, provider) for one in recent)


def test_sql_and_the_recorder_agree_about_what_is_a_failure(connection: Connection) -> None:
    for outcome in ("success", *ERRORS):
        (kind,) = connection.execute("SELECT attempt_kind(%s)", [outcome]).fetchone() or ()
        expected = "success" if outcome in NOT_A_FAILURE else "rate_limited" if outcome == "rate_limited" else "failure"
        assert kind == expected
