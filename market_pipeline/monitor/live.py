"""What tells open pages that something has changed: server-sent events.

An event carries no data: the page reads itself again.  Whoever is slow misses events and no change.
"""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import StreamingResponse

from market_pipeline.monitor.services import Served, Services
from market_pipeline.storage.errors import DatabaseUnavailable

EVERY = 2.0  # seconds between two looks at the database
KEEP_ALIVE = 15  # looks without a change after which something is sent, so that proxies keep the connection
router = APIRouter(include_in_schema=False)

# Each is the newest entry of an index: a look takes well below a millisecond.
_NEWEST = """
    SELECT (SELECT max(attempt_id) FROM fetch_attempts), (SELECT max(event_id) FROM provider_events),
        (SELECT max(started_at) FROM scheduler_execution_log),
        (SELECT max(updated_at) FROM scheduler_execution_log WHERE status = 'running'),
        (SELECT count(*) FROM scheduler_execution_log WHERE status = 'running'),
        (SELECT count(*) FROM failed_symbols)
"""


@router.get("/live")
async def live(request: Request, services: Served) -> StreamingResponse:
    return StreamingResponse(
        _events(request, services), media_type="text/event-stream", headers={"Cache-Control": "no-store"}
    )


async def _events(request: Request, services: Services) -> AsyncIterator[str]:
    seen = await run_in_threadpool(_newest, services)
    yield "retry: 3000\n\n"
    quiet = 0
    while not await request.is_disconnected():
        await asyncio.sleep(EVERY)
        newest = await run_in_threadpool(_newest, services)
        quiet += 1
        if newest is not None and newest != seen:
            seen, quiet = newest, 0
            yield "event: changed\ndata:\n\n"
        elif quiet >= KEEP_ALIVE:
            quiet = 0
            yield ": nothing new\n\n"


def _newest(services: Services) -> tuple[Any, ...] | None:
    """What changes when anything does; None while the database cannot be asked."""
    try:
        with services.reader.connection() as connection:
            return connection.execute(_NEWEST).fetchone()
    except DatabaseUnavailable:
        return None
