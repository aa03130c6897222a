"""Starting runs on behalf of a caller: at once, before everything that nobody waits for, and once per key.

Here belongs what all calls that start a run share.  Which job they start, and for what, is theirs.
"""

from collections.abc import Mapping
from typing import Annotated, Any

import dagster as dg
from fastapi import Depends, Header

from market_pipeline.monitor.services import Served, Services
from market_pipeline.queue import Priority

KEY_TAG = "market_pipeline/idempotency_key"
IdempotencyKey = Annotated[
    str | None,
    Header(
        max_length=100, pattern=r"^[\w.:-]+$", description="a second call with the same key returns the first one's run"
    ),
]


class Launcher:
    """Starts runs of one request."""

    def __init__(self, services: Services, key: str | None) -> None:
        self._services = services
        self._key = key

    def launch(self, job: str, run_config: Mapping[str, Any], priority: Priority = Priority.URGENT) -> str:
        """Queue a run of `job`, or find the one that was queued for the request's key; returns the run's id.

        Raises DagsterUnreachable, DagsterRefused, DatabaseUnavailable.
        """
        tags = {**priority.tags, "market_pipeline/requested_by": "monitor"}
        if self._key is None:
            return self._services.dagster.launch(job, run_config, tags)
        with self._services.database.connect(name="monitor launch") as connection:  # one of two equal calls waits here
            connection.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"launch {job} {self._key}"])
            known = dg.RunsFilter(job_name=job, tags={KEY_TAG: self._key})
            earlier = self._services.instance.get_runs(known, limit=1)
            if earlier:
                return earlier[0].run_id
            return self._services.dagster.launch(job, run_config, {**tags, KEY_TAG: self._key})


async def _launcher(services: Served, idempotency_key: IdempotencyKey = None) -> Launcher:
    return Launcher(services, idempotency_key)


Launching = Annotated[Launcher, Depends(_launcher)]
