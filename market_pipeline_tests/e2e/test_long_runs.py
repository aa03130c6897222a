"""Runs that take long, under the real daemon: backfills, asked for as the UI asks and by Dagster's own command, and runs that
are cancelled or killed.

What Dagster and the execution log hear of the end of each belongs here, too.
"""

import os
import signal
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import dagster as dg
import psutil
import pytest

from market_pipeline.monitor.dagster_control import DagsterControl
from market_pipeline.partitions import key_of
from market_pipeline.queue import Priority, why_it_ended
from market_pipeline.sensors.run_status import GONE
from market_pipeline.sessions import Sessions
from market_pipeline.settings import PROJECT_ROOT
from market_pipeline.simulator.control import SimulatorControl
from market_pipeline_tests.e2e.conftest import User
from market_pipeline_tests.e2e.up import Up, started, until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

PATIENCE = 400  # seconds: the daemon looks for backfills twice a minute, and the machine may be busy
SESSIONS = Sessions()
PRICES = "historical_prices"
NEEDED = {"symbols_sensor", "run_status_sensor"}  # partitions, and the ends of runs that cannot tell them
Status = dg.DagsterRunStatus
SLOWLY = {
    "SIMULATOR_FAULTS": "yahoo:latency=0.3;finnhub:latency=0.5",
    "FETCH_CONCURRENCY": "1",
    "FETCH_BATCH_SIZE": "1",
}
RANGE = ("dagster/asset_partition_range_start", "dagster/asset_partition_range_end")
KILLED = ("BA", "CAT", "CVX", "DIS", "HD", "IBM", "INTC", "JNJ", "JPM", "KO", "MCD", "PEP", "PFE", "PG", "V", "WMT")
STORED_BEFORE = 3


@dataclass
class Slow:
    """A pipeline that fetches nothing by itself, from vendors that take their time for each symbol."""

    user: User
    up: Up
    dagster: DagsterControl
    simulator: SimulatorControl
    instance: dg.DagsterInstance

    def backfill(self, *options: str) -> str:
        """The id of a backfill that a user asks for at a terminal."""
        done = self.user.run(
            "market-pipeline", "backfill", PRICES, *options, DAGSTER_URL=f"http://127.0.0.1:{self.up.port}"
        )
        assert done.returncode == 0, done.stdout
        return done.stdout.split()[1]

    def runs(self, backfill_id: str) -> list[dg.DagsterRun]:
        """Its runs, the first one first."""
        found = self.instance.get_runs(dg.RunsFilter(tags={"dagster/backfill": backfill_id}))
        return list(reversed(found))

    def ended(self, backfill_id: str, runs: int = 1) -> list[dg.DagsterRun]:
        """Its runs, once there are so many and the last one has ended."""
        until(lambda: len(self.runs(backfill_id)) >= runs and self.runs(backfill_id)[-1].is_finished, PATIENCE)
        return self.runs(backfill_id)

    def open(self, keys: list[str]) -> list[str]:
        """Those of the partitions that Dagster shows as failed or missing."""
        return [one.key for one in self.dagster.partitions(PRICES) if one.open and one.key in keys]

    def executions(self, run_id: str) -> list[tuple[str, str | None]]:
        """What the execution log says of a run."""
        return self.user.rows(f"SELECT status, error_message FROM scheduler_execution_log WHERE run_id = '{run_id}'")

    def status(self, run_id: str) -> Status:
        """What Dagster says of it."""
        run = self.instance.get_run_by_id(run_id)
        assert run is not None
        return run.status

    def stored(self) -> set[str]:
        return {symbol for (symbol,) in self.user.rows("SELECT DISTINCT symbol FROM historical_prices")}


@pytest.fixture(scope="module")
def slow(user: User) -> Iterator[Slow]:
    user.fetch_only("false")  # no symbol is new until the sensors are off
    with (
        pytest.MonkeyPatch.context() as monkeypatch,
        started(user, HISTORY_SESSIONS="0", FRESHNESS_RUNS="0", **SLOWLY) as up,
        user.dagster(monkeypatch) as instance,
    ):
        up.leave_on(NEEDED)
        user.fetch_only("true")
        simulator = SimulatorControl(f"http://127.0.0.1:{user.environment['SIMULATOR_PORT']}")
        yield Slow(user, up, up.dagster, simulator, instance)


def worker_of(instance: dg.DagsterInstance, run_id: str) -> psutil.Process:
    """The process that a run is in, by the word of Dagster's own event: others have runs of their own meanwhile."""
    said = next(one.message for one in instance.all_logs(run_id) if "Started process for run (pid:" in one.message)
    return psutil.Process(int(said.partition("(pid:")[2].partition(")")[0]))


def test_one_run_fills_a_range_and_another_one_only_what_was_left_red(slow: Slow) -> None:
    """The vendors have nothing yet of the last two sessions of five, as on the evening of the third."""
    today = datetime.now(UTC).date()
    days = SESSIONS.between(today - timedelta(days=40), today - timedelta(days=20))[-5:]
    keys = [key_of(day) for day in days]
    slow.simulator.set_clock(SESSIONS.closes(days[2]) + timedelta(hours=3))
    wanted = ("--from", keys[0], "--to", keys[-1], "--symbol", "AAPL", "--symbol", "MSFT")
    (first,) = slow.ended(slow.backfill(*wanted))
    assert first.status is Status.FAILURE
    assert [first.tags[tag] for tag in RANGE] == [keys[0], keys[-1]]
    assert first.tags["dagster/priority"] == str(Priority.LOW)
    assert slow.open(keys) == keys[3:]
    assert slow.simulator.vendor("yahoo")["served"][PRICES] == {"AAPL": 1, "MSFT": 1}, "nor is it tried again"

    slow.simulator.set_clock()
    (again,) = slow.ended(slow.backfill(*wanted, "--missing"))
    assert again.status is Status.SUCCESS, why_it_ended(slow.instance, again)
    assert [again.tags[tag] for tag in RANGE] == keys[3:]
    assert slow.open(keys) == []


