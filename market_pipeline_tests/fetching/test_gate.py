"""The gate's client: many threads and processes at once, some of them killed, and a database that goes away."""

import logging
import multiprocessing
import os
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.rows import TupleRow

from market_pipeline.fetching.gate import ASK_AGAIN, SLOTS, Gate
from market_pipeline.fetching.http import VendorClient
from market_pipeline.fetching.local_gate import NotNow
from market_pipeline.fetching.vendors import Vendor
from market_pipeline.providers.base import Rate
from market_pipeline.providers.errors import AuthenticationFailed, RateLimited, Unavailable
from market_pipeline.providers.finnhub import Finnhub
from market_pipeline.storage.database import Database
from market_pipeline.storage.embedded_postgres import EmbeddedServer
from market_pipeline.storage.migrate import migrate

SCOPE = "stock_quotes/Quote"
PLENTY = Rate(1_000_000, 60)


def vendor(*limits: Rate, key: str = "k") -> Vendor:
    client = VendorClient(
        Finnhub(), key=key, base_url=None, timeout=1, connections=1, clock=lambda: datetime(2026, 11, 20, tzinfo=UTC)
    )
    return Vendor(Finnhub(), client, limits, 0.0)


def connecting(database: Database) -> Callable[[], psycopg.Connection[TupleRow]]:
    return partial(database.connect, autocommit=True, name="gate")


def ask(gate: Gate, asked: Vendor) -> NotNow | None:
    return gate.ask(asked, SCOPE, cost=1, last_resort=False)


def rows(database: Database, query: str) -> list[tuple[Any, ...]]:
    with database.connect() as connection:
        return connection.execute(query).fetchall()  # type: ignore[arg-type]


SPENT = "SELECT (SELECT sum(one) FROM unnest(spent) AS one) FROM provider_windows"


def test_what_many_threads_do_is_counted_exactly_and_given_back(database: Database) -> None:
    asked = vendor(Rate(1_000_000, 3600))
    with closing(Gate(connecting(database))) as gate:

        def call() -> None:
            while ask(gate, asked) is not None:
                time.sleep(0.001)
            gate.report(asked, SCOPE, None)

        with ThreadPoolExecutor(SLOTS) as pool:
            list(pool.map(lambda _: call(), range(500)))
        gate.settle(asked)
        assert rows(database, SPENT) == [(500,)], "what was leased and not used has been given back"
    assert rows(database, "SELECT success_count FROM provider_scopes") == [(500,)]
    assert rows(database, "SELECT * FROM provider_leases") == []


def test_calls_side_by_side_are_leased_and_told_several_at_a_time(database: Database) -> None:
    asked, statements = vendor(PLENTY), 0

    class Counting(psycopg.Connection[TupleRow]):
        def execute(self, *given: Any, **options: Any) -> psycopg.Cursor[TupleRow]:
            nonlocal statements
            statements += 1
            return super().execute(*given, **options)

    with closing(Gate(lambda: Counting.connect(database.url, autocommit=True), clock=lambda: 0.0)) as gate:
        for _ in range(5):
            assert ask(gate, asked) is None
        for _ in range(200):
            gate.report(asked, SCOPE, None)
            assert ask(gate, asked) is None
        assert statements < 40, "two in twenty calls, and a few to begin with"


def test_a_failure_is_told_at_once_and_another_process_knows_it(database: Database) -> None:
    asked = vendor(PLENTY)
    with closing(Gate(connecting(database))) as one, closing(Gate(connecting(database))) as two:
        for _ in range(2):
            assert ask(one, asked) is None
        one.report(asked, SCOPE, RateLimited("slow down", retry_after=30))
        refused = ask(two, asked)
        assert isinstance(refused, NotNow)
        assert refused.reason == "it is rate-limiting: slow down"


def test_a_rejected_key_is_off_for_every_process_until_one_comes_with_another(database: Database) -> None:
    asked = vendor(PLENTY)
    with closing(Gate(connecting(database))) as gate:
        assert ask(gate, asked) is None
        gate.report(asked, SCOPE, AuthenticationFailed("bad key"))
    with closing(Gate(connecting(database))) as gate:
        assert isinstance(ask(gate, asked), NotNow)
    with closing(Gate(connecting(database))) as gate:
        assert ask(gate, vendor(PLENTY, key="another")) is None
    assert "k" not in {row[0] for row in rows(database, "SELECT key_hash FROM provider_gates")}


def _call_often(url: str, results: Any, seconds: float) -> None:
    """A worker: calls that take no time, counted together with their moments; told in `results` at the end."""
    asked, made, most = vendor(Rate(200, 2), Rate(1_000_000, 86_400)), [], time.monotonic() + seconds
    with closing(Gate(connecting(Database(url)))) as gate:
        while time.monotonic() < most:
            if (refused := ask(gate, asked)) is None:
                made.append(time.time())
                gate.report(asked, SCOPE, None)
            else:
                time.sleep(min(refused.wait, 0.05))
    results.put(made)


