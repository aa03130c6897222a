"""Whether the pipeline works: healthy, degraded or unhealthy, with what is wrong in words.

Here belong the facts that are looked at, read from our tables, and the judgement on them, which is pure.  Telling people is the
alerts'; what only Dagster knows is not asked, so that this answers also where Dagster is down.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Literal, TypedDict

from market_pipeline.providers.registry import PROVIDERS
from market_pipeline.storage.database import Connection
from market_pipeline.tracking.alerts import HIGHEST_STALE_SHARE
from market_pipeline.tracking.history import OpenFailure, PastExecution, open_feature_failures, past_executions
from market_pipeline.tracking.staleness import StalenessSummary, freshness_summary

CHECKED_WITHIN = timedelta(hours=2)
"""The staleness check runs every hour: one that is this late was not started."""
RECENT_FAILURES = 10
KEYLESS = {name for name, vendor in PROVIDERS.items() if not vendor.needs_key}

HealthStatus = Literal["healthy", "degraded", "unhealthy"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What the judgement is about."""

    now: datetime
    last_check: datetime | None
    """When the hourly staleness check last ran: the heartbeat of everything that is scheduled."""
    daemon_alive: bool | None = None
    """Whether Dagster's daemon sends heartbeats; None where it was not asked."""
    freshness: Mapping[str, StalenessSummary]
    failed_executions: Mapping[str, str] = field(default_factory=dict)
    """Data types whose last execution failed, and why."""
    given_up: Mapping[str, int] = field(default_factory=dict)
    """Symbols that have failed too often to be retried, by data type."""
    vendors: int = 0
    callable_vendors: int = 0
    rejected_keys: tuple[str, ...] = ()
    feature_failures: int = 0


@dataclass(frozen=True, slots=True)
class Issue:
    """Something that is wrong.  With `fatal`, nothing works for as long as it is."""

    message: str
    fatal: bool = False


class Health(TypedDict):
    status: HealthStatus
    timestamp: datetime
    issues: list[str]
    """What is wrong and what to do about it, the worst first."""
    last_execution: PastExecution | None
    stale_features_count: int
    recent_failures: list[OpenFailure]
    """Features that cannot be computed, the latest failure first."""
    total_symbols_monitored: int


def health(
    connection: Connection,
    now: datetime,
    *,
    daemon_alive: bool | None = None,
    freshness: Mapping[str, StalenessSummary] | None = None,
) -> Health:
    """How the pipeline is.  `daemon_alive` is for callers who can ask Dagster, `freshness` for those who have read it."""
    facts = read_facts(connection, now, freshness_summary(connection) if freshness is None else freshness)
    facts = replace(facts, daemon_alive=daemon_alive)
    status, issues = judgement(facts)
    (symbols,) = connection.execute("SELECT count(*) FROM tracked_symbols WHERE active").fetchone() or (0,)
    features = facts.freshness.get("price_features")
    return Health(
        status=status,
        timestamp=now,
        issues=issues,
        last_execution=next(iter(past_executions(connection, 1)), None),
        stale_features_count=0 if features is None else features["stale_count"],
        recent_failures=open_feature_failures(connection, RECENT_FAILURES),
        total_symbols_monitored=symbols,
    )


def judgement(facts: Facts) -> tuple[HealthStatus, list[str]]:
    """Degraded where something does not work, unhealthy where nothing does.  Pure."""
    issues = sorted(
        [*_scheduling(facts), *_vendors(facts), *_data(facts), *_failures(facts)], key=lambda one: not one.fatal
    )
    status: HealthStatus = "unhealthy" if any(one.fatal for one in issues) else "degraded" if issues else "healthy"
    return status, [one.message for one in issues]


