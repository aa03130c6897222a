"""Somebody is told when something is wrong, and when it is over.

Here belong what only Dagster knows of how things are, and the tick: look, remember, tell.  What counts as wrong is
`tracking.alerts`'s.  Whoever cannot be told now is told by a later tick; nothing is lost, because what is untold follows from
the table `alerts`.  If the daemon itself is dead nobody is told: watch it from outside.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

import dagster as dg

from market_pipeline.queue import AUTOMATION_TAGS, silent_daemons, why_it_ended
from market_pipeline.resources import Clock, utc_now
from market_pipeline.sensors.requests import PURPOSE_TAG, Purpose
from market_pipeline.settings import load_settings
from market_pipeline.storage.database import Connection
from market_pipeline.storage.prepare import prepared_database
from market_pipeline.tracking.alert_delivery import DeliveryFailed, Recipient, recipients, send, told
from market_pipeline.tracking.alert_log import mark_told, open_alerts, record_alerts, untold
from market_pipeline.tracking.alert_snapshot import read_snapshot
from market_pipeline.tracking.alerts import Snapshot, alerts

RUNS_TO_LOOK_AT = 10  # of a job, to find the last one that concerns everybody
ENDED = [dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE]


def alerts_sensor(clock: Clock = utc_now) -> dg.SensorDefinition:
    """The sensor, by a clock of the caller's."""

    @dg.sensor(
        name="alerts_sensor",
        minimum_interval_seconds=60,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Evaluates the alert rules and sends new and resolved alerts to ALERT_URLS.",
    )
    def _sensor(context: dg.SensorEvaluationContext) -> dg.SkipReason:
        """Asks for no run, so that each tick is a skipped one, with what it found as the reason."""
        now, settings = clock(), load_settings()
        urls = "" if settings.alert_urls is None else settings.alert_urls.get_secret_value()
        with prepared_database(settings).connect(autocommit=True, name="alerts sensor") as connection:
            record_alerts(connection, alerts(_snapshot(context, connection, now)), now)
            for recipient in recipients(urls):
                _tell(context, connection, recipient, now)
            found = open_alerts(connection)
        said = ", ".join(f"{one.name} {one.subject}".strip() for one in found)
        unheard = "" if urls or not found else " (ALERT_URLS is not set: no message is sent)"
        return dg.SkipReason(f"{said}{unheard}" if found else "nothing is wrong")

    return _sensor


def _tell(context: dg.SensorEvaluationContext, connection: Connection, recipient: Recipient, now: datetime) -> None:
    """Everything that one recipient has not been told yet, in one message: a tick may take 60 s, however many alerts."""
    news = untold(connection, recipient.id)
    if not news:
        return
    try:
        send(recipient, *told(news))
    except DeliveryFailed as error:
        context.log.warning("%d alerts could not be sent, and are retried at the next tick: %s", len(news), error)
    else:
        mark_told(connection, recipient.id, news, now)


def _snapshot(context: dg.SensorEvaluationContext, connection: Connection, now: datetime) -> Snapshot:
    repository = context.repository_def
    assert repository is not None  # noqa: S101 - a sensor of a code location has one
    states = context.instance.all_instigator_state()
    stopped = {state.instigator_name for state in states if state.status.value == "STOPPED"}
    return replace(
        read_snapshot(connection, now),
        silent_daemons=silent_daemons(context.instance),
        stopped_schedules=tuple(sorted(one.name for one in repository.schedule_defs if one.name in stopped)),
        failed_runs=_failed_runs(context.instance, repository),
    )


def _failed_runs(instance: dg.DagsterInstance, repository: dg.RepositoryDefinition) -> dict[str, str]:
    """The jobs whose last run failed, and why.

    Whoever starts a run by hand sees how it ends, and what the retries of single symbols came to is in `failed_symbols`.
    """
    found = {}
    for job in repository.get_all_jobs():
        runs = instance.get_runs(dg.RunsFilter(job_name=job.name, statuses=ENDED), limit=RUNS_TO_LOOK_AT)
        last = next((run for run in runs if concerns_everybody(run.tags)), None)
        if last is not None and last.status is dg.DagsterRunStatus.FAILURE:
            found[job.name] = why_it_ended(instance, last) or f"see run {last.run_id[:8]}"
    return found


def concerns_everybody(tags: Mapping[str, str]) -> bool:
    """Whether the failure of a run with these tags is news: no person started it, and it is no retry.  Pure."""
    return any(tag in tags for tag in AUTOMATION_TAGS) and tags.get(PURPOSE_TAG) != Purpose.RETRY
