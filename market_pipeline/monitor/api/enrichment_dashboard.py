"""`/api/v1/enrichment/dashboard`: how the enrichment of symbols does.  Reading only."""

from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Literal

from fastapi import APIRouter, HTTPException, Request
from pydantic import BaseModel, Field

from market_pipeline.enrichment.pool import RETRIES
from market_pipeline.monitor.api.enrichment_control import JOB, SCHEDULE, EnrichmentJob
from market_pipeline.monitor.dagster_control import Automation, DagsterRefused, DagsterUnreachable
from market_pipeline.monitor.gathering import Gathered
from market_pipeline.monitor.services import Reading, Served, Services
from market_pipeline.queue import silent_daemons
from market_pipeline.timetable import ENRICHMENT_AT
from market_pipeline.tracking.computations import compute_stats
from market_pipeline.tracking.history import (
    PastExecution,
    SymbolProgress,
    latest_of_symbols,
    past_executions,
    symbols_of,
)
from market_pipeline.tracking.quality import quality_summary
from market_pipeline.tracking.statistics import provider_performance

DAY = timedelta(hours=24)
LATE = timedelta(hours=25)  # it runs daily
router = APIRouter(prefix="/api/v1/enrichment/dashboard", tags=["enrichment"])


def latest_enrichments(services: Services) -> Gathered[SymbolProgress]:
    """How symbols do in their last enrichment."""
    return Gathered(lambda symbols: services.reader.ask(lambda connection: latest_of_symbols(connection, symbols, JOB)))


class SchedulerState(BaseModel):
    running: bool
    last_enrichment_time: datetime | None
    next_enrichment_time: datetime | None = Field(description="null while it is paused or Dagster cannot be asked")


class LastJob(EnrichmentJob):
    retried: int = Field(validation_alias="retried_symbols")


class FetchPipeline(BaseModel):
    """Calls to vendors in the last 24 hours; success_rate is in percent."""

    total_fetches: int
    successful: int
    success_rate: float | None
    avg_response_time_ms: float | None
    api_quota_remaining: int | None = Field(description="of all vendors that have a quota; null where none has")


class ComputePipeline(BaseModel):
    """Series computed in the last 24 hours; success_rate is in percent."""

    total_computations: int
    successful: int
    success_rate: float | None
    avg_computation_time_ms: float | None


class Quality(BaseModel):
    """avg_validation_rate is in percent, avg_quality_score from 0 to 1."""

    symbols_tracked: int
    avg_validation_rate: float | None
    avg_quality_score: float | None


class Metrics(BaseModel):
    fetch_pipeline: FetchPipeline
    compute_pipeline: ComputePipeline
    data_quality: Quality


class TimedMetrics(Metrics):
    timestamp: datetime


class QueuedSymbol(BaseModel):
    symbol: str
    status: str
    retry_count: int


class Overview(BaseModel):
    timestamp: datetime
    scheduler: SchedulerState
    last_job: LastJob | None
    metrics: Metrics
    job_queue: list[QueuedSymbol]


class JobStatus(BaseModel):
    symbol: str
    status: Literal["pending", "in_progress", "completed", "failed", "retry"]
    retry_count: int
    last_error: str | None
    started_at: datetime | None
    completed_at: datetime | None
    timestamp: datetime


class Config(BaseModel):
    enrichment_hour: int = Field(description="UTC")
    enrichment_minute: int
    max_concurrent_symbols: int
    max_retries: int


class Health(BaseModel):
    timestamp: datetime
    health_status: Literal["healthy", "warning", "critical"]
    running: bool = Field(description="whether an enrichment runs now")
    scheduler_running: bool
    last_enrichment_time: datetime | None
    issues: list[str]
    config: Config


@router.get("/overview")
def overview(services: Served, connection: Reading) -> Overview:
    """The scheduler, the last enrichment, the last 24 hours, and each symbol of the last enrichment."""
    last = _last(connection)
    schedule = _schedule(services)
    return Overview(
        timestamp=services.clock(),
        scheduler=SchedulerState(
            running=not silent_daemons(services.instance) and (schedule is None or schedule.running),
            last_enrichment_time=None if last is None else last.started_at,
            next_enrichment_time=None if schedule is None else schedule.next_at,
        ),
        last_job=None if last is None else LastJob.model_validate(last),
        metrics=_metrics(connection),
        job_queue=[
            QueuedSymbol(symbol=one.symbol, status=one.status, retry_count=one.retry_count)
            for one in ([] if last is None else symbols_of(connection, last.execution_id))
        ],
    )


