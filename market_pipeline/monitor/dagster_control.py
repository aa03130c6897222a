"""What the monitor and the command line ask of Dagster: start runs and backfills, stop runs, switch schedules and sensors.

Speaks the GraphQL of the Dagster webserver, so that Dagster decides, records and shows everything as if it had been asked in
its own UI.  Reading what Dagster knows is not done here: its instance tells that without a webserver.
"""

import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal
from urllib.parse import urlsplit

import requests

_REPOSITORY = {"repositoryLocationName": "market_pipeline", "repositoryName": "__repository__"}
LOOKS = 5
"""How often to look whether what was switched stays so, a second apart: Dagster's daemon reads all states, and writes some of
them back later in the same loop, status included, so that it undoes a switch that came in between."""
TIMEOUT = (3, 60)  # seconds to connect and to answer: a launch waits for the code location to check the run's config

_LAUNCH = """
mutation Launch($params: ExecutionParams!) {
  launchRun(executionParams: $params) {
    __typename
    ... on LaunchRunSuccess { run { runId } }
    ... on RunConfigValidationInvalid { errors { message } }
    ... on Error { message }
  }
}"""
_TERMINATE = """
mutation Terminate($id: String!) {
  terminateRun(runId: $id, terminatePolicy: SAFE_TERMINATE) {
    __typename
    ... on Error { message }
    ... on TerminateRunFailure { message }
  }
}"""
_PARTITIONS = """
query Partitions($asset: AssetKeyInput!) {
  assetNodeOrError(assetKey: $asset) {
    __typename
    ... on AssetNode {
      partitionKeys
      assetPartitionStatuses {
        ... on TimePartitionStatuses { ranges { status startKey endKey } }
        ... on DefaultPartitionStatuses { materializedPartitions materializingPartitions }
      }
    }
    ... on AssetNotFoundError { message }
  }
}"""
_BACKFILL = """
mutation Backfill($params: LaunchBackfillParams!) {
  launchPartitionBackfill(backfillParams: $params) {
    __typename
    ... on LaunchBackfillSuccess { backfillId }
    ... on Error { message }
  }
}"""
_AUTOMATIONS = """
query Automations($selector: RepositorySelector!) {
  repositoryOrError(repositorySelector: $selector) {
    __typename
    ... on Repository {
      schedules { name scheduleState { id status nextTick { timestamp } } }
      sensors { name sensorState { id status } }
    }
    ... on Error { message }
  }
}"""
_START = {
    "schedule": """
mutation Start($selector: ScheduleSelector!) {
  startSchedule(scheduleSelector: $selector) { __typename ... on Error { message } }
}""",
    "sensor": """
mutation Start($selector: SensorSelector!) {
  startSensor(sensorSelector: $selector) { __typename ... on Error { message } }
}""",
}
_STOP = {
    "schedule": "mutation Stop($id: String!) { stopRunningSchedule(id: $id) { __typename ... on Error { message } } }",
    "sensor": "mutation Stop($id: String!) { stopSensor(id: $id) { __typename ... on Error { message } } }",
}


class DagsterUnreachable(Exception):
    """The webserver does not answer; the message says where it was looked for."""


class DagsterRefused(Exception):
    """Dagster does not do what it was asked; the message is Dagster's."""


@dataclass(frozen=True, slots=True)
class Automation:
    """A schedule or a sensor, and whether it is on."""

    kind: Literal["schedule", "sensor"]
    name: str
    running: bool
    state_id: str
    """What Dagster calls its state by, to switch it off."""
    next_at: datetime | None = None
    """When a schedule that is on ticks next."""


@dataclass(frozen=True, slots=True)
class Partition:
    """A partition of an asset, and whether it is neither filled nor being filled: it has failed, or was never asked for."""

    key: str
    open: bool