def test_eight_processes_together_stay_within_a_limit_and_lose_no_call(database: Database) -> None:
    results: Any = multiprocessing.Queue()
    workers = [multiprocessing.Process(target=_call_often, args=(database.url, results, 6.0)) for _ in range(8)]
    for worker in workers:
        worker.start()
    made = sorted(moment for _ in workers for moment in results.get(timeout=60))
    for worker in workers:
        worker.join(timeout=30)
    for first in range(len(made) - 200):
        assert made[first + 200] - made[first] >= 2, "the 201st call comes after the window"
    assert len(made) >= 400
    assert rows(database, f"{SPENT} WHERE seconds = 86400") == [(len(made),)]
    assert rows(database, "SELECT success_count FROM provider_scopes") == [(len(made),)]


def _call_and_hang(url: str, ready: Any, calls: int) -> None:
    asked = vendor(PLENTY)
    gate = Gate(connecting(Database(url)))
    for _ in range(calls):
        ask(gate, asked)
    ready.put(os.getpid())
    time.sleep(60)


def test_the_slots_of_killed_processes_return_when_their_leases_end(database: Database) -> None:
    ready: Any = multiprocessing.Queue()
    workers = [multiprocessing.Process(target=_call_and_hang, args=(database.url, ready, 2)) for _ in range(8)]
    try:
        for worker in workers:
            worker.start()
        for _ in workers:
            ready.get(timeout=60)
        taken = "SELECT sum(slots) FROM provider_leases WHERE expires_at > clock_timestamp()"
        assert rows(database, taken) == [(SLOTS,)], "never more, though sixteen were wanted"
        for worker in workers[:4]:
            assert worker.pid is not None
            os.kill(worker.pid, signal.SIGKILL)
        with closing(Gate(connecting(database))) as gate:
            refused = ask(gate, vendor(PLENTY))
            assert isinstance(refused, NotNow)
            assert "slots" in refused.reason
        in_300_seconds = (
            "SELECT slots FROM gate_ask('finnhub', 'news/News', 'late', 0, 10, 1, 1, false,"
            " clock_timestamp() + interval '300 s')"
        )
        assert rows(database, in_300_seconds) == [(SLOTS,)]
    finally:
        for worker in workers:
            worker.kill()
            worker.join()


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def warnings(caplog: pytest.LogCaptureFixture) -> Iterator[Callable[[], list[str]]]:
    with caplog.at_level(logging.WARNING, logger="market_pipeline.fetching.gate"):
        yield lambda: [record.getMessage().split(",")[0].split(";")[0] for record in caplog.records]


AWAY, BACK = "the gate's database cannot be asked", "the gate's database answers again"


def test_without_its_connection_it_decides_alone_says_so_once_and_tells_later(
    database: Database, warnings: Callable[[], list[str]]
) -> None:
    clock, asked = Clock(), vendor(Rate(40, 86_400))
    with closing(Gate(connecting(database), clock=clock)) as gate:
        assert ask(gate, asked) is None
        gate.report(asked, SCOPE, None)
        gate.settle(asked)
        with database.connect(autocommit=True) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'market_pipeline gate'"
            )
        alone = [ask(gate, asked) for _ in range(12)]
        assert alone.count(None) == 10, "a quarter of the limit"
        for _ in range(9):
            gate.report(asked, SCOPE, None)
        gate.report(asked, SCOPE, Unavailable("503"))
        assert warnings() == [AWAY]
        assert rows(database, "SELECT success_count, failure_count FROM provider_scopes") == [(1, 0)]
        clock.now += ASK_AGAIN
        assert ask(gate, asked) is None
        assert warnings() == [AWAY, BACK]
        assert rows(database, "SELECT success_count, failure_count FROM provider_scopes") == [(10, 1)]
        assert rows(database, SPENT) == [(12,)]


def test_a_stopped_server_stops_no_fetch_and_is_used_again_when_it_is_back(
    home: Path, warnings: Callable[[], list[str]]
) -> None:
    server, clock, asked = EmbeddedServer(home), Clock(), vendor(PLENTY)
    server.ensure()
    database = Database(server.url())
    migrate(database)

    def connect() -> psycopg.Connection[TupleRow]:
        return psycopg.connect(database.url, autocommit=True)

    with closing(Gate(connect, clock=clock)) as gate:
        assert ask(gate, asked) is None
        gate.report(asked, SCOPE, None)
        server.stop()
        for _ in range(20):
            assert ask(gate, asked) is None
            gate.report(asked, SCOPE, None)
        server.ensure()
        clock.now += ASK_AGAIN
        assert ask(gate, asked) is None
        gate.report(asked, SCOPE, None)
    assert warnings() == [AWAY, BACK]
    assert rows(database, "SELECT success_count FROM provider_scopes") == [(22,)]


def test_a_gate_that_never_had_a_database_works_alone(warnings: Callable[[], list[str]]) -> None:
    def connect() -> psycopg.Connection[TupleRow]:
        raise psycopg.OperationalError("no route to host")

    asked = vendor(Rate(40, 86_400))
    gate = Gate(connect)
    with closing(gate):
        results = [ask(gate, asked) for _ in range(12)]
    assert results.count(None) == 10
    assert warnings() == [AWAY]
