"""`/api/v1/enrichment`: starting the enrichment, pausing and resuming it, and what it came to."""

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, HTTPException, Query
from pydantic import BaseModel, ConfigDict, Field

from market_pipeline.monitor.access import controller
from market_pipeline.monitor.runs import Launching
from market_pipeline.monitor.services import Reading, Served, Services
from market_pipeline.storage.universe import tracked_symbols
from market_pipeline.tracking.history import past_executions

JOB, SCHEDULE = "enrichment", "enrichment_schedule"
router = APIRouter(prefix="/api/v1/enrichment", tags=["enrichment"])


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


class EnrichmentJob(BaseModel):
    """An enrichment as the execution log has it; made from a PastExecution."""

    model_config = ConfigDict(from_attributes=True)

    started_at: datetime
    completed_at: datetime | None
    duration_seconds: float | None
    successful: int = Field(validation_alias="successful_symbols")
    failed: int = Field(validation_alias="failed_symbols")


class PastJob(EnrichmentJob):
    total_records_inserted: int
    total_records_updated: int


class History(BaseModel):
    timestamp: datetime
    count: int
    jobs: list[PastJob]


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
    part = [one.symbol for one in universe if one.matches(asset_class=asset_class)]
    chosen = [symbol for symbol in part if not wanted or symbol in wanted]
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


@router.get("/pause", dependencies=[Depends(controller)])
@router.post("/pause", dependencies=[Depends(controller)])
def pause(services: Served) -> Switched:
    """Turn the daily enrichment off; one that runs goes on."""
    return _switch(services, on=False)


@router.get("/resume", dependencies=[Depends(controller)])
@router.post("/resume", dependencies=[Depends(controller)])
def resume(services: Served) -> Switched:
    """Turn the daily enrichment on again."""
    return _switch(services, on=True)


@router.get("/history")
def history(services: Served, connection: Reading, limit: Annotated[int, Query(ge=1, le=500)] = 10) -> History:
    """The last enrichments, newest first."""
    jobs = [PastJob.model_validate(one) for one in past_executions(connection, limit, data_type=JOB)]
    return History(timestamp=services.clock(), count=len(jobs), jobs=jobs)


def _switch(services: Services, *, on: bool) -> Switched:
    services.dagster.switch(on=on, names={SCHEDULE})
    return Switched(timestamp=services.clock(), status="running" if on else "paused")
