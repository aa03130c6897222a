"""`market-pipeline up`: the UI, running schedules and sensors, and an end that leaves nothing but the database."""

import signal
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import requests

from market_pipeline.datasets import DATASETS
from market_pipeline.simulator.control import SimulatorControl
from market_pipeline.storage.embedded_postgres import EmbeddedServer
from market_pipeline_tests.e2e.conftest import User
from market_pipeline_tests.e2e.up import LOCATION, Up, answers, started, until
from market_pipeline_tests.ports import free_port

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]  # the sum of what its waits allow is more than the usual 300

QUIET = {"HISTORY_SESSIONS": "0", "FRESHNESS_RUNS": "0"}
"""Nothing is fetched but what is asked for and what is due: no history, nothing that is missing."""
THANKSGIVING = datetime(2026, 11, 26, 15, tzinfo=UTC).timestamp()


@pytest.fixture(scope="module")
def up(user: User) -> Iterator[Up]:
    user.fetch_only("false")
    with started(user, SIMULATOR_FAULTS="*:latency=0.2", **QUIET) as running:
        running.take_all_for_known()
        user.fetch_only("true")
        yield running


def test_the_ui_answers_and_lists_the_assets(up: Up) -> None:
    found = up.ask("{ assetNodes { assetKey { path } groupName } }")["assetNodes"]
    assert {node["assetKey"]["path"][0] for node in found} >= set(DATASETS)
    assert up.says(f"http://127.0.0.1:{up.port}")
    assert up.says("port=5432\n"), "a long address stays on one line"
    page = requests.get(f"http://127.0.0.1:{up.port}/assets", timeout=30)
    assert (page.status_code, page.text[:15]) == (200, "<!DOCTYPE html>")


def test_all_schedules_and_sensors_are_running(up: Up) -> None:
    states = up.automations()
    assert {*(f"{name}_schedule" for name in DATASETS), "symbols_sensor"} <= states.keys()
    assert set(states.values()) == {"RUNNING"}


def test_the_sensor_makes_partitions_of_the_tracked_symbols(up: Up, user: User) -> None:
    query = "query ($key: AssetKeyInput!) { assetNodeOrError(assetKey: $key) { ... on AssetNode { partitionKeys } } }"

    def partitions() -> set[str]:
        return set(up.ask(query, key={"path": ["company_info"]})["assetNodeOrError"]["partitionKeys"])

    until(partitions)
    assert partitions() == {symbol for (symbol,) in user.rows("SELECT symbol FROM tracked_symbols WHERE active")}


def test_a_tick_on_a_holiday_says_why_it_does_nothing(up: Up) -> None:
    found = up.ask(
        """mutation ($schedule: ScheduleSelector!, $at: Float) {
            scheduleDryRun(selectorData: $schedule, timestamp: $at) {
                ... on DryRunInstigationTick { evaluationResult { skipReason runRequests { runKey } } } } }""",
        schedule={**LOCATION, "scheduleName": "stock_quotes_schedule"},
        at=THANKSGIVING,
    )["scheduleDryRun"]["evaluationResult"]
    assert found["skipReason"] == (
        "XNYS is closed: Thanksgiving; it opens again on Friday 2026-11-27 at 09:30 (America/New_York)"
    )
    assert not found["runRequests"]


