"""Three workers on hosts of their own, one of which is killed and one cut off in the middle of a run: nothing is lost.

Every vendor is the simulator on the hub, which refuses what a plan does not include, and counts.
"""

import json
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from market_pipeline.providers.registry import PROVIDERS
from market_pipeline.storage.database import Database
from market_pipeline_tests.e2e.conftest import SETTINGS
from market_pipeline_tests.scale.hosts import BIN, Host, Process, cut_off, hosts, why_not
from market_pipeline_tests.scale.hub import broker_url, database_url, simulator_url, stop_postgres

FACTOR = 20  # times the free plans, so that the run takes a minute and still meets limits
SLOW = 0.4  # seconds an answer takes, so that there is a middle to be lost in
LOST_AFTER = 60  # seconds; a connection that is cut off is given up after as long

pytestmark = [pytest.mark.scale, pytest.mark.timeout(900)]


@dataclass(frozen=True)
class Network:
    hub: Host
    workers: Mapping[str, Host]
    home: Path
    environment: Mapping[str, str]

    def start(self, host: Host, *command: str) -> Process:
        return host.start(
            BIN / command[0], *command[1:], log=self.home / f"{host.name}.log", environment=self.environment
        )

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """What the database answers, by its socket: the network's addresses are not this machine's."""
        with Database(f"postgresql://postgres@/market_data?host={self.home}/data").connect() as connection:
            return connection.execute(query).fetchall()

    def at_work(self) -> set[str]:
        """The workers that are in the middle of a step: those that hold a connection to the gate."""
        connected = self.rows(
            "SELECT DISTINCT host(client_addr) AS host FROM pg_stat_activity WHERE application_name = 'market_pipeline gate'"
        )
        names = {host.address: name for name, host in self.workers.items()}
        return {names[address] for (address,) in connected if address in names}

    def vendors(self) -> dict[str, Any]:
        """What the simulator has counted."""
        url = f"{simulator_url(self.hub.address)}/_control/state"
        inside = ["ip", "netns", "exec", self.hub.name, "curl", "--silent", "--fail", url]
        found: dict[str, Any] = json.loads(subprocess.run(inside, capture_output=True, check=True).stdout)["vendors"]
        return found


@pytest.fixture
def network(home: Path) -> Iterator[Network]:
    missing = why_not() or next(
        (f"there is no {one}" for one in ("redis-server", "curl") if not shutil.which(one)), None
    )
    if missing is not None:
        pytest.skip(missing)
    with hosts("hub", "first", "second", "third") as (hub, *others):
        network = Network(hub, {one.name.rpartition("-")[2]: one for one in others}, home, _environment(hub, home))
        settings = json.dumps({"faults": f"*:latency={SLOW}", "rate_limits": FACTOR})
        python = BIN / "python"
        serving = hub.start(
            python, "-m", "market_pipeline_tests.scale.hub", home, hub.address, settings, log=home / "hub.log"
        )
        try:
            until(lambda: _answers(network), 120)
            yield network
        finally:
            serving.kill()
            stop_postgres(home)


def _environment(hub: Host, home: Path) -> dict[str, str]:
    """The real world, as far as the pipeline knows: addresses, keys and plans of vendors."""
    kept = {name: value for name, value in os.environ.items() if name not in SETTINGS}
    vendors = {}
    for name, provider in PROVIDERS.items():
        vendors[f"{name.upper()}_BASE_URL"] = f"{simulator_url(hub.address)}/{name}"
        vendors[f"{name.upper()}_API_KEY"] = "Scale Test scale@example.com"
        vendors[f"{name.upper()}_INTERVAL_SECONDS"] = str(provider.interval / FACTOR)
        plan = ",".join(f"{int(rate.calls * FACTOR)}/{int(rate.seconds)}" for rate in provider.limits)
        if plan:
            vendors[f"{name.upper()}_LIMITS"] = plan
    return {
        **kept,
        **vendors,
        "DATA_WORLD": "live",
        "MARKET_PIPELINE_HOME": str(home),
        "DATABASE_URL": database_url(hub.address),
        "CELERY_BROKER_URL": broker_url(hub.address),
        "CELERY_LOST_AFTER_SECONDS": str(LOST_AFTER),
    }


def _answers(network: Network) -> bool:
    try:
        return bool(network.vendors())
    except subprocess.CalledProcessError:
        return False


def until(met: Callable[[], bool], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not met():
        assert time.monotonic() < deadline, f"not within {seconds} s"
        time.sleep(0.3)


def test_a_killed_worker_and_one_that_is_cut_off_lose_no_symbol_and_exceed_no_limit(network: Network) -> None:
    second = network.workers["second"]
    running = {
        name: network.start(host, "market-pipeline", "worker", "--concurrency", "2", "--name", f"{name}@%h")
        for name, host in network.workers.items()
    }
    run = network.start(
        network.hub, "dagster", "job", "execute", "-m", "market_pipeline.definitions", "-j", "market_data_refresh"
    )
    try:
        until(lambda: network.at_work() >= {"first", "second"}, 180)
        running["first"].kill()
        cut_off(network.hub, second)
        began = time.monotonic()
        until(lambda: run.popen.poll() is not None, 600)
        recovered = time.monotonic() - began
    finally:
        for one in (*running.values(), run):
            one.kill()
    log = (network.home / f"{network.hub.name}.log").read_text(errors="replace")
    assert run.popen.returncode == 0, log[-4000:]

    lost = network.rows(
        "SELECT data_type, symbol FROM data_freshness LEFT JOIN failed_symbols USING (data_type, symbol)"
        " WHERE last_computed_at IS NULL AND failed_symbols.symbol IS NULL"
        " AND data_type NOT IN ('price_features', 'annual_returns')"
    )
    assert lost == [], f"neither stored nor owed: {lost[:20]}"
    assert network.rows("SELECT 1 AS one FROM scheduler_execution_log WHERE status = 'running'") == []
    refused = {name: counted["statuses"].get("429", 0) for name, counted in network.vendors().items()}
    assert not any(refused.values()), f"limits were exceeded: {refused}"
    assert sum(counted["requests"] for counted in network.vendors().values()) > 300
    until(lambda: network.at_work() <= {"third"}, 90)  # PostgreSQL gives a peer that is cut off up after 60 s
    print(f"\nthe run ended {recovered:.0f} s after two of three workers were lost; 0 symbols lost, 0 calls refused")
