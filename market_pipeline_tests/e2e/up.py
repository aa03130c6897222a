"""A running `market-pipeline up`, for tests that need the daemon, the code server and the UI's GraphQL."""

import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Set
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import requests

from market_pipeline.monitor.dagster_control import DagsterControl
from market_pipeline.sensors.onboarding import written_cursor
from market_pipeline.storage.universe import NewSymbol
from market_pipeline_tests.e2e.conftest import User
from market_pipeline_tests.ports import free_port

LOCATION = {"repositoryName": "__repository__", "repositoryLocationName": "market_pipeline"}


@dataclass
class Up:
    """A running `market-pipeline up`, its output as it comes, and its GraphQL."""

    process: "subprocess.Popen[str]"
    port: int
    output: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        threading.Thread(target=self._read, daemon=True).start()  # a full pipe would stop it

    def _read(self) -> None:
        assert self.process.stdout is not None
        with suppress(ValueError):  # closed at the end, while what it has started still writes
            self.output.extend(iter(self.process.stdout.readline, ""))

    def ask(self, query: str, **variables: Any) -> Any:
        asked = {"query": query, "variables": variables}
        answer = requests.post(f"http://127.0.0.1:{self.port}/graphql", json=asked, timeout=30).json()
        assert "errors" not in answer, answer
        return answer["data"]

    def automations(self) -> dict[str, str]:
        """The status of each schedule and sensor, by name."""
        (repository,) = self.ask(
            """{ repositoriesOrError { ... on RepositoryConnection { nodes {
                schedules { name scheduleState { status } } sensors { name sensorState { status } } } } } }"""
        )["repositoriesOrError"]["nodes"]
        states = {one["name"]: one["scheduleState"]["status"] for one in repository["schedules"]}
        return states | {one["name"]: one["sensorState"]["status"] for one in repository["sensors"]}

    @property
    def dagster(self) -> DagsterControl:
        return DagsterControl(f"http://127.0.0.1:{self.port}")

    def leave_on(self, names: Set[str]) -> None:
        """Stops every other schedule and sensor: each run that nobody looks at takes seconds of CPU."""
        self.dagster.switch(on=False, names={one.name for one in self.dagster.automations()} - names)

    def take_all_for_known(self) -> None:
        """Symbols that are made active later are not new: they get no runs of their own for what others have already."""
        self.ask(
            """mutation ($sensor: SensorSelector!, $cursor: String) {
                setSensorCursor(sensorSelector: $sensor, cursor: $cursor) { ... on Sensor { name } } }""",
            sensor={**LOCATION, "sensorName": "onboarding_sensor"},
            cursor=written_cursor(NewSymbol(datetime.now(UTC), "")),
        )

    def launch(self, job: str, **config: Any) -> str:
        """Starts a run as the UI does; its id.  `config` is the run config of its only op."""
        settings = {"ops": {job.removesuffix("_job"): {"config": config}}} if config else {}
        launched = self.ask(
            """mutation ($run: ExecutionParams!) { launchRun(executionParams: $run) {
                __typename ... on LaunchRunSuccess { run { runId } } ... on PythonError { message } } }""",
            run={"selector": {**LOCATION, "jobName": job}, "mode": "default", "runConfigData": settings},
        )["launchRun"]
        assert launched["__typename"] == "LaunchRunSuccess", launched
        return str(launched["run"]["runId"])

    def answers(self) -> bool:
        return answers(f"http://127.0.0.1:{self.port}/server_info")

    def says(self, words: str) -> bool:
        return any(words in line for line in self.output)


def answers(address: str) -> bool:
    try:
        return requests.get(address, timeout=5).ok
    except requests.ConnectionError:
        return False


def until(happened: Callable[[], object], seconds: float = 200) -> None:
    """Waits for something; fails if it does not happen in time."""
    deadline = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < deadline, f"it has not happened within {seconds} s"
        time.sleep(0.25)  # a look costs 20 ms of CPU: a connection, or a question to Dagster


@contextmanager
def started(user: User, **changes: str) -> Iterator[Up]:
    """It, as soon as its UI answers; killed at the end unless the test has ended it.  `changes` are settings."""
    port = free_port()
    with user.start("market-pipeline", "up", "--port", str(port), **changes) as process:
        running = Up(process, port)
        try:
            until(lambda: running.answers() or process.poll() is not None, 180)
            assert process.poll() is None, "".join(running.output)
            yield running
        finally:
            process.kill()
