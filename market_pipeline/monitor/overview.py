"""The first page: how things are in one sentence, what is wrong first, and what runs and comes next.

Whether things are well is judged by `tracking.health`; here is what the page shows of it.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from market_pipeline.monitor.charts import ring
from market_pipeline.monitor.dagster_control import Automation, DagsterRefused, DagsterUnreachable
from market_pipeline.monitor.rendering import page
from market_pipeline.monitor.services import Reading, Served, Services
from market_pipeline.monitor.timelines import HOURS, beats
from market_pipeline.queue import queue_stats, silent_daemons
from market_pipeline.tracking.alert_log import open_alerts
from market_pipeline.tracking.failed_symbols import count_failed_symbols
from market_pipeline.tracking.health import Health, health
from market_pipeline.tracking.history import past_executions
from market_pipeline.tracking.quality import quality_summary
from market_pipeline.tracking.staleness import StalenessSummary, freshness_summary
from market_pipeline.tracking.statistics import ProviderPerformance, provider_history, provider_performance

SOON = 6  # schedules
LAST = 10  # executions
router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)


@router.get("/")
def overview(request: Request, services: Served, connection: Reading) -> HTMLResponse:
    now = services.clock()
    since = now - timedelta(hours=HOURS - 1)
    vendors = provider_performance(connection, window=timedelta(hours=HOURS))
    freshness = freshness_summary(connection)
    found = health(connection, now, daemon_alive=not silent_daemons(services.instance), freshness=freshness)
    ran = past_executions(connection, LAST)
    return page(
        request,
        services,
        "overview",
        "Overview",
        status=found["status"],
        sentence=_sentence(found),
        beneath=_beneath(found, sum(one.status == "running" for one in ran)),
        issues=found["issues"],
        wrong=open_alerts(connection),
        queue=queue_stats(services.instance),
        failed=sum(count for _, state, count in count_failed_symbols(connection) if state != "expired"),
        quality=quality_summary(connection),
        **_freshness(freshness),
        **_calls(vendors),
        vendors=vendors,
        beats=beats(provider_history(connection, since=since), [one.provider for one in vendors], now),
        ran=sorted(ran, key=lambda one: one.status != "running"),
        upcoming=_upcoming(services),
    )


def _sentence(found: Health) -> str:
    """How things are, in one sentence.  Pure."""
    count = len(found["issues"])
    things = f"{count} thing{'s need' if count != 1 else ' needs'} a look"
    return {
        "healthy": "All is well.",
        "degraded": f"It works, but {things}.",
        "unhealthy": f"It does not work: {things}, the worst first.",
    }[found["status"]]


def _beneath(found: Health, running: int) -> str:
    last = found["last_execution"]
    told = f"{found['total_symbols_monitored']:,} symbols are tracked"
    if running:
        return f"{told}; {running} execution{'s are' if running > 1 else ' is'} running."
    if last is None:
        return f"{told}; nothing has run yet."
    return f"{told}; {last.data_type.replace('_', ' ')} ran last, at {last.started_at:%H:%M} UTC."


def _freshness(summaries: dict[str, StalenessSummary]) -> dict[str, Any]:
    fresh = sum(one["fresh_count"] for one in summaries.values())
    monitored = sum(one["total_monitored"] for one in summaries.values())
    share = fresh / monitored if monitored else None
    return {"freshness": summaries, "fresh": fresh, "monitored": monitored, "fresh_ring": ring(share, "fresh data")}


def _calls(vendors: Sequence[ProviderPerformance]) -> dict[str, Any]:
    good, bad = sum(one.successes for one in vendors), sum(one.failures for one in vendors)
    share = good / (good + bad) if good + bad else None
    return {
        "calls": sum(one.total_attempts for one in vendors),
        "limited": sum(one.rate_limited for one in vendors),
        "calls_ring": ring(share, "calls that were answered"),
    }


def _upcoming(services: Services) -> list[Automation] | None:
    """The schedules that tick next; None when Dagster's webserver cannot be asked."""
    try:
        due = [one for one in services.dagster.automations() if one.next_at is not None and one.running]
    except (DagsterUnreachable, DagsterRefused):
        return None
    return sorted(due, key=lambda one: (one.next_at is None, one.next_at))[:SOON]