def test_a_backfill_whose_worker_is_killed_goes_on_by_itself_and_asks_for_nothing_that_was_stored(
    slow: Slow,
) -> None:
    days = SESSIONS.between(*(datetime.now(UTC).date() - timedelta(days=back) for back in (120, 90)))
    keys = [key_of(day) for day in days]
    config = {"symbols": list(KILLED), "providers": ["yahoo"]}
    backfill_id = slow.dagster.backfill(PRICES, keys, {"ops": {PRICES: {"config": config}}}, {})
    until(lambda: len(slow.stored() & set(KILLED)) >= STORED_BEFORE, PATIENCE)
    (run,) = slow.runs(backfill_id)
    worker_of(slow.instance, run.run_id).kill()
    stored = slow.stored() & set(KILLED)
    killed, resumed = slow.ended(backfill_id, runs=2)
    assert (killed.status, resumed.status) == (Status.FAILURE, Status.SUCCESS)
    assert resumed.tags["dagster/parent_run_id"] == killed.run_id
    assert slow.stored() >= set(KILLED)
    assert slow.open(keys) == []
    served = Counter(slow.simulator.vendor("yahoo")["served"][PRICES])
    assert {served[symbol] for symbol in stored} == {1}
    assert sum(served[symbol] for symbol in KILLED) <= len(KILLED) + 1, "at most the one that was under way twice"

    until(lambda: slow.executions(killed.run_id)[0][0] == "failed", PATIENCE)
    assert "was terminated by signal 9" in str(slow.executions(killed.run_id)[0][1])


def test_a_run_that_is_cancelled_says_so_at_once(slow: Slow) -> None:
    run_id = slow.up.launch("company_info_job", providers=["finnhub"])
    until(lambda: slow.executions(run_id), PATIENCE)
    ended = slow.up.ask(
        "mutation ($id: String!) { terminateRun(runId: $id) { __typename ... on PythonError { message } } }", id=run_id
    )
    assert ended["terminateRun"]["__typename"] == "TerminateRunSuccess"
    until(lambda: slow.executions(run_id)[0][0] == "failed", PATIENCE)
    ((_, said),) = slow.executions(run_id)
    assert said in {"the run was interrupted", "the run was cancelled"}, (
        "the run itself or the sensor, whoever is first"
    )
    until(lambda: slow.status(run_id) is Status.CANCELED, PATIENCE)


def test_a_run_of_the_terminal_that_is_killed_is_noticed_though_dagster_does_not(slow: Slow) -> None:
    command = ("dagster", "job", "execute", "-m", "market_pipeline.definitions", "-j", "company_info_job")
    with slow.user.start(*command, "--tags", '{"test": "killed"}', **SLOWLY) as process:

        def run_id() -> str:
            return next(iter(slow.instance.get_run_ids(dg.RunsFilter(tags={"test": "killed"}))), "")

        until(lambda: slow.executions(run_id()), PATIENCE)
        os.killpg(process.pid, signal.SIGKILL)
    assert slow.status(run_id()) is Status.STARTED, "nobody has told Dagster"
    with slow.user.database.connect() as connection:  # as if it had been killed minutes ago
        connection.execute(
            "UPDATE scheduler_execution_log SET updated_at = now() - interval '1 hour' WHERE status = 'running'"
        )
    until(lambda: slow.executions(run_id()) == [("failed", GONE)], PATIENCE)
    assert slow.status(run_id()) is Status.FAILURE


def test_dagster_s_own_command_makes_a_run_of_each_partition_and_these_share_what_they_ask(slow: Slow) -> None:
    slow.simulator.set_faults("")
    slow.user.fetch_only("symbol IN ('AAPL', 'MSFT')")
    today = datetime.now(UTC).date()
    keys = [key_of(day) for day in SESSIONS.between(today - timedelta(days=80), today - timedelta(days=60))[-3:]]
    before = Counter(slow.simulator.vendor("yahoo")["served"].get(PRICES, {}))
    command = ("dagster", "job", "backfill", "-j", f"{PRICES}_job", "--from", keys[0], "--to", keys[-1], "--noprompt")
    done = slow.user.run(*command, DAGSTER_HOME=str(PROJECT_ROOT))
    assert done.returncode == 0, done.stdout
    backfill_id = done.stdout.partition("Launched backfill job `")[2].partition("`")[0]
    runs = slow.ended(backfill_id, runs=len(keys))
    assert [(run.tags["dagster/partition"], run.status.value) for run in runs] == [(key, "SUCCESS") for key in keys]
    assert slow.open(keys) == []
    asked = Counter(slow.simulator.vendor("yahoo")["served"][PRICES]) - before
    assert 0 < max(asked.values()) < len(keys), "the first run may begin before the command has made the others"
