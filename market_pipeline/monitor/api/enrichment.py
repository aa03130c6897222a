"""`/api/v1/enrichment`: how the enrichment of symbols does, its history, and control over it."""

from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, HTTPException, Query
from pydantic import BaseModel, Field

from market_pipeline.enrichment import RETRIES
from market_pipeline.monitor.access import controller
from market_pipeline.monitor.api.scheduler import daemon_runs
from market_pipeline.monitor.dagster_control import Automation, DagsterRefused, DagsterUnreachable
from market_pipeline.monitor.runs import Launching
from market_pipeline.monitor.services import Reading, Served, Services
from market_pipeline.storage.universe import tracked_symbols
from market_pipeline.tracking.computations import compute_stats
from market_pipeline.tracking.history import PastExecution, latest_of_symbol, past_executions, symbols_of
from market_pipeline.tracking.quality import quality_summary
from market_pipeline.tracking.statistics import provider_performance

JOB, SCHEDULE = "enrichment", "enrichment_schedule"
DAY = timedelta(hours=24)
LATE = timedelta(hours=25)  # it runs daily
router = APIRouter(prefix="/api/v1/enrichment", tags=["enrichment"])


class SchedulerState(BaseModel):
    running: bool
    last_enrichment_time: datetime | None
    next_enrichment_time: datetime | None = Field(description="null while it is paused or Dagster cannot be asked")


class LastJob(BaseModel):
    started_at: datetime
    completed_at: datetime | None
    duration_seconds: float | None
    successful: int
    failed: int
    retried: int


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


class ResultSummary(BaseModel):
    """Null until the run has ended: /api/v1/tasks/{run_id} and the history tell."""

    successful: int | None = None
    failed: int | None = None
    duration_seconds: float | None = None


class Triggered(BaseModel):
    timestamp: datetime
    status: Literal["triggered"] = "triggered"
    symbols_to_process: int
    manual_trigger: Literal[True] = True
    result_summary: ResultSummary = ResultSummary()
    run_id: str


class Switched(BaseModel):
    timestamp: datetime
    status: Literal["paused", "running"]


class PastJob(BaseModel):
    started_at: datetime
    completed_at: datetime | None
    duration_seconds: float | None
    successful: int
    failed: int
    total_records_inserted: int
    total_records_updated: int


class History(BaseModel):
    timestamp: datetime
    count: int
    jobs: list[PastJob]


@router.get("/dashboard/overview")
def overview(services: Served, connection: Reading) -> Overview:
    """The scheduler, the last enrichment, the last 24 hours, and each symbol of the last enrichment."""
    last = _last(connection)
    schedule = _schedule(services)
    return Overview(
        timestamp=services.clock(),
        scheduler=SchedulerState(
            running=daemon_runs(services.instance) and (schedule is None or schedule.running),
            last_enrichment_time=None if last is None else last.started_at,
            next_enrichment_time=None if schedule is None else schedule.next_at,
        ),
        last_job=None if last is None else _last_job(last),
        metrics=_metrics(connection),
        job_queue=[
            QueuedSymbol(symbol=one.symbol, status=one.status, retry_count=one.retry_count)
            for one in ([] if last is None else symbols_of(connection, last.execution_id))
        ],
    )


@router.get("/dashboard/job-status/{symbol}")
def job_status(services: Served, connection: Reading, symbol: str) -> JobStatus:
    """What the last enrichment of a symbol came to, or how far it is."""
    found = latest_of_symbol(connection, symbol.upper(), limit=1, data_type=JOB)
    if not found:
        raise HTTPException(404, f"{symbol[:40]!r} was not enriched yet")
    return JobStatus(
        symbol=found[0].symbol,
        status=found[0].status,  # type: ignore[arg-type]  # the table's check has the same five
        retry_count=found[0].retry_count,
        last_error=found[0].last_error or found[0].error_message,
        started_at=found[0].started_at,
        completed_at=found[0].completed_at,
        timestamp=services.clock(),
    )


@router.get("/dashboard/metrics")
def metrics(services: Served, connection: Reading) -> TimedMetrics:
    """Fetching and computing in the last 24 hours, and the quality of what is there."""
    return TimedMetrics(timestamp=services.clock(), **dict(_metrics(connection)))


