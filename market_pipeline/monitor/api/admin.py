"""`/api/v1/admin`: how the scheduler does, how stale features are, what ran.  Reading only."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel

from market_pipeline.monitor.services import Reading, Served
from market_pipeline.queue import silent_daemons
from market_pipeline.tracking.health import health
from market_pipeline.tracking.history import past_executions
from market_pipeline.tracking.staleness import FreshnessEntry, StalenessSummary, Status, staleness_report

FEATURES = "price_features"
Limit = Annotated[int, Query(ge=1, le=500, description="entries, at most")]
router = APIRouter(prefix="/api/v1/admin", tags=["admin"])


class LastExecution(BaseModel):
    execution_id: UUID
    started_at: datetime
    completed_at: datetime | None
    status: Literal["running", "completed", "failed"]
    successful_symbols: int
    failed_symbols: int


class RecentFailure(BaseModel):
    symbol: str
    timeframe: str
    error: str
    failed_at: datetime


class SchedulerHealth(BaseModel):
    """degraded: something does not work, or nothing does; `market-pipeline status` and the overview say what."""

    status: Literal["healthy", "degraded"]
    timestamp: datetime
    last_execution: LastExecution | None
    stale_features_count: int
    recent_failures: list[RecentFailure]
    total_symbols_monitored: int


class FeatureEntry(BaseModel):
    symbol: str
    timeframe: str
    last_computed_at: datetime | None
    staleness_seconds: int | None
    status: Status
    data_point_count: int


class FeatureStaleness(BaseModel):
    """The lists are cut off at the limit, the summary counts all."""

    timestamp: datetime
    summary: StalenessSummary
    by_status: dict[Status, list[FeatureEntry]]


class ExecutionSummary(BaseModel):
    """success_rate is in percent; null while the execution runs, or without symbols."""

    execution_id: UUID
    started_at: datetime
    completed_at: datetime | None
    duration_seconds: float | None
    total_symbols: int
    successful_symbols: int
    failed_symbols: int
    total_records_processed: int
    status: Literal["running", "completed", "failed"]
    error_message: str | None
    success_rate: float | None


class ExecutionHistory(BaseModel):
    timestamp: datetime
    executions: list[ExecutionSummary]


@router.get("/scheduler-health")
def scheduler_health(services: Served, connection: Reading) -> SchedulerHealth:
    """What ran last, what is wrong with features now, and whether all is well."""
    found = health(connection, services.clock(), daemon_alive=not silent_daemons(services.instance))
    last = found["last_execution"]
    return SchedulerHealth(
        status="healthy" if found["status"] == "healthy" else "degraded",
        timestamp=found["timestamp"],
        last_execution=None if last is None else LastExecution.model_validate(last, from_attributes=True),
        stale_features_count=found["stale_features_count"],
        recent_failures=[
            RecentFailure(symbol=one.symbol, timeframe=one.timeframe, error=one.error_message, failed_at=one.failed_at)
            for one in found["recent_failures"]
        ],
        total_symbols_monitored=found["total_symbols_monitored"],
    )


@router.get("/features/staleness")
def feature_staleness(connection: Reading, limit: Limit = 50) -> FeatureStaleness:
    """How fresh features are, at most `limit` entries of each status."""
    report = staleness_report(connection, data_type=FEATURES, limit=limit)
    return FeatureStaleness(
        timestamp=report["timestamp"],
        summary=report["summary"],
        by_status={status: [_entry(one) for one in entries] for status, entries in report["by_status"].items()},
    )


@router.get("/scheduler/execution-history")
def execution_history(services: Served, connection: Reading, limit: Limit = 20) -> ExecutionHistory:
    """The last executions, newest first."""
    past = past_executions(connection, limit)
    return ExecutionHistory(
        timestamp=services.clock(),
        executions=[ExecutionSummary.model_validate(one, from_attributes=True) for one in past],
    )


def _entry(one: FreshnessEntry) -> FeatureEntry:
    return FeatureEntry.model_validate(one)
