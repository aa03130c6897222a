"""The monitor's application: its routers, what is around them, and how errors are told.

Assembly only.  What an answer says belongs to the routers, where it comes from to `market_pipeline.tracking`.
"""

import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from http import HTTPStatus
from importlib.metadata import version
from pathlib import Path

import psycopg
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException

from market_pipeline.monitor import forms, live, metrics, overview, pages
from market_pipeline.monitor.access import Guard
from market_pipeline.monitor.api import ROUTERS, enrichment_dashboard
from market_pipeline.monitor.dagster_control import DagsterRefused, DagsterUnreachable
from market_pipeline.monitor.rendering import page
from market_pipeline.monitor.services import Services
from market_pipeline.monitor.sharing import Shared
from market_pipeline.monitor.universe import LARGEST_CSV
from market_pipeline.storage.errors import DatabaseUnavailable
from market_pipeline.storage.universe import InvalidSymbol

HERE = Path(__file__).resolve().parent
LARGEST_BODY = 2 * LARGEST_CSV  # bytes; nothing else is nearly as large
RETRY_AFTER = "5"  # seconds: by then a restarted database or webserver is usually back
log = logging.getLogger(__name__)


def create_app(services: Services) -> FastAPI:
    """The application; it opens the services' reader when it starts and closes it when it ends."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        services.reader.open()
        yield
        services.reader.close()

    app = FastAPI(
        title="market_pipeline monitor",
        version=version("market_pipeline"),
        description="Vendors, freshness, failures, executions and quality of market data, and control over the runs.",
        lifespan=lifespan,
        max_body_size=LARGEST_BODY,
        docs_url=None,  # its page loads scripts from elsewhere; the description itself is at /openapi.json
        redoc_url=None,
    )
    app.state.services = services
    app.state.watch = live.Watch(services)
    app.state.latest = enrichment_dashboard.latest_enrichments(services)
    app.add_middleware(Shared)
    app.add_middleware(Guard, token=services.settings.monitor_token)  # the last one is the outermost
    for kind in (DatabaseUnavailable, DagsterUnreachable, psycopg.OperationalError):
        app.add_exception_handler(kind, _unavailable)
    app.add_exception_handler(DagsterRefused, _refused)
    app.add_exception_handler(psycopg.DataError, _unheard_of)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(InvalidSymbol, _wrong)
    app.add_exception_handler(Exception, _unexpected)
    for router in (*ROUTERS, overview.router, pages.router, live.router, forms.router, metrics.router):
        app.include_router(router)
    app.mount("/static", StaticFiles(directory=HERE / "static"), name="static")
    return app


async def _unavailable(request: Request, error: Exception) -> Response:
    """503 without the error's details where they are the database's: those name hosts, users and paths."""
    told = str(error) if isinstance(error, DagsterUnreachable) else "the database cannot be reached at the moment"
    return _told(request, 503, told, {"Retry-After": RETRY_AFTER})


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for it
    return _told(request, error.status_code, error.detail, error.headers)


async def _wrong(request: Request, error: Exception) -> Response:
    return _told(request, 400, f"nothing was changed: {error}")


async def _unheard_of(request: Request, error: Exception) -> Response:
    """A parameter that is no text for PostgreSQL, such as one with a NUL in it."""
    return _told(request, 400, "a parameter is nothing that the database could hold")


async def _refused(request: Request, error: Exception) -> Response:
    return _told(request, 409, f"Dagster refused: {error}")


async def _unexpected(request: Request, error: Exception) -> Response:
    log.error("%s %s failed", request.method, request.url.path, exc_info=error)
    return _told(request, 500, "something went wrong; the monitor's log says what")


def _told(request: Request, status: int, told: str, headers: Mapping[str, str] | None = None) -> Response:
    """An error as a page for a person, else as JSON."""
    if "text/html" not in request.headers.get("Accept", ""):
        return JSONResponse({"detail": told}, status, headers)
    answer = page(request, request.app.state.services, "error", HTTPStatus(status).phrase, live=False, told=told)
    answer.status_code = status
    answer.headers.update(headers or {})
    return answer
