"""What orchestration tests share: an environment that reads no .env, a simulated market, and runs over a test's database."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import dagster as dg
import dagster._core.storage.event_log.in_memory
import dagster._core.storage.runs.in_memory
import pytest
from dagster._core.definitions.sensor_definition import SensorExecutionData

from market_pipeline.assets import execution
from market_pipeline.assets.derived import DERIVED_ASSETS
from market_pipeline.assets.market_data import market_data_asset
from market_pipeline.datasets import DATASETS
from market_pipeline.definitions import build_definitions
from market_pipeline.jobs import DATA_TYPE_JOBS
from market_pipeline.resources import Pipeline, open_pipeline
from market_pipeline.settings import load_settings
from market_pipeline.simulator.control import SimulatorControl
from market_pipeline.simulator.process import RunningSimulator
from market_pipeline.simulator.server import SimulatorSettings
from market_pipeline.storage.database import Database
from market_pipeline.storage.universe import TrackedSymbol, track
from market_pipeline.storage.world import claim_world
from market_pipeline.tracking.failed_symbols import Failure, record_failures

NOW = datetime(2026, 5, 29, 18, tzinfo=UTC)  # a Friday, 14:00 in New York
TRACKED = ("AAPL", "JPM", "MSFT", "XOM")


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, database: Database) -> pytest.MonkeyPatch:
    """Settings for the test's database, from the environment alone."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATABASE_URL", database.url)
    monkeypatch.setenv("MARKET_PIPELINE_HOME", str(tmp_path))  # where attempts wait for a database that is away
    return monkeypatch


@pytest.fixture
def instance(monkeypatch: pytest.MonkeyPatch) -> Iterator[dg.DagsterInstance]:
    """One in memory, not stamped with the last of Dagster's ninety migrations: reading them takes four fifths of its time."""
    for storage in (dagster._core.storage.event_log.in_memory, dagster._core.storage.runs.in_memory):
        monkeypatch.setattr(storage, "stamp_alembic_rev", lambda *given: None)
    with dg.DagsterInstance.ephemeral() as one:
        yield one


RANGE = ("dagster/asset_partition_range_start", "dagster/asset_partition_range_end")


def range_tags(start: str, end: str) -> dict[str, str]:
    """The tags of a run over a range of partitions."""
    return dict(zip(RANGE, (start, end), strict=True))


def range_of(request: dg.RunRequest) -> tuple[str, ...]:
    """The first and the last partition of a run over a range of them."""
    return tuple(request.tags[tag] for tag in RANGE)


def config_of(request: dg.RunRequest) -> dict[str, Any]:
    """What the run of one data type is told."""
    (op,) = request.run_config["ops"].values()
    config: dict[str, Any] = op["config"]
    return config


def definitions_at(clock: Callable[[], datetime]) -> dg.Definitions:
    """The project's definitions with a clock of the test's."""
    return build_definitions({"pipeline": pipeline_at(clock)})


_definitions = cache(build_definitions)


def pipeline_at(clock: Callable[[], datetime]) -> dg.ResourceDefinition:
    """The pipeline that runs get, with a clock of the test's."""

    @dg.resource
    def pipeline(context: dg.InitResourceContext) -> Iterator[Pipeline]:
        with open_pipeline(load_settings(), run_id=context.run.run_id if context.run else "", clock=clock) as opened:
            yield opened

    return pipeline