def _scheduling(facts: Facts) -> Iterator[Issue]:
    advice = "no schedule or sensor runs. Start Dagster: `market-pipeline up`"
    if facts.daemon_alive is False:
        yield Issue(f"Dagster's daemon sends no heartbeat: {advice}", fatal=True)
    elif facts.last_check is None and facts.daemon_alive:
        return  # it has just begun
    elif facts.last_check is None:
        yield Issue(
            "the hourly staleness check has never run: it does on the hour, while Dagster runs (`market-pipeline up`)"
        )
    elif facts.now - facts.last_check > CHECKED_WITHIN:
        yield Issue(
            f"the hourly staleness check last ran at {facts.last_check:%Y-%m-%d %H:%M} UTC: {advice}", fatal=True
        )


def _vendors(facts: Facts) -> Iterator[Issue]:
    if facts.vendors and not facts.callable_vendors:
        yield Issue(
            f"none of the {facts.vendors} vendors can be called now: `market-pipeline providers` shows why", fatal=True
        )
    for vendor in facts.rejected_keys:
        if vendor in KEYLESS:
            yield Issue(f"{vendor} refuses access: it is tried again automatically within an hour")
        else:
            yield Issue(f"{vendor} rejects its key: set a valid {vendor.upper()}_API_KEY")


def _data(facts: Facts) -> Iterator[Issue]:
    kept = {name: one for name, one in facts.freshness.items() if one["total_monitored"]}
    useless = {name: one["stale_count"] + one["missing_count"] for name, one in kept.items()}
    if kept and all(useless[name] == one["total_monitored"] for name, one in kept.items()):
        yield Issue("all data is stale or was never fetched", fatal=True)
        return
    for name, one in kept.items():
        total = one["total_monitored"]
        if useless[name] > HIGHEST_STALE_SHARE * total:
            parts = [f"{one['stale_count']} stale"] * bool(one["stale_count"])
            parts += [f"{one['missing_count']} never fetched"] * bool(one["missing_count"])
            yield Issue(f"{name}: {' and '.join(parts)}, of {total}: `market-pipeline freshness {name}` shows which")


def _failures(facts: Facts) -> Iterator[Issue]:
    for name, reason in facts.failed_executions.items():
        yield Issue(f"the last run of {name} failed: {reason}")
    for name, count in facts.given_up.items():
        yield Issue(f"{name}: {count} given up after all retries: fix the cause, then `market-pipeline retry {name}`")
    if facts.feature_failures:
        yield Issue(f"features of {facts.feature_failures} series cannot be computed: see feature_computation_failures")


def read_facts(connection: Connection, now: datetime, freshness: Mapping[str, StalenessSummary]) -> Facts:
    """The facts, as our tables have them."""
    ((last_check, feature_failures, vendors, callable_vendors, rejected_keys),) = connection.execute(_FACTS).fetchall()
    return Facts(
        now=now,
        last_check=last_check,
        freshness=freshness,
        failed_executions=dict(connection.execute(_FAILED_EXECUTIONS).fetchall()),
        given_up=dict(connection.execute(_GIVEN_UP).fetchall()),
        vendors=vendors,
        callable_vendors=callable_vendors,
        rejected_keys=tuple(rejected_keys),
        feature_failures=feature_failures,
    )


_FACTS = """
    SELECT
        (SELECT max(recorded_at) FROM dagster_freshness),
        (SELECT count(*) FROM feature_computation_failures WHERE NOT resolved),
        count(DISTINCT name),
        count(DISTINCT name) FILTER (WHERE state IN ('closed', 'half_open')),
        coalesce(array_agg(DISTINCT name ORDER BY name) FILTER (WHERE state = 'key_rejected'), '{}')
    FROM provider_status
"""
_FAILED_EXECUTIONS = """
    SELECT data_type, coalesce(last.error_message, 'no reason was written down')
    FROM data_types CROSS JOIN LATERAL (
        SELECT status, error_message FROM scheduler_execution_log AS past
        WHERE past.data_type = data_types.data_type AND status <> 'running' ORDER BY started_at DESC LIMIT 1
    ) AS last
    WHERE last.status = 'failed' ORDER BY data_type
"""
_GIVEN_UP = """
    SELECT data_type, count(*) FROM failed_symbols WHERE state = 'exhausted' GROUP BY data_type ORDER BY data_type
"""
