"""What tells open pages that something has changed: server-sent events.

An event carries no data: the page reads itself again.  Whoever is slow misses events and no change.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import StreamingResponse

from market_pipeline.monitor.services import Services
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


class Watch:
    """Looks at the database for all pages that are open, however many they are."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._lock = asyncio.Lock()
        self._seen: tuple[Any, ...] | None = None
        self._at = -EVERY

    async def newest(self) -> tuple[Any, ...] | None:
        """What changes when anything does, EVERY old at most; None while the database cannot be asked."""
        async with self._lock:
            if time.monotonic() - self._at >= EVERY:
                self._seen = await run_in_threadpool(_newest, self._services)
                self._at = time.monotonic()
            return self._seen


@router.get("/live")
async def live(request: Request) -> StreamingResponse:
    events = _events(request, request.app.state.watch)
    return StreamingResponse(events, media_type="text/event-stream", headers={"Cache-Control": "no-store"})


async def _events(request: Request, watch: Watch) -> AsyncIterator[str]:
    seen = await watch.newest()
    yield "retry: 3000\n\n"
    quiet = 0
    while not await request.is_disconnected():
        await asyncio.sleep(EVERY)
        newest = await watch.newest()
        quiet += 1
        if newest is not None and newest != seen:
            seen, quiet = newest, 0
            yield "event: changed\ndata:\n\n"
        elif quiet >= KEEP_ALIVE:
            quiet = 0
            yield ": nothing new\n\n"


def _newest(services: Services) -> tuple[Any, ...] | None:
    try:
        with services.reader.connection() as connection:
            return connection.execute(_NEWEST).fetchone()
    except DatabaseUnavailable:
        return None