@dataclass
class Runs:
    """Runs of the project's jobs on a Friday afternoon: real HTTP to a simulator, a real database, a Dagster instance."""

    simulator: SimulatorControl
    database: Database
    instance: dg.DagsterInstance

    def of(self, data_type: str, tags: dict[str, str] | None = None, **config: Any) -> "Run":
        """A run of a data type's job, with `config` as its run config."""
        return self._execute(data_type, NOW, tags, {"ops": {data_type: {"config": config}}})

    def requested(self, request: dg.RunRequest, now: datetime = NOW) -> "Run":
        """The run that a sensor has asked for, as the daemon would start it."""
        assert request.job_name is not None
        data_type = request.job_name.removesuffix("_job")
        tags = {**request.tags, "dagster/run_key": request.run_key or ""}
        return self._execute(data_type, now, tags, request.run_config)

    def _execute(
        self, data_type: str, now: datetime, tags: Mapping[str, str] | None, run_config: Mapping[str, Any]
    ) -> "Run":
        derived = [asset for asset in DERIVED_ASSETS if asset.key.to_user_string() == data_type]
        definitions = dg.Definitions(
            assets=derived or [market_data_asset(DATASETS[data_type])],
            jobs=[DATA_TYPE_JOBS[data_type]],
            resources={"pipeline": pipeline_at(lambda: now)},
        )
        result = definitions.resolve_job_def(f"{data_type}_job").execute_in_process(
            instance=self.instance, tags=tags, run_config=run_config, raise_on_error=False
        )
        return Run(result, self.instance)

    def tick(self, sensor: dg.SensorDefinition, cursor: str | None = None) -> SensorExecutionData:
        """What a sensor's tick comes to: run requests as the daemon gets them, or why there are none."""
        with dg.build_sensor_context(instance=self.instance, definitions=_definitions(), cursor=cursor) as context:
            return sensor.evaluate_tick(context)

    def enqueue(self, request: dg.RunRequest) -> dg.DagsterRun:
        """The run that a sensor has asked for, not begun yet."""
        assert request.job_name is not None
        job = _definitions().resolve_job_def(request.job_name)
        tags = {**request.tags, "dagster/run_key": request.run_key or ""}
        return self.instance.create_run_for_job(
            job, run_config=request.run_config, tags=tags, status=dg.DagsterRunStatus.NOT_STARTED
        )

    def fail(self, data_type: str, *symbols: str, at: datetime, partition_key: str = "", timeframe: str = "") -> None:
        """A failure as a run would remember it."""
        failed = [Failure(symbol=one, errors={"finnhub": "unavailable: HTTP 503"}, unknown=False) for one in symbols]
        with self.database.connect() as connection:
            record_failures(
                connection, data_type, partition_key, failed, run_id="run", now=at, timeframe=timeframe or None
            )

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with self.database.connect() as connection:
            return connection.execute(query).fetchall()

    def track(self, *symbols: str) -> None:
        with self.database.connect() as connection:
            track(connection, [TrackedSymbol(symbol) for symbol in symbols])


@dataclass
class Run:
    """What Dagster keeps of a run."""

    result: dg.ExecuteInProcessResult
    instance: dg.DagsterInstance = field(repr=False)

    @property
    def success(self) -> bool:
        return self.result.success

    @property
    def tries(self) -> int:
        """How often its step was begun."""
        begun = (dg.DagsterEventType.STEP_START, dg.DagsterEventType.STEP_RESTARTED)
        return sum(len(self.events(kind)) for kind in begun)

    @property
    def failure(self) -> str:
        """What its step's failure says, with the causes."""
        (event,) = self.events(dg.DagsterEventType.STEP_FAILURE)
        said, error = [], event.step_failure_data.error
        while error is not None:
            said.append(error.message)
            error = error.cause
        return "".join(said)

    @property
    def materialised(self) -> dict[str | None, dict[str, Any]]:
        """The metadata by partition."""
        events = self.events(dg.DagsterEventType.ASSET_MATERIALIZATION)
        found = [event.step_materialization_data.materialization for event in events]
        return {one.partition: {name: value.value for name, value in one.metadata.items()} for one in found}

    def events(self, kind: dg.DagsterEventType) -> Sequence[dg.DagsterEvent]:
        logs = self.instance.all_logs(self.result.run_id, of_type=kind)
        return [entry.get_dagster_event() for entry in logs]


@pytest.fixture(scope="session")
def _simulator() -> Iterator[SimulatorControl]:
    with RunningSimulator(SimulatorSettings(port=0, rate_limits=None)) as running:
        yield running.control


@pytest.fixture
def runs(
    environment: pytest.MonkeyPatch, _simulator: SimulatorControl, database: Database, instance: dg.DagsterInstance
) -> Runs:
    """A few tracked symbols, healthy vendors, and retries without the wait that the assets have between them."""
    _simulator.reset()
    _simulator.set_clock(NOW, speed=0)
    environment.setenv("SIMULATOR_PORT", str(urlsplit(_simulator.url).port))
    environment.setenv("SIMULATOR_RATE_FACTOR", "1000")
    environment.setattr(execution, "RETRIES", dg.RetryPolicy())
    with database.connect() as connection:
        claim_world(connection, load_settings().world)  # a new database would get the default universe
    found = Runs(_simulator, database, instance)
    found.track(*TRACKED)
    return found
