"""Steps on other machines: where a broker is set, a run hands its steps to workers that Celery finds for them.

Here belongs how steps are handed out, and what becomes of one whose worker is lost.  What a step does knows nothing of it:
vendors' limits, answers and rows are in PostgreSQL, which all workers share.  Without a broker a run does its steps itself.
"""

from typing import TYPE_CHECKING, Any

import dagster as dg

from market_pipeline.settings import Settings, SettingsError

if TYPE_CHECKING:
    from celery import Celery

QUEUE = "dagster"  # the one that dagster-celery sends to


def executor(settings: Settings) -> dg.ExecutorDefinition:
    """Who does the steps of a run: its own process, because almost every run has one step and a second process would spend two
    more seconds on imports; with CELERY_BROKER_URL workers (`market-pipeline worker`).

    Raises SettingsError where the packages of the extra `celery` are missing.
    """
    if settings.celery_broker_url is None:
        return dg.in_process_executor
    try:
        from dagster_celery import celery_executor
    except ImportError:
        raise _not_installed() from None
    configured: dg.ExecutorDefinition = celery_executor.configured(_configuration(settings), name="workers")
    return configured


def worker_app(settings: Settings) -> "Celery":
    """The Celery application that a worker runs.  Raises SettingsError without a broker or without Celery."""
    if settings.celery_broker_url is None:
        raise SettingsError("CELERY_BROKER_URL is not set: a worker has to know who hands out the steps")
    try:
        from dagster_celery.make_app import make_app
        from dagster_celery.tasks import create_task
    except ImportError:
        raise _not_installed() from None
    app: Celery = make_app(_configuration(settings))  # type: ignore[no-untyped-call]
    create_task(app)  # type: ignore[no-untyped-call]
    return app


def _configuration(settings: Settings) -> dict[str, Any]:
    """What executor and workers have to agree on."""
    assert settings.celery_broker_url is not None  # noqa: S101 - both callers have looked
    broker = settings.celery_broker_url.get_secret_value()
    return {
        "broker": broker,
        "backend": broker if broker.startswith("redis") else "rpc://",
        "config_source": {
            "task_acks_late": True,  # a step is off the queue when it is done, not when it begins,
            "task_reject_on_worker_lost": True,  # so that a killed worker's step goes to another one at once,
            "broker_transport_options": {  # and one of a machine that is gone after this time, with Redis;
                "visibility_timeout": settings.celery_lost_after_seconds  # RabbitMQ sees the connection end
            },
            "worker_prefetch_multiplier": 1,  # a step waits for whoever is free
            "result_expires": 86_400,
            "broker_connection_retry_on_startup": True,
        },
    }


def _not_installed() -> SettingsError:
    return SettingsError("CELERY_BROKER_URL is set, but Celery is not installed: pip install 'market_pipeline[celery]'")
