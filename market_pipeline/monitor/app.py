"""The monitor's application: its routers, what is around them, and how errors are told.

Assembly only.  What an answer says belongs to the routers, where it comes from to `market_pipeline.tracking`.
"""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version
from pathlib import Path

import psycopg
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from fastapi.staticfiles import StaticFiles

from market_pipeline.monitor import forms, live, metrics, overview, pages
from market_pipeline.monitor.access import Guard
from market_pipeline.monitor.api import ROUTERS
from market_pipeline.monitor.dagster_control import DagsterRefused, DagsterUnreachable
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
    app.add_middleware(Shared)
    app.add_middleware(Guard, token=services.settings.monitor_token)  # the last one is the outermost
    for kind in (DatabaseUnavailable, DagsterUnreachable, psycopg.OperationalError):
        app.add_exception_handler(kind, _unavailable)
    app.add_exception_handler(DagsterRefused, _refused)
    app.add_exception_handler(InvalidSymbol, _wrong)
    app.add_exception_handler(Exception, _unexpected)
    for router in (*ROUTERS, overview.router, pages.router, live.router, forms.router, metrics.router):
        app.include_router(router)
    app.mount("/static", StaticFiles(directory=HERE / "static"), name="static")
    return app


async def _unavailable(request: Request, error: Exception) -> JSONResponse:
    """503 without the error's details where they are the database's: those name hosts, users and paths."""
    told = str(error) if isinstance(error, DagsterUnreachable) else "the database cannot be reached at the moment"
    return JSONResponse({"detail": told}, 503, {"Retry-After": RETRY_AFTER})


async def _wrong(request: Request, error: Exception) -> JSONResponse:
    return JSONResponse({"detail": f"nothing was changed: {error}"}, 400)


async def _refused(request: Request, error: Exception) -> JSONResponse:
    return JSONResponse({"detail": f"Dagster refused: {error}"}, 409)


async def _unexpected(request: Request, error: Exception) -> JSONResponse:
    log.error("%s %s failed", request.method, request.url.path, exc_info=error)
    return JSONResponse({"detail": "something went wrong; the monitor's log says what"}, 500)
