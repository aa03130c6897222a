"""The pages that are read: one a question.  What they say comes from where the JSON API takes it.

Forms, which change something, belong to `forms`; how a page is written to `rendering` and the templates.
"""

from datetime import timedelta
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, HTTPException, Query, Request
from fastapi.responses import HTMLResponse

from market_pipeline.datasets import DATASETS
from market_pipeline.monitor.charts import Point, line
from market_pipeline.monitor.dagster_control import Automation, DagsterRefused, DagsterUnreachable
from market_pipeline.monitor.rendering import page
from market_pipeline.monitor.services import Reading, Served, Services
from market_pipeline.providers.registry import PROVIDERS
from market_pipeline.queue import queue_stats, silent_daemons
from market_pipeline.storage.universe import tracked_symbols
from market_pipeline.tracking.alert_log import KnownAlert, open_alerts
from market_pipeline.tracking.attempt_history import past_attempts
from market_pipeline.tracking.failed_symbols import owed_symbols
from market_pipeline.tracking.freshness_matrix import freshness_matrix, sectors
from market_pipeline.tracking.gates import gate_events, gate_status
from market_pipeline.tracking.history import past_execution, past_executions, symbols_of
from market_pipeline.tracking.quality import quality_summary, read_quality
from market_pipeline.tracking.staleness import STATUSES, freshness_summary, symbol_freshness
from market_pipeline.tracking.statistics import HistoryPoint, provider_history, provider_performance

ROWS = 100  # of a table: a page stays quick, and what matters is on top
SOON = 8  # schedules
router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)
Text = Annotated[str, Query(max_length=100)]
Known = Annotated[int, Query(ge=0, le=1_000_000)]


@router.get("/")
def overview(request: Request, services: Served, connection: Reading) -> HTMLResponse:
    stats, wrong = queue_stats(services.instance), open_alerts(connection)
    alive = not silent_daemons(services.instance)
    return page(
        request,
        services,
        "overview",
        "Overview",
        sentence=_sentence(wrong, alive=alive),
        wrong=wrong,
        alive=alive,
        queue=[
            ("waiting", stats.pending),
            ("running", stats.processing),
            ("done", stats.completed),
            ("failed", stats.failed),
        ],
        quality=quality_summary(connection),
        freshness=freshness_summary(connection),
        ran=past_executions(connection, 10),
        upcoming=_upcoming(services),
    )


def _sentence(wrong: list[KnownAlert], *, alive: bool) -> str:
    """How things are, in one sentence.  Pure."""
    if not alive:
        return "Nothing starts by itself: Dagster's daemon does not run."
    if not wrong:
        return "All is well: nothing that is watched is wrong."
    critical = sum(one.severity == "critical" for one in wrong)
    words = f"{len(wrong)} thing{'s are' if len(wrong) > 1 else ' is'} wrong"
    return f"{words}, {critical} of them critical." if critical else f"{words}, none of them critical."


def _upcoming(services: Services) -> list[Automation] | None:
    """The schedules that tick next; None when Dagster's webserver cannot be asked."""
    try:
        due = [one for one in services.dagster.automations() if one.next_at is not None and one.running]
    except (DagsterUnreachable, DagsterRefused):
        return None
    return sorted(due, key=lambda one: (one.next_at is None, one.next_at))[:SOON]


@router.get("/freshness")
def freshness(
    request: Request, services: Served, connection: Reading, sector: Text = "", status: Text = "", after: Text = ""
) -> HTMLResponse:
    wanted = status if status in STATUSES else None
    rows = freshness_matrix(connection, ROWS, after=after, sector=sector or None, status=wanted)
    return page(
        request,
        services,
        "freshness",
        "Freshness",
        rows=rows,
        columns=list(freshness_summary(connection)),
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
    before: Known | None = None,
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
    history = provider_history(connection, since=services.clock() - timedelta(hours=24))
    performance = provider_performance(connection)
    return page(
        request,
        services,
        "vendors",
        "Vendors",
        vendors=performance,
        charts={
            one.provider: _success([point for point in history if point.provider == one.provider])
            for one in performance
        },
        in_flight={one.name: one.active_count for one in gate_status(connection)},
        events=gate_events(connection, 30),
    )


@router.get("/vendors/{name}")
def vendor(request: Request, services: Served, connection: Reading, name: str) -> HTMLResponse:
    if name not in PROVIDERS:
        raise HTTPException(404, f"no such vendor: there are {', '.join(PROVIDERS)}")
    history = provider_history(connection, since=services.clock() - timedelta(days=7), provider=name)
    return page(
        request,
        services,
        "vendor",
        name,
        name=name,
        success=_success(history),
        latency=line(
            [Point(_hour(one), one.avg_response_time_ms) for one in history], "Milliseconds by hour", unit=" ms", low=0
        ),
        calls=line([Point(_hour(one), one.total_attempts) for one in history], "Calls by hour", low=0),
        gates=[one for one in gate_status(connection) if one.name == name],
        found=past_attempts(connection, 30, provider=name),
    )


def _success(history: list[HistoryPoint]) -> str:
    points = [Point(_hour(one), one.success_rate) for one in history]
    return line(points, "Success rate by hour, in percent", unit=" %", low=0, high=100)


def _hour(one: HistoryPoint) -> str:
    return f"{one.starts_at:%Y-%m-%d %H:%M} UTC"


@router.get("/failures")
def failures(request: Request, services: Served, connection: Reading, data_type: Text = "") -> HTMLResponse:
    found = owed_symbols(connection, ROWS, data_type=data_type or None)
    return page(request, services, "failures", "Failures", found=found, data_type=data_type, data_types=list(DATASETS))


@router.get("/executions")
def executions(request: Request, services: Served, connection: Reading) -> HTMLResponse:
    return page(request, services, "executions", "Executions", found=past_executions(connection, ROWS))


@router.get("/executions/{execution_id}")
def execution(request: Request, services: Served, connection: Reading, execution_id: UUID) -> HTMLResponse:
    found = past_execution(connection, execution_id)
    if found is None:
        raise HTTPException(404, "there is no such execution, or it is so old that it was deleted")
    return page(
        request,
        services,
        "execution",
        f"{found.data_type} of {found.partition_key or 'all'}",
        execution=found,
        symbols=symbols_of(connection, execution_id),
        calls=past_attempts(connection, ROWS, run_id=found.run_id, data_type=found.data_type),
    )


@router.get("/symbols")
def symbols(request: Request, services: Served, connection: Reading, offset: Known = 0) -> HTMLResponse:
    found = tracked_symbols(connection)
    more = offset + ROWS if len(found) > offset + ROWS else None
    return page(request, services, "symbols", f"{len(found)} symbols", symbols=found[offset : offset + ROWS], more=more)


@router.get("/quality")
def quality(request: Request, services: Served, connection: Reading) -> HTMLResponse:
    return page(
        request,
        services,
        "quality",
        "Quality",
        summary=quality_summary(connection),
        found=read_quality(connection)[:ROWS],
    )
