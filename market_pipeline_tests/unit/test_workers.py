"""Who does the steps of runs: the run itself, or workers once a broker is named, whose address nobody else gets to see."""

import dagster as dg
import pytest
from dagster._serdes import serialize_value
from typer.testing import CliRunner

from market_pipeline.cli.app import app
from market_pipeline.definitions import build_definitions
from market_pipeline.settings import Settings, SettingsError
from market_pipeline.workers import QUEUE, executor, worker_app

BROKER = "redis://:opensesame@broker:6379/0"


@pytest.fixture
def with_broker(monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("CELERY_BROKER_URL", BROKER)
    monkeypatch.setenv("CELERY_LOST_AFTER_SECONDS", "900")
    return Settings.load()


def test_without_a_broker_a_run_does_its_steps_itself() -> None:
    assert executor(Settings.load()) is dg.in_process_executor


def test_with_a_broker_every_job_hands_its_steps_out(with_broker: Settings) -> None:
    jobs = list(build_definitions().resolve_all_job_defs())
    assert len(jobs) > 10
    assert {job.executor_def.name for job in jobs} == {"workers"}


def test_the_brokers_password_is_in_nothing_that_dagster_stores(with_broker: Settings) -> None:
    for job in build_definitions().resolve_all_job_defs():
        assert "opensesame" not in serialize_value(job.get_job_snapshot())


def test_a_worker_takes_a_step_when_it_is_free_and_gives_a_lost_one_back(with_broker: Settings) -> None:
    told = worker_app(with_broker).conf
    assert (told.broker_url, told.result_backend) == (BROKER, BROKER)
    assert (told.task_acks_late, told.task_reject_on_worker_lost, told.worker_prefetch_multiplier) == (True, True, 1)
    assert told.broker_transport_options["visibility_timeout"] == 900
    assert [queue.name for queue in told.task_queues] == [QUEUE]


def test_results_come_back_over_rabbitmq_where_that_is_the_broker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CELERY_BROKER_URL", "amqp://guest@broker//")
    assert worker_app(Settings.load()).conf.result_backend == "rpc://"


def test_a_worker_without_a_broker_is_told_what_is_missing() -> None:
    with pytest.raises(SettingsError, match="CELERY_BROKER_URL is not set"):
        worker_app(Settings.load())
    assert isinstance(CliRunner().invoke(app, ["worker"]).exception, SettingsError)
