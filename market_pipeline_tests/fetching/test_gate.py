"""The gate's client: leases, many threads at once, and a database that goes away."""

import logging
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
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from psycopg.rows import TupleRow

from market_pipeline.fetching.gate import ASK_AGAIN, Gate
from market_pipeline.fetching.http import VendorClient
from market_pipeline.fetching.local_gate import NotNow
from market_pipeline.fetching.vendors import SLOTS, Vendor
from market_pipeline.providers.base import Rate
from market_pipeline.providers.errors import AuthenticationFailed, ProviderError, RateLimited, Unavailable
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


def report(gate: Gate, asked: Vendor, error: ProviderError | None = None) -> None:
    gate.report(asked, SCOPE, error, cost=1)


def rows(database: Database, query: str) -> list[tuple[Any, ...]]:
    with database.connect() as connection:
        return connection.execute(query).fetchall()  # type: ignore[arg-type]


SPENT = "SELECT used FROM provider_windows"


def test_what_many_threads_do_is_counted_exactly_and_given_back(database: Database) -> None:
    asked = vendor(Rate(1_000_000, 3600))
    with closing(Gate(connecting(database))) as gate:

        def call() -> None:
            while ask(gate, asked) is not None:
                time.sleep(0.001)
            report(gate, asked)

        with ThreadPoolExecutor(SLOTS) as pool:
            list(pool.map(lambda _: call(), range(500)))
        gate.settle(asked)
        assert rows(database, SPENT) == [(500,)], "what was leased and not used has been given back"
    assert rows(database, "SELECT success_count FROM provider_scopes") == [(500,)]
    assert rows(database, "SELECT * FROM provider_leases") == []


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(steps=st.lists(st.sampled_from(["ask", "ask", "ask", "report", "report", "fail", "settle"]), max_size=80))
# The last outcomes are told before the lease is used up.
@example(steps=[*["ask"] * 10, *["report"] * 10, *["ask"] * 10])
def test_however_calls_come_and_go_all_are_counted_and_nothing_is_kept_in_the_end(
    database: Database, steps: list[str]
) -> None:
    asked, made, in_flight = vendor(Rate(1_000_000, 86_400)), 0, 0
    with closing(Gate(connecting(database), clock=lambda: 0.0)) as gate:
        with database.connect(autocommit=True) as connection:
            connection.execute("DELETE FROM provider_gates")
        for step in [*steps, *["report"] * SLOTS, "settle"]:
            if step == "ask" and ask(gate, asked) is None:
                made, in_flight = made + 1, in_flight + 1
            elif step in ("report", "fail") and in_flight:
                report(gate, asked, Unavailable("503") if step == "fail" else None)
                in_flight -= 1
            elif step == "settle":
                gate.settle(asked)
        assert rows(database, "SELECT * FROM provider_leases") == []
        assert rows(database, SPENT) == ([(made,)] if made else [])


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
            report(gate, asked)
            assert ask(gate, asked) is None
        assert statements < 40, "two in twenty calls, and a few to begin with"


def test_a_failure_is_told_at_once_and_another_process_knows_it(database: Database) -> None:
    asked = vendor(PLENTY)
    with closing(Gate(connecting(database))) as one, closing(Gate(connecting(database))) as two:
        for _ in range(2):
            assert ask(one, asked) is None
        report(one, asked, RateLimited("slow down", retry_after=30))
        refused = ask(two, asked)
        assert isinstance(refused, NotNow)
        assert refused.reason == "it is rate-limiting: slow down"


def test_a_rejected_key_is_off_for_every_process_until_one_comes_with_another(database: Database) -> None:
    asked = vendor(PLENTY)
    with closing(Gate(connecting(database))) as gate:
        assert ask(gate, asked) is None
        report(gate, asked, AuthenticationFailed("bad key"))
    with closing(Gate(connecting(database))) as gate:
        assert isinstance(ask(gate, asked), NotNow)
    with closing(Gate(connecting(database))) as gate:
        assert ask(gate, vendor(PLENTY, key="another")) is None
    assert "k" not in {row[0] for row in rows(database, "SELECT key_hash FROM provider_gates")}


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
        report(gate, asked)
        gate.settle(asked)
        with database.connect(autocommit=True) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'market_pipeline gate'"
            )
        alone = [ask(gate, asked) for _ in range(12)]
        assert alone.count(None) == 10, "a quarter of the limit"
        for _ in range(9):
            report(gate, asked)
        report(gate, asked, Unavailable("503"))
        assert warnings() == [AWAY]
        assert rows(database, "SELECT success_count, failure_count FROM provider_scopes") == [(1, 0)]
        clock.now += ASK_AGAIN
        assert ask(gate, asked) is None
        assert warnings() == [AWAY, BACK]
        assert rows(database, "SELECT success_count, failure_count FROM provider_scopes") == [(10, 1)]
        assert rows(database, SPENT) == [(11,)], "and one is under way"
        report(gate, asked)
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
        report(gate, asked)
        server.stop()
        for _ in range(20):
            assert ask(gate, asked) is None
            report(gate, asked)
        server.ensure()
        clock.now += ASK_AGAIN
        assert ask(gate, asked) is None
        report(gate, asked)
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


def test_a_fault_of_our_own_stops_no_fetch_and_is_told_as_an_error(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    with database.connect(autocommit=True) as connection:
        connection.execute("ALTER FUNCTION gate_ask RENAME TO gate_asked")
    with closing(Gate(connecting(database))) as gate:
        assert ask(gate, vendor(PLENTY)) is None
        assert ask(gate, vendor(PLENTY)) is None
    (said,) = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert said.getMessage().startswith("the gate failed (SQLSTATE 42883)")
    caplog.clear()


def test_what_was_spent_while_the_database_was_away_is_told_at_the_end_at_the_latest(database: Database) -> None:
    away = True

    def connect() -> psycopg.Connection[TupleRow]:
        if away:
            raise psycopg.OperationalError("no route to host")
        return database.connect(autocommit=True)

    asked = vendor(Rate(40, 86_400))
    with closing(Gate(connect, clock=Clock())) as gate:
        for _ in range(3):
            assert ask(gate, asked) is None
            report(gate, asked)
        assert ask(gate, asked) is None, "its answer never comes"
        away = False
    assert rows(database, SPENT) == [(4,)]
    assert rows(database, "SELECT success_count FROM provider_scopes") == [(3,)]
    assert rows(database, "SELECT * FROM provider_leases") == []