@router.get("/job-status/{symbol}")
async def job_status(request: Request, services: Served, symbol: str) -> JobStatus:
    """What the last enrichment of a symbol came to, or how far it is."""
    latest: Gathered[SymbolProgress] = request.app.state.latest
    found = await latest.of(symbol.upper())
    if found is None:
        raise HTTPException(404, f"{symbol[:40]!r} was not enriched yet")
    return JobStatus(
        symbol=found.symbol,
        status=found.status,  # type: ignore[arg-type]  # the table's check has the same five
        retry_count=found.retry_count,
        last_error=found.last_error or found.error_message,
        started_at=found.started_at,
        completed_at=found.completed_at,
        timestamp=services.clock(),
    )


@router.get("/metrics")
def metrics(services: Served, connection: Reading) -> TimedMetrics:
    """Fetching and computing in the last 24 hours, and the quality of what is there."""
    return TimedMetrics(timestamp=services.clock(), **dict(_metrics(connection)))


@router.get("/health")
def health(services: Served, connection: Reading) -> Health:
    """critical: no run starts automatically; warning: the last enrichment is long ago, or left symbols out."""
    last, alive, schedule = _last(connection), not silent_daemons(services.instance), _schedule(services)
    scheduler_running = alive and (schedule is None or schedule.running)
    issues = list(_issues(last, services.clock(), alive=alive, paused=schedule is not None and not schedule.running))
    settings = services.settings
    return Health(
        timestamp=services.clock(),
        health_status="critical" if not scheduler_running else "warning" if issues else "healthy",
        running=last is not None and last.status == "running",
        scheduler_running=scheduler_running,
        last_enrichment_time=None if last is None else last.started_at,
        issues=issues,
        config=Config(
            enrichment_hour=ENRICHMENT_AT.hour,
            enrichment_minute=ENRICHMENT_AT.minute,
            max_concurrent_symbols=settings.enrichment_concurrency,
            max_retries=RETRIES,
        ),
    )


def _last(connection: Reading) -> PastExecution | None:
    return next(iter(past_executions(connection, 1, data_type=JOB)), None)


def _schedule(services: Services) -> Automation | None:
    """The daily schedule; None when Dagster's webserver cannot be asked."""
    try:
        return next((one for one in services.dagster.automations() if one.name == SCHEDULE), None)
    except (DagsterUnreachable, DagsterRefused):
        return None


def _issues(last: PastExecution | None, now: datetime, *, alive: bool, paused: bool) -> Iterator[str]:
    """What is wrong, in words.  Pure."""
    if not alive:
        yield "Dagster's daemon sends no heartbeat: start it with `market-pipeline up`"
    if paused:
        yield "the daily enrichment is paused"
    if last is None:
        yield "no symbol was enriched yet"
        return
    if now - last.started_at > LATE:
        yield f"the last enrichment began {(now - last.started_at) // timedelta(hours=1)} hours ago"
    if last.failed_symbols:
        yield f"{last.failed_symbols} of {last.total_symbols} symbols failed in the last enrichment"
    if last.status == "failed":
        yield f"the last enrichment failed: {last.error_message}"


def _metrics(connection: Reading) -> Metrics:
    vendors = provider_performance(connection, window=DAY)
    calls, good = sum(one.total_attempts for one in vendors), sum(one.successes for one in vendors)
    judged = good + sum(one.failures for one in vendors)
    spent = sum((one.avg_response_time_ms or 0) * one.total_attempts for one in vendors)
    quotas = [one.quota_left for one in vendors if one.quota_left is not None]
    return Metrics(
        fetch_pipeline=FetchPipeline(
            total_fetches=calls,
            successful=good,
            success_rate=100 * good / judged if judged else None,
            avg_response_time_ms=spent / calls if calls else None,
            api_quota_remaining=sum(quotas) if quotas else None,
        ),
        compute_pipeline=ComputePipeline(**asdict(compute_stats(connection, DAY))),
        data_quality=Quality(**asdict(quality_summary(connection))),
    )
