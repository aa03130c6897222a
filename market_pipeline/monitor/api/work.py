"""`/api/v1`: what ran and runs: executions, tasks (runs of Dagster) and single calls to vendors."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, HTTPException, Query
from pydantic import BaseModel, Field

from market_pipeline.monitor.access import controller
from market_pipeline.monitor.services import Reading, Served
from market_pipeline.queue import Task, failed_tasks, task
from market_pipeline.tracking.attempt_history import PastAttempt, past_attempts
from market_pipeline.tracking.history import PastExecution, SymbolProgress, past_execution, past_executions, symbols_of

router = APIRouter(prefix="/api/v1", tags=["work"])
Text = Annotated[str | None, Query(max_length=100)]


class Attempts(BaseModel):
    attempts: list[PastAttempt]
    next_before: int | None = Field(description="give it as `before` for the next page; null on the last one")


class ExecutionDetail(BaseModel):
    execution: PastExecution
    symbols: list[SymbolProgress]


class Cancelled(BaseModel):
    task_id: str
    requested_at: datetime


@router.get("/executions")
def executions(
    connection: Reading, data_type: Text = None, limit: Annotated[int, Query(ge=1, le=500)] = 50
) -> list[PastExecution]:
    """The last executions, newest first."""
    return past_executions(connection, limit, data_type=data_type)


@router.get("/executions/{execution_id}")
def execution(connection: Reading, execution_id: UUID) -> ExecutionDetail:
    """One execution, symbol by symbol."""
    found = past_execution(connection, execution_id)
    if found is None:
        raise HTTPException(404, "there is no such execution, or it is so old that it was deleted")
    return ExecutionDetail(execution=found, symbols=symbols_of(connection, execution_id))


@router.get("/tasks/failed")
def failed(services: Served, limit: Annotated[int, Query(ge=1, le=100)] = 20) -> list[Task]:
    """Runs that have failed for good, the latest first: their retries are used up, or could not have helped."""
    return failed_tasks(services.instance, limit)


@router.get("/tasks/{task_id}")
def task_status(services: Served, task_id: UUID) -> Task:
    """How a run is doing."""
    found = task(services.instance, str(task_id))
    if found is None:
        raise HTTPException(404, "there is no such run, or it is so old that it was deleted")
    return found


@router.post("/tasks/{task_id}/cancel", status_code=202, dependencies=[Depends(controller)])
def cancel(services: Served, task_id: UUID) -> Cancelled:
    """Stop a run that is queued or running; what it has stored stays.  409 while its process starts: ask again then."""
    services.dagster.cancel(str(task_id))
    return Cancelled(task_id=str(task_id), requested_at=services.clock())


@router.get("/attempts")
def attempts(
    connection: Reading,
    provider: Text = None,
    data_type: Text = None,
    symbol: Text = None,
    outcome: Text = None,
    run_id: Text = None,
    before: Annotated[int | None, Query(ge=0, lt=2**63)] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> Attempts:
    """Calls to vendors, newest first."""
    found = past_attempts(
        connection,
        limit,
        before=before,
        provider=provider,
        data_type=data_type,
        symbol=symbol,
        outcome=outcome,
        run_id=run_id,
    )
    return Attempts(attempts=found, next_before=found[-1].attempt_id if len(found) == limit else None)