@router.get("/dashboard/health")
def health(services: Served, connection: Reading) -> Health:
    """critical: nothing starts by itself; warning: the last enrichment is long ago, or left symbols out."""
    last, alive, schedule = _last(connection), daemon_runs(services.instance), _schedule(services)
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
            enrichment_hour=1,
            enrichment_minute=30,
            max_concurrent_symbols=settings.enrichment_concurrency,
            max_retries=RETRIES,
        ),
    )


@router.post("/trigger", status_code=202, dependencies=[Depends(controller)])
def trigger(
    services: Served,
    connection: Reading,
    launching: Launching,
    symbols: Annotated[list[str] | None, Query(description="repeated; all active ones without")] = None,
    asset_class: Annotated[str | None, Query(max_length=50)] = None,
) -> Triggered:
    """Enrich some symbols, those of an asset class, or all, now."""
    wanted = {symbol.upper() for symbol in symbols or ()}
    universe = tracked_symbols(connection)
    chosen = [
        one.symbol
        for one in universe
        if (not wanted or one.symbol in wanted) and (asset_class is None or one.asset_class == asset_class)
    ]
    strangers = wanted - {one.symbol for one in universe}
    if strangers or not chosen:
        classes = sorted({one.asset_class for one in universe})
        raise HTTPException(
            404,
            f"not tracked: {', '.join(sorted(strangers))[:200]}"
            if strangers
            else f"no tracked symbol is like that; asset classes are {', '.join(classes) or 'none'}",
        )
    config: dict[str, Any] = {} if len(chosen) == len(universe) else {"symbols": chosen}
    run_id = launching.launch(JOB, config)
    return Triggered(timestamp=services.clock(), symbols_to_process=len(chosen), run_id=run_id)


@router.api_route("/pause", methods=["GET", "POST"], dependencies=[Depends(controller)])
def pause(services: Served) -> Switched:
    """Turn the daily enrichment off; one that runs goes on."""
    return _switch(services, on=False)


@router.api_route("/resume", methods=["GET", "POST"], dependencies=[Depends(controller)])
def resume(services: Served) -> Switched:
    """Turn the daily enrichment on again."""
    return _switch(services, on=True)


@router.get("/history")
def history(services: Served, connection: Reading, limit: Annotated[int, Query(ge=1, le=500)] = 10) -> History:
    """The last enrichments, newest first."""
    jobs = [_past_job(one) for one in past_executions(connection, limit, data_type=JOB)]
    return History(timestamp=services.clock(), count=len(jobs), jobs=jobs)


def _last(connection: Reading) -> PastExecution | None:
    return next(iter(past_executions(connection, 1, data_type=JOB)), None)


def _schedule(services: Services) -> Automation | None:
    """The daily schedule; None when Dagster's webserver cannot be asked."""
    try:
        return next((one for one in services.dagster.automations() if one.name == SCHEDULE), None)
    except (DagsterUnreachable, DagsterRefused):
        return None


def _switch(services: Services, *, on: bool) -> Switched:
    for one in services.dagster.automations():
        if one.name == SCHEDULE:
            services.dagster.switch(one, on=on)
    return Switched(timestamp=services.clock(), status="running" if on else "paused")


def _issues(last: PastExecution | None, now: datetime, *, alive: bool, paused: bool) -> Iterator[str]:
    """What is wrong, in words.  Pure."""
    if not alive:
        yield "Dagster's daemon gives no sign of life: start it with `market-pipeline up`"
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


def _last_job(last: PastExecution) -> LastJob:
    return LastJob(
        started_at=last.started_at,
        completed_at=last.completed_at,
        duration_seconds=last.duration_seconds,
        successful=last.successful_symbols,
        failed=last.failed_symbols,
        retried=last.retried_symbols,
    )


def _past_job(one: PastExecution) -> PastJob:
    return PastJob(
        started_at=one.started_at,
        completed_at=one.completed_at,
        duration_seconds=one.duration_seconds,
        successful=one.successful_symbols,
        failed=one.failed_symbols,
        total_records_inserted=one.total_records_inserted,
        total_records_updated=one.total_records_updated,
    )