class DagsterControl:
    """The Dagster behind `url`, the address of its webserver."""

    def __init__(self, url: str, sleep: Callable[[float], None] = time.sleep) -> None:
        self._url = url.rstrip("/")
        self._sleep = sleep

    def launch(self, job: str, run_config: Mapping[str, Any], tags: Mapping[str, str]) -> str:
        """Queue a run; returns its id.  Raises DagsterUnreachable, DagsterRefused (unknown job, wrong run config)."""
        params = {
            "selector": {**_REPOSITORY, "jobName": job},
            "runConfigData": dict(run_config),
            "mode": "default",
            "executionMetadata": {"tags": [{"key": key, "value": value} for key, value in tags.items()]},
        }
        run_id: str = self._ask(_LAUNCH, {"params": params})["run"]["runId"]
        return run_id

    def cancel(self, run_id: str) -> None:
        """Raises DagsterUnreachable, DagsterRefused (no such run, or it has ended)."""
        self._ask(_TERMINATE, {"id": run_id})

    def partitions(self, asset: str) -> list[Partition]:
        """All partitions of an asset, in their order.  Raises DagsterUnreachable, DagsterRefused (no such asset)."""
        found = self._ask(_PARTITIONS, {"asset": {"path": [asset]}})
        filled = _filled(found["partitionKeys"], found["assetPartitionStatuses"])
        return [Partition(key, open=key not in filled) for key in found["partitionKeys"]]

    def backfill(self, asset: str, keys: Sequence[str], run_config: Mapping[str, Any], tags: Mapping[str, str]) -> str:
        """Have partitions of an asset filled, each range of them by one run; returns the backfill's id.

        Raises DagsterUnreachable, DagsterRefused (no such asset or partition).
        """
        params = {
            "assetSelection": [{"path": [asset]}],
            "partitionNames": list(keys),
            "runConfigData": dict(run_config),
            "tags": [{"key": key, "value": value} for key, value in tags.items()],
        }
        backfill_id: str = self._ask(_BACKFILL, {"params": params})["backfillId"]
        return backfill_id

    def automations(self) -> list[Automation]:
        """All schedules and sensors, by kind and name.  Raises DagsterUnreachable, DagsterRefused."""
        found = self._ask(_AUTOMATIONS, {"selector": _REPOSITORY})
        schedules = [_automation("schedule", one["name"], one["scheduleState"]) for one in found["schedules"]]
        sensors = [_automation("sensor", one["name"], one["sensorState"]) for one in found["sensors"]]
        return sorted(schedules, key=lambda one: one.name) + sorted(sensors, key=lambda one: one.name)

    def switch(self, *, on: bool, names: Collection[str] | None = None) -> list[str]:
        """Turn schedules and sensors on or off, all of them without `names`, and see that they are.

        Returns the names of those that were not so before.  Raises as `automations` does, and DagsterRefused where some do
        not stay as they were switched.
        """
        undone = changed = self._turn_what_is_not(on, names)
        for _ in range(LOOKS):
            if not undone:
                return changed
            self._sleep(1)
            undone = self._turn_what_is_not(on, names)
        raise DagsterRefused(f"these were switched {LOOKS} times, and each time Dagster undid it: {', '.join(undone)}")

    def _turn_what_is_not(self, on: bool, names: Collection[str] | None) -> list[str]:
        wrong = [one for one in self.automations() if one.running != on and (names is None or one.name in names)]
        for automation in wrong:
            self.turn(automation, on=on)
        return [one.name for one in wrong]

    def turn(self, automation: Automation, *, on: bool) -> None:
        """Ask for one schedule or sensor to be on or off, once.  Raises as `automations` does."""
        if on:
            selector = {**_REPOSITORY, f"{automation.kind}Name": automation.name}
            self._ask(_START[automation.kind], {"selector": selector})
        else:
            self._ask(_STOP[automation.kind], {"id": automation.state_id})

    def _ask(self, query: str, variables: Mapping[str, Any]) -> dict[str, Any]:
        """The one field that every query here has."""
        try:
            answer = requests.post(
                f"{self._url}/graphql", json={"query": query, "variables": variables}, timeout=TIMEOUT
            )
            answer.raise_for_status()
            body = answer.json()
        except (requests.RequestException, ValueError):
            raise DagsterUnreachable(
                f"the Dagster webserver does not answer at {urlsplit(self._url).netloc}: start it with `market-pipeline up`,"
                " or say where it is with DAGSTER_URL"
            ) from None
        if body.get("errors"):
            raise DagsterRefused(str(body["errors"][0].get("message", "unknown error"))[:500])
        (found,) = body["data"].values()
        complaint = found.get("message") or "; ".join(error["message"] for error in found.get("errors", ()))
        if complaint:
            raise DagsterRefused(complaint[:500])
        return dict(found)


def _filled(keys: Iterable[str], statuses: Mapping[str, Any]) -> set[str]:
    """The keys that are filled, or being filled.  Keys of days come as ranges, others one by one."""
    if "ranges" not in statuses:
        return {*statuses["materializedPartitions"], *statuses["materializingPartitions"]}
    ranges = [(one["startKey"], one["endKey"]) for one in statuses["ranges"] if one["status"] != "FAILED"]
    return {key for key in keys if any(first <= key <= last for first, last in ranges)}


def _automation(kind: Literal["schedule", "sensor"], name: str, state: Mapping[str, Any]) -> Automation:
    tick = state.get("nextTick")
    next_at = None if tick is None else datetime.fromtimestamp(tick["timestamp"], UTC)
    return Automation(kind, name, state["status"] == "RUNNING", state["id"], next_at)
