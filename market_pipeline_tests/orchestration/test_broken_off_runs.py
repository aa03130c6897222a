"""A run whose database goes away in the middle of a fetch, or which is terminated: what was written before stays."""

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import dagster as dg
import pytest

from market_pipeline.assets import execution
from market_pipeline.settings import load_settings
from market_pipeline.storage.database import Database
from market_pipeline.storage.embedded_postgres import EmbeddedServer
from market_pipeline.storage.migrate import migrate
from market_pipeline.storage.world import claim_world
from market_pipeline_tests.orchestration.conftest import Runs

SYMBOLS = "AAPL AMZN CAT DIS GE HD IBM JNJ JPM KO MSFT NVDA PFE WMT XOM".split()
FETCHING = "application_name LIKE 'market_pipeline fetch%' AND datname = current_database()"


@pytest.fixture
def slowly(runs: Runs, environment: pytest.MonkeyPatch) -> Runs:
    """Runs whose vendor takes a tenth of a second for a symbol, one after the other."""
    runs.track(*SYMBOLS)
    runs.simulator.set_faults("finnhub:latency=0.1")
    environment.setenv("FETCH_CONCURRENCY", "1")
    return runs


@contextmanager
def as_soon_as_rows_arrive(database: Database, happens: Callable[[], object]) -> Iterator[None]:
    """`happens` while a fetch is under way, from another thread."""

    def watch() -> None:
        with database.connect(autocommit=True, name="watching") as connection:
            while connection.execute("SELECT count(*) FROM stock_quotes").fetchone() == (0,):
                time.sleep(0.02)
        happens()

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    yield
    thread.join(timeout=10)
    assert not thread.is_alive(), "no rows arrived"


def test_a_connection_that_is_cut_fails_one_try_and_the_next_one_completes_the_data(slowly: Runs) -> None:
    def cut() -> None:
        with slowly.database.connect(autocommit=True, name="cutting") as connection:
            connection.execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {FETCHING}")

    with as_soon_as_rows_arrive(slowly.database, cut):
        run = slowly.of("stock_quotes", providers=["finnhub"])
    (retried,) = run.events(dg.DagsterEventType.STEP_UP_FOR_RETRY)
    assert "the database went away while stock_quotes was being fetched (terminating connection" in str(
        retried.step_retry_data.error
    )
    assert retried.step_retry_data.seconds_to_wait is None, "Dagster would wait where no signal reaches it"
    assert run.success
    assert slowly.rows("SELECT count(*) FROM stock_quotes") == [(len(SYMBOLS),)]
    twice = [
        symbol for symbol, times in slowly.simulator.vendor("finnhub")["served"]["stock_quotes"].items() if times > 1
    ]
    assert len(twice) <= 3, "those that were under way, or being written, when it was cut"


@pytest.mark.parametrize(
    ("was_asked_for", "status"), [(False, dg.DagsterRunStatus.FAILURE), (True, dg.DagsterRunStatus.CANCELED)]
)
def test_a_run_that_is_terminated_ends_at_once_and_leaves_what_it_has_done(
    slowly: Runs, was_asked_for: bool, status: dg.DagsterRunStatus
) -> None:
    def terminate() -> None:
        (run,) = slowly.instance.get_runs()
        if was_asked_for:
            slowly.instance.report_run_canceling(run)
        os.kill(os.getpid(), signal.SIGTERM)

    with as_soon_as_rows_arrive(slowly.database, terminate):
        run = slowly.of("stock_quotes", providers=["finnhub"])
    (ended,) = slowly.instance.get_runs()
    assert ended.status is status
    assert run.tries == 1, "the retry policy does not begin the step again"
    ((kept, said),) = slowly.rows(
        "SELECT count(*), (SELECT error_message FROM scheduler_execution_log) FROM stock_quotes"
    )
    assert 0 < kept < len(SYMBOLS)
    assert said == "the run was interrupted"
    ((recorded,),) = slowly.rows("SELECT count(*) FROM fetch_attempts")
    assert kept <= recorded
    given_up = slowly.simulator.vendor("finnhub")["requests"] - recorded
    assert given_up in (0, 1), "only the call that was under way is not recorded: nobody knows what came of it"


def test_a_run_that_is_terminated_while_it_waits_for_its_next_try_ends_at_once_and_closes_its_log(
    runs: Runs, environment: pytest.MonkeyPatch
) -> None:
    def terminate() -> None:
        while not any(
            "tried again in" in entry.user_message for run in runs.instance.get_runs() for entry in said(run)
        ):
            time.sleep(0.02)
        os.kill(os.getpid(), signal.SIGTERM)

    def said(run: dg.DagsterRun) -> Sequence[dg.EventLogEntry]:
        return runs.instance.all_logs(run.run_id)

    environment.setattr(execution, "RETRIES", dg.RetryPolicy(delay=600))
    runs.simulator.set_faults("finnhub:html=1")
    waiting = threading.Thread(target=terminate, daemon=True)
    waiting.start()
    run = runs.of("stock_quotes", providers=["finnhub"])
    assert not run.success
    assert run.tries == 2
    assert runs.rows("SELECT status, error_message FROM scheduler_execution_log") == [
        ("failed", "the run was interrupted")
    ]
    assert set(runs.rows("SELECT status FROM symbol_computation_status")) == {("failed",)}


@pytest.mark.slow
def test_a_database_that_is_killed_fails_the_run_and_keeps_what_was_written(
    slowly: Runs, environment: pytest.MonkeyPatch, home: Path
) -> None:
    server = EmbeddedServer(home)
    server.ensure()
    database = Database(server.url())
    environment.setenv("DATABASE_URL", database.url)
    migrate(database)
    runs = Runs(slowly.simulator, database, slowly.instance)
    with database.connect() as connection:
        claim_world(connection, load_settings().world)
    runs.track(*SYMBOLS)

    with as_soon_as_rows_arrive(database, lambda: os.kill(_postmaster(server), signal.SIGQUIT)):
        run = runs.of("stock_quotes", providers=["finnhub"])
    assert not run.success
    (first, *_) = run.events(dg.DagsterEventType.STEP_UP_FOR_RETRY)
    assert "the database went away while stock_quotes was being fetched" in str(first.step_retry_data.error)
    assert "Cannot connect to postgresql://postgres@" in run.failure
    assert run.materialised == {}

    server.ensure()
    ((kept,),) = runs.rows("SELECT count(*) FROM stock_quotes")
    assert 0 < kept < len(SYMBOLS)
    assert runs.of("stock_quotes", providers=["finnhub"]).success
    assert runs.rows("SELECT count(*) FROM stock_quotes") == [(len(SYMBOLS),)]


def _postmaster(server: EmbeddedServer) -> int:
    (pid_file,) = server.directory.glob("*/postmaster.pid")
    return int(pid_file.read_text().split()[0])
