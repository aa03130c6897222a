"""The sensors under the real daemon: what fails is retried and arrives, people are told, and a new symbol is provided for."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from market_pipeline.simulator.control import SimulatorControl
from market_pipeline_tests.e2e.conftest import User
from market_pipeline_tests.e2e.up import LOCATION, Up, started, until
from market_pipeline_tests.webhook import Webhook

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]

PATIENCE = 600  # seconds: a tick comes every half minute, a run starts some seconds later, and the machine may be busy
KEPT = ("AAPL", "MSFT")
STOPPED = {**LOCATION, "scheduleName": "news_schedule"}


@dataclass
class Outage:
    """A pipeline of two symbols all of whose vendors are down until they are mended, and one schedule of which is stopped."""

    user: User
    up: Up
    webhook: Webhook

    def mend(self) -> None:
        SimulatorControl(f"http://127.0.0.1:{self.user.environment['SIMULATOR_PORT']}").set_faults("")
        self.user.rows("SELECT count(gate_reset(provider)) FROM provider_gates")

    def has(self, query: str) -> bool:
        return self.user.rows(f"SELECT {query}") == [(True,)]


@pytest.fixture(scope="module")
def outage(user: User) -> Iterator[Outage]:
    user.fetch_only(f"symbol IN {KEPT}")
    quiet = {"HISTORY_SESSIONS": "0", "FRESHNESS_RUNS": "0"}  # new symbols get their reference data, and that is all
    with (
        Webhook() as webhook,
        started(user, SIMULATOR_FAULTS="*:html=1", ALERT_URLS=webhook.url, **quiet) as up,
    ):
        state = up.ask(
            """query ($schedule: ScheduleSelector!) { scheduleOrError(scheduleSelector: $schedule) { ... on Schedule {
                scheduleState { id } } } }""",
            schedule=STOPPED,
        )["scheduleOrError"]["scheduleState"]
        up.ask("mutation ($id: String!) { stopRunningSchedule(id: $id) { __typename } }", id=state["id"])
        yield Outage(user, up, webhook)


def test_what_no_vendor_answers_for_is_retried_when_it_is_due_and_arrives(outage: Outage) -> None:
    until(
        lambda: outage.has(
            "count(*) = 2 FROM failed_symbols WHERE data_type = 'company_info' AND state = 'waiting' AND attempts > 0"
        ),
        PATIENCE,
    )
    until(
        lambda: outage.has(
            "count(*) > 0 FROM scheduler_execution_log WHERE data_type = 'company_info' AND status = 'failed'"
        ),
        PATIENCE,
    )
    assert outage.has("count(*) = 0 FROM company_info")
    outage.mend()
    outage.user.rows("UPDATE failed_symbols SET next_retry_at = now() WHERE data_type = 'company_info' RETURNING 1")
    until(lambda: outage.has("count(*) = 2 FROM company_info"), PATIENCE)
    until(lambda: outage.has("count(*) = 0 FROM failed_symbols WHERE data_type = 'company_info'"), PATIENCE)
    (tags,) = outage.up.ask(
        """{ runsOrError(filter: { pipelineName: "company_info_job", tags: [{ key: "market_pipeline/retry_of",
            value: "company_info" }] }) { ... on Runs { results { tags { key value } } } } }"""
    )["runsOrError"]["results"]
    found = {tag["key"]: tag["value"] for tag in tags["tags"]}
    assert (found["market_pipeline/purpose"], found["dagster/sensor_name"]) == ("retry", "failed_symbols_sensor")


def test_a_symbol_that_is_added_becomes_a_partition_and_gets_its_data(outage: Outage) -> None:
    outage.mend()
    outage.user.run("market-pipeline", "symbols", "add", "NVDA")
    until(lambda: outage.has("count(*) = 1 FROM company_info WHERE symbol = 'NVDA'"), PATIENCE)
    until(lambda: outage.has("count(*) > 0 FROM earnings WHERE symbol = 'NVDA'"), PATIENCE)
    keys = outage.up.ask(
        """{ assetNodeOrError(assetKey: { path: ["company_info"] }) { ... on AssetNode { partitionKeys } } }"""
    )["assetNodeOrError"]["partitionKeys"]
    assert set(keys) == {*KEPT, "NVDA"}


def test_a_schedule_that_is_stopped_is_told_and_told_again_when_it_runs(outage: Outage) -> None:
    """It has been stopped since the beginning: alerts take minutes, in which the other tests wait as well."""
    mine = "FROM alerts WHERE subject = 'news_schedule'"
    until(lambda: outage.has(f"count(*) = 1 {mine}"), PATIENCE)
    outage.user.rows("UPDATE alerts SET first_seen_at = first_seen_at - interval '2 minutes' RETURNING 1")
    until(lambda: any("the schedule news_schedule is stopped" in text for text in outage.webhook.texts), PATIENCE)
    outage.up.ask(
        "mutation ($schedule: ScheduleSelector!) { startSchedule(scheduleSelector: $schedule) { __typename } }",
        schedule=STOPPED,
    )
    outage.user.rows("UPDATE alerts SET last_seen_at = last_seen_at - interval '5 minutes' RETURNING 1")
    until(lambda: any("[OVER] SchedulerNotRunning" in text for text in outage.webhook.texts), PATIENCE)
