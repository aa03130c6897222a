"""Backfills under the real daemon: asked for as the UI asks, by Dagster's own command, and with a worker that is killed."""

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
from market_pipeline.sessions import Sessions
from market_pipeline.settings import PROJECT_ROOT
from market_pipeline.simulator.control import SimulatorControl
from market_pipeline_tests.e2e.conftest import User
from market_pipeline_tests.e2e.up import Up, started, until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

PATIENCE = 400  # seconds: the daemon looks for backfills twice a minute, and the machine may be busy
SESSIONS = Sessions()
PRICES = "historical_prices"
RANGE = ("dagster/asset_partition_range_start", "dagster/asset_partition_range_end")
KILLED = ("BA", "CAT", "CVX", "DIS", "HD", "IBM", "INTC", "JNJ", "JPM", "KO", "MCD", "PEP", "PFE", "PG", "V", "WMT")
STORED_BEFORE = 3


@dataclass
class Backfills:
    """A pipeline that fetches nothing by itself, from a vendor that takes its time for each symbol."""

    user: User
    up: Up
    dagster: DagsterControl
    simulator: SimulatorControl
    instance: dg.DagsterInstance

    def ask(self, *options: str) -> str:
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

    def stored(self) -> set[str]:
        return {symbol for (symbol,) in self.user.rows("SELECT DISTINCT symbol FROM historical_prices")}


@pytest.fixture(scope="module")
def backfills(user: User) -> Iterator[Backfills]:
    user.run("market-pipeline", "symbols", "list")
    slowly = {"SIMULATOR_FAULTS": "yahoo:latency=0.3", "FETCH_CONCURRENCY": "1", "FETCH_BATCH_SIZE": "1"}
    with (
        pytest.MonkeyPatch.context() as monkeypatch,
        started(user, HISTORY_SESSIONS="0", FRESHNESS_RUNS="0", **slowly) as up,
        user.dagster(monkeypatch) as instance,
    ):
        dagster = DagsterControl(f"http://127.0.0.1:{up.port}")
        schedule = next(one for one in dagster.automations() if one.name == f"{PRICES}_schedule")
        dagster.switch(schedule, on=False)  # it may be half past four in New York
        simulator = SimulatorControl(f"http://127.0.0.1:{user.environment['SIMULATOR_PORT']}")
        yield Backfills(user, up, dagster, simulator, instance)


def worker_of(instance: dg.DagsterInstance, run_id: str) -> psutil.Process:
    """The process that a run is in, by the word of Dagster's own event: others have runs of their own meanwhile."""
    said = next(one.message for one in instance.all_logs(run_id) if "Started process for run (pid:" in one.message)
    return psutil.Process(int(said.partition("(pid:")[2].partition(")")[0]))


def test_one_run_fills_a_range_and_another_one_only_what_was_left_red(backfills: Backfills) -> None:
    """The vendors have nothing yet of the last two sessions of five, as on the evening of the third."""
    today = datetime.now(UTC).date()
    days = SESSIONS.between(today - timedelta(days=40), today - timedelta(days=20))[-5:]
    keys = [key_of(day) for day in days]
    backfills.simulator.set_clock(SESSIONS.closes(days[2]) + timedelta(hours=3))
    wanted = ("--from", keys[0], "--to", keys[-1], "--symbol", "AAPL", "--symbol", "MSFT")
    (first,) = backfills.ended(backfills.ask(*wanted))
    assert first.status is dg.DagsterRunStatus.FAILURE
    assert [first.tags[tag] for tag in RANGE] == [keys[0], keys[-1]]
    assert first.tags["dagster/priority"] == str(Priority.LOW)
    assert backfills.open(keys) == keys[3:]
    assert backfills.simulator.vendor("yahoo")["served"][PRICES] == {"AAPL": 1, "MSFT": 1}, "nor is it tried again"

    backfills.simulator.set_clock()
    (again,) = backfills.ended(backfills.ask(*wanted, "--missing"))
    assert again.status is dg.DagsterRunStatus.SUCCESS, why_it_ended(backfills.instance, again)
    assert [again.tags[tag] for tag in RANGE] == keys[3:]
    assert backfills.open(keys) == []


def test_a_backfill_whose_worker_is_killed_goes_on_by_itself_and_asks_for_nothing_that_was_stored(
    backfills: Backfills,
) -> None:
    days = SESSIONS.between(*(datetime.now(UTC).date() - timedelta(days=back) for back in (120, 90)))
    keys = [key_of(day) for day in days]
    config = {"symbols": list(KILLED), "providers": ["yahoo"]}
    backfill_id = backfills.dagster.backfill(PRICES, keys, {"ops": {PRICES: {"config": config}}}, {})
    until(lambda: len(backfills.stored() & set(KILLED)) >= STORED_BEFORE, PATIENCE)
    (run,) = backfills.runs(backfill_id)
    worker_of(backfills.instance, run.run_id).kill()
    stored = backfills.stored() & set(KILLED)
    killed, resumed = backfills.ended(backfill_id, runs=2)
    assert (killed.status, resumed.status) == (dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.SUCCESS)
    assert resumed.tags["dagster/parent_run_id"] == killed.run_id
    assert backfills.stored() >= set(KILLED)
    assert backfills.open(keys) == []
    served = Counter(backfills.simulator.vendor("yahoo")["served"][PRICES])
    assert {served[symbol] for symbol in stored} == {1}
    assert sum(served[symbol] for symbol in KILLED) <= len(KILLED) + 1, "at most the one that was under way twice"

    log = f"SELECT status, error_message FROM scheduler_execution_log WHERE run_id = '{killed.run_id}'"
    until(lambda: backfills.user.rows(log)[0][0] == "failed", PATIENCE)
    assert "was terminated by signal 9" in str(backfills.user.rows(log)[0][1])


def test_dagster_s_own_command_makes_a_run_of_each_partition_and_these_share_what_they_ask(
    backfills: Backfills,
) -> None:
    backfills.simulator.set_faults("")
    today = datetime.now(UTC).date()
    keys = [key_of(day) for day in SESSIONS.between(today - timedelta(days=80), today - timedelta(days=60))[-3:]]
    before = Counter(backfills.simulator.vendor("yahoo")["served"].get(PRICES, {}))
    command = ("dagster", "job", "backfill", "-j", f"{PRICES}_job", "--from", keys[0], "--to", keys[-1], "--noprompt")
    done = backfills.user.run(*command, DAGSTER_HOME=str(PROJECT_ROOT))
    assert done.returncode == 0, done.stdout
    backfill_id = done.stdout.partition("Launched backfill job `")[2].partition("`")[0]
    runs = backfills.ended(backfill_id, runs=len(keys))
    assert [(run.tags["dagster/partition"], run.status.value) for run in runs] == [(key, "SUCCESS") for key in keys]
    assert backfills.open(keys) == []
    asked = Counter(backfills.simulator.vendor("yahoo")["served"][PRICES]) - before
    assert 0 < max(asked.values()) < len(keys), "the first run may begin before the command has made the others"
