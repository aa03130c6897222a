"""The pages that are read: one a question.  What they say comes from where the JSON API takes it.

Forms, which change something, belong to `forms`; how a page is written to `rendering` and the templates.
"""

from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, HTTPException, Query, Request
from fastapi.responses import HTMLResponse
from markupsafe import Markup

from market_pipeline.datasets import DATASETS
from market_pipeline.monitor.charts import Point, line, ring
from market_pipeline.monitor.rendering import page
from market_pipeline.monitor.services import KnownVendor, Reading, Served
from market_pipeline.monitor.timelines import HOURS, beats, grid, hours_until
from market_pipeline.storage.universe import tracked_symbols
from market_pipeline.tracking.attempt_history import past_attempts
from market_pipeline.tracking.failed_symbols import read_failed_symbols
from market_pipeline.tracking.freshness_matrix import freshness_matrix, sectors
from market_pipeline.tracking.gates import gate_events, gate_status
from market_pipeline.tracking.history import past_execution, past_executions, symbols_of
from market_pipeline.tracking.quality import quality_summary, read_quality
from market_pipeline.tracking.staleness import STATUSES, freshness_summary, symbol_freshness
from market_pipeline.tracking.statistics import (
    HistoryPoint,
    answers_by_vendor,
    provider_history,
    provider_performance,
)

ROWS = 100  # of a table: a page stays quick, and what matters is on top
LOOKED_AT = 400  # executions, for the rows of ticks
WEEK = timedelta(days=7)
WHOLES = {one.name for one in DATASETS.values() if not one.per_symbol}  # of the whole market, of an index
router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)
Text = Annotated[str, Query(max_length=100)]
Offset = Annotated[int, Query(ge=0, le=1_000_000)]
Before = Annotated[int, Query(ge=0, lt=2**63)]


@router.get("/freshness")
def freshness(
    request: Request, services: Served, connection: Reading, sector: Text = "", status: Text = "", after: Text = ""
) -> HTMLResponse:
    wanted = status if status in STATUSES else None
    rows = freshness_matrix(connection, ROWS, after=after, sector=sector or None, status=wanted)
    wholes = [row for row in rows if set(row.states) <= WHOLES]
    return page(
        request,
        services,
        "freshness",
        "Freshness",
        rows=[row for row in rows if row not in wholes],
        wholes=[(name, row.symbol, state) for row in wholes for name, state in row.states.items()],
        columns=[name for name in freshness_summary(connection) if name not in WHOLES],
        sectors=sectors(connection),
        statuses=STATUSES,
        sector=sector,
        status=status,
        after=rows[-1].symbol if len(rows) == ROWS else None,
    )


@router.get("/attempts")
def attempts(
    request: Request,
    services: Served,
    connection: Reading,
    symbol: Text = "",
    data_type: Text = "",
    before: Before | None = None,
) -> HTMLResponse:
    symbol = symbol.strip().upper()
    found = past_attempts(connection, ROWS, before=before, symbol=symbol or None, data_type=data_type or None)
    held = symbol_freshness(connection, symbol) if symbol else []
    return page(
        request,
        services,
        "attempts",
        f"Calls for {symbol}" if symbol else "Calls",
        found=found,
        held=[one for one in held if data_type in ("", one["data_type"])],
        symbol=symbol,
        data_type=data_type,
        data_types=list(DATASETS),
        before=found[-1].attempt_id if len(found) == ROWS else None,
    )


@router.get("/vendors")
def vendors(request: Request, services: Served, connection: Reading) -> HTMLResponse:
    now, performance = services.clock(), provider_performance(connection)
    since = now - timedelta(hours=HOURS - 1)
    return page(
        request,
        services,
        "vendors",
        "Vendors",
        vendors=performance,
        beats=beats(provider_history(connection, since=since), [one.provider for one in performance], now),
        answering=answers_by_vendor(connection, since=since),
        in_flight={one.name: one.active_count for one in gate_status(connection)},
        events=gate_events(connection, 30),
    )


@router.get("/vendors/{name}")
def vendor(request: Request, services: Served, connection: Reading, name: KnownVendor) -> HTMLResponse:
    now = services.clock()
    known = {one.starts_at: one for one in provider_history(connection, since=now - WEEK, provider=name)}
    hours = hours_until(now, WEEK)
    return page(
        request,
        services,
        "vendor",
        name,
        name=name,
        success=_chart(hours, known, "success_rate", "Success rate by hour, in percent", unit=" %", high=100),
        latency=_chart(hours, known, "avg_response_time_ms", "Milliseconds by hour", unit=" ms"),
        calls=_chart(hours, known, "total_attempts", "Calls by hour"),
        gates=[one for one in gate_status(connection) if one.name == name],
        found=past_attempts(connection, 30, provider=name),
    )


def _chart(
    hours: list[datetime],
    known: dict[datetime, HistoryPoint],
    figure: str,
    title: str,
    *,
    unit: str = "",
    high: float | None = None,
) -> Markup:
    """One figure of a vendor, hour by hour; an hour without calls is a gap."""
    points = [Point(f"{hour:%m-%d %H:%M} UTC", getattr(known.get(hour), figure, None)) for hour in hours]
    return line(points, title, unit=unit, low=0, high=high)


@router.get("/failures")
def failures(request: Request, services: Served, connection: Reading, data_type: Text = "") -> HTMLResponse:
    found = read_failed_symbols(connection, ROWS, data_type=data_type or None)
    return page(request, services, "failures", "Failures", found=found, data_type=data_type, data_types=list(DATASETS))


@router.get("/executions")
def executions(request: Request, services: Served, connection: Reading) -> HTMLResponse:
    found = past_executions(connection, LOOKED_AT)
    return page(request, services, "executions", "Executions", found=found[:ROWS], grid=grid(found))


@router.get("/executions/{execution_id}")
def execution(request: Request, services: Served, connection: Reading, execution_id: UUID) -> HTMLResponse:
    found = past_execution(connection, execution_id)
    if found is None:
        raise HTTPException(404, "there is no such execution, or it is so old that it was deleted")
    return page(
        request,
        services,
        "execution",
        f"{found.data_type.replace('_', ' ').capitalize()} of {found.partition_key or 'all'}",
        execution=found,
        assets=DATASETS,
        symbols=symbols_of(connection, execution_id),
        calls=past_attempts(connection, ROWS, run_id=found.run_id, data_type=found.data_type),
    )


@router.get("/symbols")
def symbols(request: Request, services: Served, connection: Reading, offset: Offset = 0) -> HTMLResponse:
    found = tracked_symbols(connection)
    more = offset + ROWS if len(found) > offset + ROWS else None
    return page(request, services, "symbols", f"{len(found)} symbols", symbols=found[offset : offset + ROWS], more=more)


@router.get("/quality")
def quality(request: Request, services: Served, connection: Reading) -> HTMLResponse:
    summary = quality_summary(connection)
    return page(
        request,
        services,
        "quality",
        "Quality",
        summary=summary,
        score_ring=ring(summary.avg_quality_score, "average score"),
        found=read_quality(connection)[:ROWS],
    )
