"""The code location: everything that the package defines is in it, and each asset says what it is."""

import pkgutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Any

import dagster as dg
import pytest
from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition

import market_pipeline
from market_pipeline.datasets import DATA_TYPES, DATASETS, DataType
from market_pipeline.definitions import build_definitions
from market_pipeline.providers.registry import PROVIDERS
from market_pipeline.routes import ROUTES
from market_pipeline.storage.database import Database

KINDS = (
    dg.AssetsDefinition,
    dg.JobDefinition,
    UnresolvedAssetJobDefinition,
    dg.ScheduleDefinition,
    dg.SensorDefinition,
)


@pytest.fixture(scope="module")
def definitions() -> dg.Definitions:
    return build_definitions()


@pytest.fixture(scope="module")
def specs(definitions: dg.Definitions) -> dict[str, dg.AssetSpec]:
    return {spec.key.to_user_string(): spec for spec in definitions.resolve_all_asset_specs()}


def test_they_can_be_loaded_without_a_database(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("DATABASE_URL", "postgresql://nobody@127.0.0.1:1/nowhere")
    dg.Definitions.validate_loadable(build_definitions())


def test_loading_them_says_nothing() -> None:
    loaded = subprocess.run(
        [sys.executable, "-c", "import market_pipeline.definitions"], capture_output=True, text=True, check=True
    )
    assert loaded.stderr == ""


def test_whatever_a_module_of_the_package_defines_is_in_them(definitions: dg.Definitions) -> None:
    repository = definitions.get_repository_def()
    known = {
        *(key.to_user_string() for key in definitions.resolve_all_asset_keys()),
        *(job.name for job in repository.get_all_jobs()),
        *(schedule.name for schedule in repository.schedule_defs),
        *(sensor.name for sensor in repository.sensor_defs),
    }
    defined = set(_defined())
    assert {"stock_quotes", "stock_quotes_job", "market_data_refresh", "symbols_sensor"} <= defined, (
        "something is found"
    )
    assert defined <= known


def test_each_data_type_has_its_asset_its_job_and_its_running_schedule(
    definitions: dg.Definitions, specs: Mapping[str, dg.AssetSpec]
) -> None:
    for name in DATASETS:
        assert name in specs
        job = definitions.resolve_job_def(f"{name}_job")
        assert job.asset_layer.executable_asset_keys == {dg.AssetKey(name)}
        schedule = definitions.resolve_schedule_def(f"{name}_schedule")
        assert schedule.job_name == job.name
        assert schedule.default_status is dg.DefaultScheduleStatus.RUNNING
    assert definitions.resolve_sensor_def("symbols_sensor").default_status is dg.DefaultSensorStatus.RUNNING


def test_each_asset_says_what_it_is_whose_it_is_and_when_it_runs_by_itself(specs: Mapping[str, dg.AssetSpec]) -> None:
    assert {spec.group_name for spec in specs.values()} == {"prices", "companies", "events", "universe", "features"}
    for name, spec in specs.items():
        assert spec.description, name
        assert spec.owners == ["team:market-data"]
        assert spec.kinds >= {"postgres", "python"}
        assert spec.metadata["dagster/table_name"] == f"public.{name}"
        assert spec.automation_condition is None or spec.automation_condition.get_label(), name


@pytest.mark.parametrize("data_type", DATA_TYPES, ids=lambda one: one.name)
def test_an_asset_shows_what_its_data_type_declares(specs: Mapping[str, dg.AssetSpec], data_type: DataType) -> None:
    spec = specs[data_type.name]
    assert spec.description is not None
    assert spec.description.startswith(data_type.description)
    assert spec.freshness_policy == dg.FreshnessPolicy.time_window(
        fail_window=data_type.freshness.fail, warn_window=data_type.freshness.warn
    )
    described = {column.name: column.description for column in spec.metadata["dagster/column_schema"].columns}
    for name, field in data_type.record.model_fields.items():
        unit = (field.json_schema_extra or {}).get("unit")  # type: ignore[union-attr]  # a dict, or nothing
        assert described[name] == (f"{field.description} ({unit})" if unit else field.description) != ""
    homepages = [PROVIDERS[vendor].homepage for vendor in ROUTES.get(data_type.name, ())]
    assert [link for link in homepages if f"({link})" not in spec.description] == []


@pytest.mark.parametrize("data_type", DATA_TYPES, ids=lambda one: one.name)
def test_an_asset_is_tried_again_ever_later_and_not_together_with_others(
    definitions: dg.Definitions, data_type: DataType
) -> None:
    policy = definitions.resolve_assets_def(data_type.name).op.retry_policy
    assert policy is not None
    assert (policy.max_retries, policy.backoff) == (2, dg.Backoff.EXPONENTIAL)
    assert len({policy.calculate_delay(1) for _ in range(9)}) > 1


@pytest.mark.parametrize("name", [*(one.name for one in DATA_TYPES), "tracked_symbols"])
def test_the_columns_it_shows_are_those_of_its_table(
    specs: Mapping[str, dg.AssetSpec], database: Database, name: str
) -> None:
    with database.connect() as connection:
        types: dict[str, str] = dict(
            connection.execute(
                "SELECT attname, atttypid::regtype::text FROM pg_attribute"
                " WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped",
                [specs[name].metadata["dagster/table_name"]],
            ).fetchall()
        )
    columns = specs[name].metadata["dagster/column_schema"].columns
    assert len(columns) > 5
    assert {column.name: column.type for column in columns}.items() <= types.items()


def test_the_columns_of_the_universe_are_described_as_in_its_table(
    specs: Mapping[str, dg.AssetSpec], database: Database
) -> None:
    with database.connect() as connection:
        comments = connection.execute(
            "SELECT attname, col_description(attrelid, attnum) FROM pg_attribute"
            " WHERE attrelid = 'tracked_symbols'::regclass AND attnum > 0 AND NOT attisdropped"
        ).fetchall()
    columns = specs["tracked_symbols"].metadata["dagster/column_schema"].columns
    assert {(column.name, column.description) for column in columns} <= set(comments)
    assert all(comment for _, comment in comments)


def _defined() -> Iterator[str]:
    """The names of all Dagster objects in the package's modules, also in their lists and dicts."""
    for module in pkgutil.walk_packages(market_pipeline.__path__, "market_pipeline."):
        for value in vars(import_module(module.name)).values():
            yield from map(_name, filter(_is_dagsters, _inside(value)))


def _inside(value: Any) -> list[Any]:
    if type(value) is dict:
        return list(value.values())
    return list(value) if type(value) in (list, tuple) else [value]


def _is_dagsters(value: Any) -> bool:
    return isinstance(value, KINDS)


def _name(value: Any) -> str:
    return str(value.key.to_user_string() if isinstance(value, dg.AssetsDefinition) else value.name)


def test_no_job_starts_a_process_for_a_step_not_even_the_one_behind_the_materialize_button(
    definitions: dg.Definitions,
) -> None:
    executors = {job.name: job.executor_def.name for job in definitions.get_repository_def().get_all_jobs()}
    assert "__ASSET_JOB" in executors
    assert set(executors.values()) == {"in_process"}
