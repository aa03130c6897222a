"""When somebody should be told: rules over a snapshot of how things are.

Here belong the rules with their thresholds, as pure functions.  Reading a snapshot is `alert_snapshot`'s, remembering what was
found `alert_log`'s, telling people `alert_delivery`'s.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

ENRICHMENT = "enrichment"
"""The job that EnrichmentJobFailed is about."""

MOST_FAILED = 5  # symbols of the last enrichment
HIGHEST_FAILURE_RATE = 0.1
LONGEST_SECONDS = 1800.0
LOWEST_QUALITY = 0.85
HIGHEST_STALE_SHARE = 0.1

Severity = Literal["critical", "warning"]


@dataclass(frozen=True, slots=True)
class Alert:
    """Something that is wrong now; `subject` tells it from others of its name."""

    name: str
    subject: str
    severity: Severity
    message: str


@dataclass(frozen=True, slots=True)
class Counted:
    """How many symbols something was about, and how many of them are not as they should be."""

    total: int
    bad: int

    @property
    def share(self) -> float:
        return self.bad / self.total if self.total else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """How things are, as far as a rule asks."""

    silent_daemons: tuple[str, ...] = ()
    """Daemons of Dagster that have sent no heartbeat for half an hour."""
    stopped_schedules: tuple[str, ...] = ()
    failed_runs: Mapping[str, str] = field(default_factory=dict)
    """Jobs whose last run failed, and why."""
    run_seconds: Mapping[str, float] = field(default_factory=dict)
    """How long the last run of each job took, or takes; without runs over ranges of sessions, which have their time."""
    last_enrichment: Counted | None = None
    """The symbols of the last enrichment, and those that failed."""
    last_fetches: Mapping[str, Counted] = field(default_factory=dict)
    """The symbols of each data type's last execution, and those that failed."""
    quality_score: float | None = None
    """The average over all symbols and data types, from 0 to 1; None where nothing was measured."""
    freshness: Mapping[str, Counted] = field(default_factory=dict)
    """The symbols of each data type, and those that are stale."""


def alerts(now: Snapshot) -> list[Alert]:
    """Everything that is wrong, by rule.  Pure."""
    return [
        alert
        for rule in (_scheduler, _runs, _enrichment, _fetches, _duration, _quality, _staleness)
        for alert in rule(now)
    ]


def _scheduler(now: Snapshot) -> Iterator[Alert]:
    for daemon in now.silent_daemons:
        message = f"Dagster's {daemon.lower()} daemon sends no heartbeat: no run starts automatically"
        yield Alert("SchedulerNotRunning", daemon, "critical", message)
    for schedule in now.stopped_schedules:
        yield Alert("SchedulerNotRunning", schedule, "critical", f"the schedule {schedule} is stopped")


def _runs(now: Snapshot) -> Iterator[Alert]:
    for job, reason in now.failed_runs.items():
        yield Alert("RunFailed", job, "warning", f"the last run of {job} failed: {reason}")


def _enrichment(now: Snapshot) -> Iterator[Alert]:
    last = now.last_enrichment
    if last is not None and last.bad > MOST_FAILED:
        message = f"{last.bad} of {last.total} symbols failed in the last enrichment (more than {MOST_FAILED})"
        yield Alert("EnrichmentJobFailed", ENRICHMENT, "warning", message)


def _fetches(now: Snapshot) -> Iterator[Alert]:
    for data_type, last in now.last_fetches.items():
        if last.share > HIGHEST_FAILURE_RATE:
            found = f"{last.bad} of {last.total} symbols failed in the last run of {data_type}"
            message = f"{found} (more than {HIGHEST_FAILURE_RATE:.0%})"
            yield Alert("HighFailureRate", data_type, "warning", message)


def _duration(now: Snapshot) -> Iterator[Alert]:
    for job, seconds in now.run_seconds.items():
        if seconds > LONGEST_SECONDS:
            message = (
                f"the last run of {job} takes or took {seconds / 60:.0f} minutes (more than {LONGEST_SECONDS / 60:.0f})"
            )
            yield Alert("LongDuration", job, "warning", message)


def _quality(now: Snapshot) -> Iterator[Alert]:
    if now.quality_score is not None and now.quality_score < LOWEST_QUALITY:
        message = f"the average quality of data is {now.quality_score:.2f} (less than {LOWEST_QUALITY})"
        yield Alert("LowDataQuality", "", "warning", message)


def _staleness(now: Snapshot) -> Iterator[Alert]:
    for data_type, symbols in now.freshness.items():
        if symbols.share > HIGHEST_STALE_SHARE:
            found = f"{data_type} is stale for {symbols.bad} of {symbols.total} symbols"
            message = f"{found} (more than {HIGHEST_STALE_SHARE:.0%})"
            yield Alert("StaleData", data_type, "warning", message)