def test_what_is_asked_of_the_monitor_is_done_by_dagster(up: Up, user: User) -> None:
    """Everything that runs by itself is off from here on, so that nothing depends on what is due."""
    here = f"http://127.0.0.1:{user.environment['MONITOR_PORT']}"

    def told(method: str, path: str, status: int = 200, **asked: Any) -> Any:
        answer = requests.request(method, f"{here}{path}", timeout=60, **asked)
        assert answer.status_code == status, answer.text
        return answer.json()

    def switched_on() -> set[str]:
        return {name for name, status in up.automations().items() if status == "RUNNING"}

    def status(task_id: str) -> str:
        return str(told("GET", f"/api/v1/tasks/{task_id}")["status"])

    def cancelled(task_id: str) -> bool:  # Dagster refuses while the run's process starts
        return requests.post(f"{here}/api/v1/tasks/{task_id}/cancel", timeout=60).status_code == 202

    until(lambda: answers(f"{here}/healthz"), 120)
    everything = switched_on()
    for call, on in (("stop", set()), ("start", everything), ("stop", set())):
        assert set(told("POST", f"/api/scheduler/{call}")["changed"]) == everything
        assert switched_on() == on
    assert told("GET", "/api/v1/enrichment/resume")["status"] == "running"
    assert switched_on() == {"enrichment_schedule"}
    assert told("POST", "/api/v1/enrichment/pause")["status"] == "paused"
    assert switched_on() == set()

    key, path = {"Idempotency-Key": "once"}, "/api/v1/enrichment/trigger?symbols=AAPL"
    enrichment, again = (told("POST", path, 202, headers=key)["run_id"] for _ in range(2))
    assert enrichment == again
    assert "once" in told("POST", "/api/scheduler/force-refresh", 409, headers=key)["detail"]
    asked = {"symbols": ["AAPL"], "data_type": "stock_quotes"}
    quotes = told("POST", "/api/scheduler/refresh", 202, json=asked)["task_id"]
    everywhere = told("POST", "/api/scheduler/force-refresh", 202)["task_id"]
    until(lambda: user.rows(f"SELECT 1 FROM scheduler_execution_log WHERE run_id = '{everywhere}'"), 300)
    until(lambda: cancelled(everywhere), 300)
    until(lambda: {status(enrichment), status(quotes)} == {"completed"}, 300)
    assert told("GET", "/api/v1/enrichment/dashboard/job-status/AAPL")["status"] == "completed"
    assert told("GET", "/api/v1/enrichment/history?limit=5")["jobs"][0]["successful"] == 1
    until(lambda: status(everywhere) == "cancelled", 300)
    assert "detail" in told("POST", f"/api/v1/tasks/{everywhere}/cancel", 409)
    assert told("GET", "/api/scheduler/status")["running"] is True


def test_ctrl_c_in_the_middle_of_a_run_ends_everything_but_the_database_and_loses_nothing(up: Up, user: User) -> None:
    simulator = SimulatorControl(f"http://127.0.0.1:{user.environment['SIMULATOR_PORT']}")
    simulator.set_faults("*:slow=1,slow_seconds=60")  # no vendor answers before the end
    launched = up.launch("company_info_job", symbols=["AAPL"], use_cache=False)
    until(lambda: user.rows(_ASKS.format(launched)), 120)
    up.process.send_signal(signal.SIGINT)
    assert up.process.wait(30) == 0, "".join(up.output)
    assert [process.cmdline() for process in user.processes()] == []
    assert not up.answers()
    assert user.rows("SELECT * FROM provider_leases") == [], "the database still answers"
    assert user.rows(f"SELECT status, error_message FROM scheduler_execution_log WHERE run_id = '{launched}'") == [
        ("failed", "the run was interrupted")
    ]
    assert user.rows(f"SELECT status FROM dagster.runs WHERE run_id = '{launched}'") == [("FAILURE",)]

    with started(user, **QUIET) as again:
        until(lambda: ("SUCCESS",) in user.rows(_AGAIN.format(launched)), 240)
        again.process.send_signal(signal.SIGTERM)
        assert again.process.wait(30) == 0, "".join(again.output)


_ASKS = """
    SELECT FROM scheduler_execution_log WHERE run_id = '{}' AND status = 'running' AND EXISTS (SELECT FROM provider_leases)
"""
_AGAIN = """
    SELECT status FROM dagster.runs JOIN dagster.run_tags USING (run_id)
    WHERE key = 'dagster/root_run_id' AND value = '{}'
"""


def test_db_stop_ends_the_database_too(up: Up, user: User) -> None:
    assert user.run("market-pipeline", "db", "stop").stdout.strip() == "stopped"
    assert not EmbeddedServer(user.home).running()


def test_told_to_stop_while_it_starts_and_again_while_it_stops_it_leaves_nothing_behind(user: User) -> None:
    with user.start("market-pipeline", "up", "--port", str(free_port())) as process:
        starting = Up(process, 0)
        until(lambda: starting.says("Dagster    ") or process.poll() is not None)
        process.send_signal(signal.SIGTERM)
        time.sleep(0.3)
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0, "".join(starting.output)
    assert [left.cmdline() for left in user.processes()] == []
