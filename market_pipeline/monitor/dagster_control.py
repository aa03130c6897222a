"""What the monitor asks of Dagster: start and stop runs, schedules and sensors.

Speaks the GraphQL of the Dagster webserver, so that Dagster decides, records and shows everything as if it had been asked in
its own UI.  Reading what Dagster knows is not done here: its instance tells that without a webserver.
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import requests

LOCATION, REPOSITORY = "market_pipeline", "__repository__"
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
_START_SCHEDULE = """
mutation Start($selector: ScheduleSelector!) {
  startSchedule(scheduleSelector: $selector) { __typename ... on Error { message } }
}"""
_STOP_SCHEDULE = """
mutation Stop($id: String!) { stopRunningSchedule(id: $id) { __typename ... on Error { message } } }"""
_SCHEDULE = """
query Schedule($selector: ScheduleSelector!) {
  scheduleOrError(scheduleSelector: $selector) {
    __typename
    ... on Schedule { scheduleState { id status } }
    ... on Error { message }
  }
}"""
_START_SENSOR = """
mutation Start($selector: SensorSelector!) {
  startSensor(sensorSelector: $selector) { __typename ... on Error { message } }
}"""
_STOP_SENSOR = """
mutation Stop($id: String!) { stopSensor(id: $id) { __typename ... on Error { message } } }"""
_SENSOR = """
query Sensor($selector: SensorSelector!) {
  sensorOrError(sensorSelector: $selector) {
    __typename
    ... on Sensor { sensorState { id status } }
    ... on Error { message }
  }
}"""


class DagsterUnreachable(Exception):
    """The webserver does not answer; the message says where it was looked for."""


class DagsterRefused(Exception):
    """Dagster does not do what it was asked; the message is Dagster's."""


class DagsterControl:
    """The Dagster behind `url`, the address of its webserver."""

    def __init__(self, url: str) -> None:
        self._url = url.rstrip("/")

    def launch(self, job: str, run_config: Mapping[str, Any], tags: Mapping[str, str]) -> str:
        """Queue a run; returns its id.  Raises DagsterUnreachable, DagsterRefused (unknown job, wrong run config)."""
        params = {
            "selector": {"repositoryLocationName": LOCATION, "repositoryName": REPOSITORY, "jobName": job},
            "runConfigData": dict(run_config),
            "mode": "default",
            "executionMetadata": {"tags": [{"key": key, "value": value} for key, value in tags.items()]},
        }
        run_id: str = self._ask(_LAUNCH, {"params": params})["run"]["runId"]
        return run_id

    def cancel(self, run_id: str) -> None:
        """Raises DagsterUnreachable, DagsterRefused (no such run, or it has ended)."""
        self._ask(_TERMINATE, {"id": run_id})

    def schedule_runs(self, name: str) -> bool:
        """Whether a schedule is on.  Raises DagsterUnreachable, DagsterRefused (no such schedule)."""
        return bool(self._schedule(name)["scheduleState"]["status"] == "RUNNING")

    def set_schedule(self, name: str, *, running: bool) -> None:
        """Turn a schedule on or off, whatever it was.  Raises DagsterUnreachable, DagsterRefused."""
        state = self._schedule(name)["scheduleState"]
        if running and state["status"] != "RUNNING":
            self._ask(_START_SCHEDULE, {"selector": _selector("scheduleName", name)})
        elif not running and state["status"] == "RUNNING":
            self._ask(_STOP_SCHEDULE, {"id": state["id"]})

    def set_sensor(self, name: str, *, running: bool) -> None:
        """Turn a sensor on or off, whatever it was.  Raises DagsterUnreachable, DagsterRefused."""
        state = self._ask(_SENSOR, {"selector": _selector("sensorName", name)})["sensorState"]
        if running and state["status"] != "RUNNING":
            self._ask(_START_SENSOR, {"selector": _selector("sensorName", name)})
        elif not running and state["status"] == "RUNNING":
            self._ask(_STOP_SENSOR, {"id": state["id"]})

    def _schedule(self, name: str) -> dict[str, Any]:
        return self._ask(_SCHEDULE, {"selector": _selector("scheduleName", name)})

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


def _selector(kind: str, name: str) -> dict[str, str]:
    return {"repositoryLocationName": LOCATION, "repositoryName": REPOSITORY, kind: name}
