"""The sensor that tells people: from how things are, by the table `alerts`, to a receiver of HTTP messages."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from dagster._core.definitions.run_request import InstigatorType
from dagster._core.remote_origin import InProcessCodeLocationOrigin, RemoteInstigatorOrigin, RemoteRepositoryOrigin
from dagster._core.scheduler.instigation import InstigatorState, InstigatorStatus, ScheduleInstigatorData
from dagster._core.types.loadable_target_origin import LoadableTargetOrigin
from dagster._daemon.types import DaemonHeartbeat

from market_pipeline.queue import DAEMONS
from market_pipeline.sensors.alerts import alerts_sensor
from market_pipeline.tracking.alerts import LONGEST_SECONDS
from market_pipeline_tests.orchestration.conftest import NOW, Runs
from market_pipeline_tests.webhook import Webhook


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[dg.DagsterInstance]:
    """One that knows of schedules, which the ephemeral one does not; its events are in memory, else each run is a file."""
    in_memory = {"module": "dagster._core.storage.event_log", "class": "InMemoryEventLogStorage"}
    with dg.instance_for_test({"event_log_storage": in_memory}, temp_dir=str(tmp_path)) as one:
        yield one


@pytest.fixture
def receiver(environment: pytest.MonkeyPatch) -> Iterator[Webhook]:
    with Webhook() as one:
        environment.setenv("ALERT_URLS", one.url)
        yield one


@pytest.fixture(autouse=True)
def _daemons_are_alive(runs: Runs) -> None:
    for daemon in DAEMONS:
        runs.instance.add_daemon_heartbeat(DaemonHeartbeat(datetime.now(UTC).timestamp(), daemon, "id", []))


def look(runs: Runs, minutes: float) -> str | None:
    """A tick so many minutes after the run that the tests are about; what it found."""
    return runs.tick(alerts_sensor(lambda: NOW + timedelta(minutes=minutes))).skip_message


def scheduled(runs: Runs) -> bool:
    """Whether a run succeeds as a schedule has it: by its tags, and asking anew."""
    return runs.of("news", tags={"dagster/schedule_name": "news_schedule"}, use_cache=False).success


def failing_run(runs: Runs) -> None:
    runs.simulator.set_faults("*:html=1")
    assert not scheduled(runs)
    runs.simulator.set_faults({})


def good_run(runs: Runs) -> None:
    runs.rows("SELECT count(gate_reset(provider)) FROM provider_gates")
    assert scheduled(runs)


def only(runs: Runs, name: str) -> list[tuple[Any, ...]]:
    return runs.rows(f"SELECT subject, closed_at IS NOT NULL FROM alerts WHERE name = '{name}'")


def executed(runs: Runs, **columns: Any) -> None:
    """An execution that has ended, in the log."""
    row = {
        "execution_id": "gen_random_uuid()",
        "run_id": "'run'",
        "job": "'news_job'",
        "data_type": "'news'",
        "started_at": f"'{NOW}'::timestamptz - interval '2 hours'",
        "completed_at": f"'{NOW}'::timestamptz - interval '1 hour 50 minutes'",
        "updated_at": f"'{NOW}'",
        "status": "'completed'",
        "total_symbols": "4",
        **{name: f"'{value}'" for name, value in columns.items()},
    }
    runs.rows(f"INSERT INTO scheduler_execution_log ({', '.join(row)}) VALUES ({', '.join(row.values())}) RETURNING 1")


def test_a_failed_run_is_told_once_when_it_lasts_and_once_more_when_it_is_over(runs: Runs, receiver: Webhook) -> None:
    assert look(runs, 0) == "nothing is wrong"
    failing_run(runs)
    assert str(look(runs, 1)).startswith("RunFailed news_job")
    look(runs, 2)
    assert receiver.got == [], "it may pass"
    for minutes in (3, 4, 5):
        look(runs, minutes)
    (first,) = receiver.texts
    assert (
        "[WARNING] RunFailed: the last run of news_job failed: 2 of 2 partitions of news could not be fetched" in first
    )
    good_run(runs)
    look(runs, 6)
    assert len(receiver.got) == 1, "it may come again"
    for minutes in (10, 11, 12):
        look(runs, minutes)
    assert len(receiver.got) == 2
    assert "[OVER] RunFailed" in receiver.texts[1]
    assert only(runs, "RunFailed") == [("news_job", True)]


def test_what_passes_at_once_is_told_to_nobody(runs: Runs, receiver: Webhook) -> None:
    failing_run(runs)
    look(runs, 1)
    good_run(runs)
    for minutes in (2, 3, 4, 6, 10, 19):
        look(runs, minutes)
    assert "RunFailed" not in " ".join(receiver.texts)
    assert only(runs, "RunFailed") == [("news_job", True)]


def test_what_comes_and_goes_is_one_alert(runs: Runs, receiver: Webhook) -> None:
    for begin in (0, 10):
        failing_run(runs)
        for minutes in range(6):
            look(runs, begin + minutes)
        good_run(runs)
        for minutes in range(6, 10):
            look(runs, begin + minutes)
    assert sum("RunFailed" in text for text in receiver.texts) == 1
    assert only(runs, "RunFailed") == [("news_job", False)]


def test_who_cannot_be_told_now_is_told_by_a_later_tick(
    runs: Runs, receiver: Webhook, capfd: pytest.CaptureFixture[str]
) -> None:
    failing_run(runs)
    receiver.status = 503
    for minutes in (1, 3, 4):
        look(runs, minutes)
    said = "".join(capfd.readouterr())
    assert (
        "alerts could not be sent, and are retried at the next tick: the json:// entry of ALERT_URLS was not reached"
        in said
    )
    assert "503" in said
    assert runs.rows("SELECT notified_at FROM alerts WHERE name = 'RunFailed'") == [(None,)]
    receiver.status = 200
    look(runs, 5)
    look(runs, 6)
    assert len(receiver.got) == 1
    assert not [secret for secret in ("sesame", "4711", "127.0.0.1:") if secret in said], "of the address"


def test_a_recipient_who_is_gone_does_not_make_the_others_hear_twice(
    runs: Runs, receiver: Webhook, environment: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    environment.setenv("ALERT_URLS", f"json://127.0.0.1:1/nobody {receiver.url} nonsense://sesame")
    failing_run(runs)
    for minutes in (1, 3, 4, 5):
        look(runs, minutes)
    assert len(receiver.got) == 1
    assert "the nonsense:// entry of ALERT_URLS is no Apprise URL" in "".join(capfd.readouterr())
    with Webhook() as late:
        environment.setenv("ALERT_URLS", f"{late.url} {receiver.url}")
        look(runs, 6)
    assert (len(late.got), len(receiver.got)) == (1, 1), "who comes later hears what is open"


def test_without_recipients_alerts_are_kept_all_the_same(runs: Runs) -> None:
    failing_run(runs)
    assert str(look(runs, 1)).endswith("(ALERT_URLS is not set: no message is sent)")
    assert only(runs, "RunFailed") == [("news_job", False)]


@pytest.mark.parametrize(
    "tags",
    [{}, {"dagster/sensor_name": "failed_symbols_sensor", "market_pipeline/purpose": "retry"}],
    ids=["by hand", "a retry"],
)
def test_runs_by_hand_and_retries_of_single_symbols_alarm_nobody(runs: Runs, tags: dict[str, str]) -> None:
    runs.simulator.set_faults("*:html=1")
    assert not runs.of("news", tags=tags).success
    look(runs, 1)
    assert only(runs, "RunFailed") == []


def test_a_stopped_schedule_and_a_silent_daemon_are_critical(runs: Runs) -> None:
    with dg.instance_for_test() as runs.instance:
        target = LoadableTargetOrigin(module_name="market_pipeline.definitions")
        origin = RemoteRepositoryOrigin(InProcessCodeLocationOrigin(target), "__repository__")
        for name in ("news_schedule", "schedule_of_long_ago"):
            state = InstigatorState(
                RemoteInstigatorOrigin(origin, name),
                InstigatorType.SCHEDULE,
                InstigatorStatus.STOPPED,
                ScheduleInstigatorData("*/30 * * * *"),
            )
            runs.instance.add_instigator_state(state)
        look(runs, 0)
    assert runs.rows("SELECT subject, severity FROM alerts WHERE name = 'SchedulerNotRunning' ORDER BY subject") == [
        ("QUEUED_RUN_COORDINATOR", "critical"),
        ("SCHEDULER", "critical"),
        ("news_schedule", "critical"),
    ]


def test_the_last_enrichment_counts_and_only_once_it_has_ended(runs: Runs) -> None:
    enrichment = {"job": "enrichment", "total_symbols": 400}
    executed(runs, **enrichment, run_id="one", data_type="historical_prices", failed_symbols=2)
    executed(runs, **enrichment, run_id="one", data_type="price_features", failed_symbols=6)
    look(runs, 0)
    assert only(runs, "EnrichmentJobFailed") == [("enrichment", False)]
    later = {"run_id": "two", "started_at": NOW - timedelta(hours=1), "completed_at": NOW - timedelta(minutes=59)}
    executed(runs, **enrichment, **later, data_type="historical_prices", failed_symbols=0)
    executed(runs, **enrichment, **later, data_type="price_features", status="running")
    look(runs, 6)
    assert only(runs, "EnrichmentJobFailed") == [("enrichment", False)]
    runs.rows("UPDATE scheduler_execution_log SET status = 'completed' RETURNING 1")
    look(runs, 12)
    assert only(runs, "EnrichmentJobFailed") == [("enrichment", True)]


def test_a_run_for_a_few_symbols_is_no_rate_and_last_weeks_is_none_either(runs: Runs) -> None:
    executed(runs, total_symbols=1, failed_symbols=1)
    executed(runs, data_type="dividends", failed_symbols=4, started_at=NOW - timedelta(days=3))
    look(runs, 0)
    assert only(runs, "HighFailureRate") == []
    executed(runs, data_type="earnings", failed_symbols=1)
    executed(runs, data_type="economic_events", total_symbols=1, failed_symbols=1)
    look(runs, 1)
    assert sorted(only(runs, "HighFailureRate")) == [("earnings", False), ("economic_events", False)]


def test_a_run_that_takes_long_is_told_and_a_backfill_has_its_time(runs: Runs) -> None:
    long_ago = {"started_at": NOW - timedelta(seconds=LONGEST_SECONDS + 1), "status": "running"}
    executed(runs, job="news_job", **long_ago)
    executed(
        runs,
        job="historical_prices_job",
        data_type="historical_prices",
        partition_key="2025-05-28...2026-05-28",
        **long_ago,
    )
    executed(runs, job="earnings_job", data_type="earnings")
    look(runs, 0)
    assert only(runs, "LongDuration") == [("news_job", False)]


def test_low_quality_and_stale_data_are_told(runs: Runs) -> None:
    runs.rows(
        "INSERT INTO data_quality (data_type, symbol, rows_checked, quality_score, measured_at, run_id)"
        " VALUES ('news', 'AAPL', 1, 0.9, now(), ''), ('news', 'MSFT', 1, 0.7, now(), '') RETURNING 1"
    )
    look(runs, 0)
    assert only(runs, "LowDataQuality") == [("", False)]
    assert only(runs, "StaleData") == [], "what was never fetched is missing, not stale"
    assert runs.of("company_info").success
    runs.rows(
        "UPDATE data_freshness SET fresh_until = '2026-01-01', stale_at = '2026-01-02'"
        " WHERE data_type = 'company_info' RETURNING 1"
    )
    look(runs, 1)
    assert only(runs, "StaleData") == [("company_info", False)]
