"""`/api/scheduler`: schedules and sensors on and off, the queue, and refreshes of a part of the universe."""

from datetime import datetime
from typing import Any, Literal

from fastapi import APIRouter, Depends, HTTPException
from pydantic import BaseModel, Field

from market_pipeline.datasets import DATASETS
from market_pipeline.monitor.access import controller
from market_pipeline.monitor.runs import Launching
from market_pipeline.monitor.services import Reading, Served
from market_pipeline.queue import queue_stats, silent_daemons
from market_pipeline.storage.universe import TrackedSymbol, tracked_symbols

EVERYTHING = "market_data_refresh"
router = APIRouter(prefix="/api/scheduler", tags=["scheduler"])


class Switched(BaseModel):
    status: Literal["started", "stopped"]
    timestamp: datetime
    changed: list[str] = Field(description="schedules and sensors that were not so before")


class Queue(BaseModel):
    """Runs.  Completed and failed count all that Dagster still keeps."""

    pending: int
    processing: int
    completed: int
    failed: int


class SchedulerStatus(BaseModel):
    timestamp: datetime
    running: bool = Field(description="whether Dagster's daemon starts runs at present")
    queue: Queue


class RefreshRequest(BaseModel):
    """Which part of the universe; what is left out does not narrow it."""

    model_config = {"extra": "forbid"}

    index: str | None = Field(default=None, max_length=100, examples=["S&P 500"])
    sector: str | None = Field(default=None, max_length=100, examples=["Technology"])
    symbols: list[str] = Field(default=[], max_length=5000)
    data_type: str | None = Field(default=None, max_length=100, description="one data type; all of them without")


class Queued(BaseModel):
    status: Literal["queued"] = "queued"
    timestamp: datetime
    task_id: str = Field(description="the run's id; /api/v1/tasks/{task_id} tells how it is doing")
    job: str
    symbols: int


@router.post("/start", dependencies=[Depends(controller)])
def start(services: Served) -> Switched:
    """Turn all schedules and sensors on."""
    return Switched(status="started", timestamp=services.clock(), changed=services.dagster.switch(on=True))


@router.post("/stop", dependencies=[Depends(controller)])
def stop(services: Served) -> Switched:
    """Turn all schedules and sensors off; runs that are queued or running go on."""
    return Switched(status="stopped", timestamp=services.clock(), changed=services.dagster.switch(on=False))


@router.get("/status")
def status(services: Served) -> SchedulerStatus:
    """Whether the scheduler runs, and how many runs wait, run and have ended."""
    stats = queue_stats(services.instance)
    return SchedulerStatus(
        timestamp=services.clock(),
        running=not silent_daemons(services.instance),
        queue=Queue(pending=stats.pending, processing=stats.processing, completed=stats.completed, failed=stats.failed),
    )


@router.post("/refresh", status_code=202, dependencies=[Depends(controller)])
def refresh(services: Served, connection: Reading, launching: Launching, asked: RefreshRequest) -> Queued:
    """Fetch a part of the universe now; what any run has been answered lately is not asked again."""
    universe = tracked_symbols(connection)
    wanted = {symbol.upper() for symbol in asked.symbols}
    part = [one.symbol for one in universe if one.matches(index=asked.index, sector=asked.sector)]
    chosen = [symbol for symbol in part if not wanted or symbol in wanted]
    if not chosen:
        raise HTTPException(404, _nothing_found(universe))
    everything = len(chosen) == len(universe)
    return _launch(services, launching, asked.data_type, {} if everything else {"symbols": chosen}, len(chosen))


@router.post("/force-refresh", status_code=202, dependencies=[Depends(controller)])
def force_refresh(services: Served, connection: Reading, launching: Launching) -> Queued:
    """Fetch everything now, whatever was answered lately."""
    return _launch(services, launching, None, {"use_cache": False}, len(tracked_symbols(connection)))


def _nothing_found(universe: list[TrackedSymbol]) -> str:
    indices = sorted({index for one in universe for index in one.indices})
    sectors = sorted({one.sector for one in universe if one.sector is not None})
    return (
        "no tracked symbol is in that part of the universe. Indices are "
        f"{', '.join(indices) or 'none'}; sectors are {', '.join(sectors) or 'none'}"
    )


def _launch(
    services: Served, launching: Launching, data_type: str | None, config: dict[str, Any], symbols: int
) -> Queued:
    if data_type is not None and data_type not in DATASETS:
        raise HTTPException(404, f"no such data type: there are {', '.join(DATASETS)}")
    job = EVERYTHING if data_type is None else f"{data_type}_job"
    run_config = {"ops": {data_type: {"config": config}}} if data_type is not None else config
    run_id = launching.launch(job, run_config)
    return Queued(timestamp=services.clock(), task_id=run_id, job=job, symbols=symbols)
