"""`/api/v1/providers`: state and performance of vendors, what changed it, and resetting one."""

from datetime import datetime, timedelta
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, Field

from market_pipeline.monitor.access import controller
from market_pipeline.monitor.services import KnownVendor, Reading, Served
from market_pipeline.tracking.gates import GateEvent, GateStatus, gate_events, gate_status, reset_provider_failures
from market_pipeline.tracking.statistics import (
    HistoryPoint,
    ProviderPerformance,
    TrackerStats,
    provider_history,
    provider_performance,
    tracking_statistics,
)

router = APIRouter(prefix="/api/v1/providers", tags=["providers"])


DataType = Annotated[str | None, Query(max_length=100, description="one data type; all of them without")]


class Providers(BaseModel):
    timestamp: datetime
    totals: TrackerStats
    providers: list[ProviderPerformance]


class ProviderDetail(BaseModel):
    timestamp: datetime
    performance: ProviderPerformance | None = Field(description="null for a vendor that was never asked")
    gates: list[GateStatus] = Field(description="its endpoints as they may be called now")


class Reset(BaseModel):
    provider: str
    changed: int = Field(description="states that were not closed before")


@router.get("")
def providers(
    services: Served,
    connection: Reading,
    data_type: DataType = None,
    hours: Annotated[int | None, Query(ge=1, le=720, description="of the last hours; of all time without")] = None,
) -> Providers:
    """Every vendor that was ever asked."""
    window = None if hours is None else timedelta(hours=hours)
    found = tracking_statistics(connection, data_type=data_type, window=window)
    return Providers(
        timestamp=services.clock(),
        totals=found["tracker_stats"],
        providers=list(found["provider_performance"].values()),
    )


@router.get("/events")
def events(connection: Reading, limit: Annotated[int, Query(ge=1, le=500)] = 50) -> list[GateEvent]:
    """When and why vendors were blocked and called again, newest first."""
    return gate_events(connection, limit)


@router.get("/{name}")
def provider(services: Served, connection: Reading, name: KnownVendor) -> ProviderDetail:
    """How one vendor stands and does."""
    performance = [one for one in provider_performance(connection) if one.provider == name]
    gates = [one for one in gate_status(connection) if one.name == name]
    return ProviderDetail(timestamp=services.clock(), performance=next(iter(performance), None), gates=gates)


@router.get("/{name}/history")
def history(
    services: Served,
    connection: Reading,
    name: KnownVendor,
    data_type: DataType = None,
    by: Literal["hour", "day"] = "hour",
    hours: Annotated[int, Query(ge=1, le=2160)] = 24,
) -> list[HistoryPoint]:
    """How a vendor did hour by hour or day by day, the oldest first."""
    since = services.clock() - timedelta(hours=hours)
    return provider_history(connection, since=since, by=by, provider=name, data_type=data_type)


@router.post("/{name}/reset", dependencies=[Depends(controller)])
def reset(services: Served, name: KnownVendor, data_type: DataType = None) -> Reset:
    """Let a blocked vendor be called again; what is used of its limits stays used."""
    with services.database.connect(autocommit=True, name="monitor reset") as connection:
        return Reset(provider=name, changed=reset_provider_failures(connection, name, data_type))
