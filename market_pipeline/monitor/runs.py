"""Starting runs on behalf of a caller: at once, before everything that nobody waits for, and once per key.

Here belongs what all calls that start a run share.  Which job they start, and for what, is theirs.
"""

import hashlib
from collections.abc import Mapping
from typing import Annotated, Any

import dagster as dg
from fastapi import Depends, Header, HTTPException, Request

from market_pipeline.monitor.services import Served, Services
from market_pipeline.queue import Priority

KEY_TAG = "market_pipeline/idempotency_key"
ASKED_TAG = "market_pipeline/idempotency_of"
"""What was asked for with the key, as a digest: the same key with another question is a mistake of the caller's."""
IdempotencyKey = Annotated[
    str | None,
    Header(
        max_length=100,
        pattern=r"^[\w.:-]+$",
        description="a second call with the same key returns the first one's run; 409 if it asks for something else",
    ),
]


class Launcher:
    """Starts the run of one request; `asked` is a digest of what it asks for."""

    def __init__(self, services: Services, key: str | None, asked: str) -> None:
        self._services = services
        self._key = key
        self._asked = asked

    def launch(self, job: str, run_config: Mapping[str, Any], priority: Priority = Priority.URGENT) -> str:
        """Queue a run of `job`, or find the one that was queued for the request's key; returns the run's id.

        Raises HTTPException (the key belongs to another request), DagsterUnreachable, DagsterRefused, DatabaseUnavailable.
        """
        tags = {**priority.tags, "market_pipeline/requested_by": "monitor"}
        if self._key is None:
            return self._services.dagster.launch(job, run_config, tags)
        with self._services.database.connect(name="monitor launch") as connection:  # one of two equal calls waits here
            connection.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"launch {self._key}"])
            known = dg.RunsFilter(tags={KEY_TAG: self._key})
            for first in self._services.instance.get_runs(known, limit=1, ascending=True):
                if first.tags.get(ASKED_TAG) != self._asked:
                    raise HTTPException(
                        409,
                        f"the key {self._key} belongs to an earlier request that asked for something else: take a new one",
                    )
                return first.run_id
            return self._services.dagster.launch(job, run_config, {**tags, KEY_TAG: self._key, ASKED_TAG: self._asked})


async def _launcher(request: Request, services: Served, idempotency_key: IdempotencyKey = None) -> Launcher:
    asked = f"{request.url.path}?{request.url.query}".encode() + b" " + await request.body()
    return Launcher(services, idempotency_key, hashlib.sha256(asked).hexdigest())


Launching = Annotated[Launcher, Depends(_launcher)]
