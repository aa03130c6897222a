"""What the monitor's answers are made from: one object, assembled at the edge and handed to every route."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

import dagster as dg
from fastapi import Depends, HTTPException, Path, Request

from market_pipeline.monitor.dagster_control import DagsterControl
from market_pipeline.monitor.reading import Reader
from market_pipeline.providers.registry import PROVIDERS
from market_pipeline.sessions import Sessions
from market_pipeline.settings import Settings
from market_pipeline.storage.database import Connection, Database


@dataclass(frozen=True, slots=True)
class Services:
    settings: Settings
    database: Database
    """For what people change here: symbols, retries, gates.  Everything else is read through `reader`."""
    reader: Reader
    dagster: DagsterControl
    instance: dg.DagsterInstance
    """For reading what Dagster knows of runs, schedules and sensors."""
    sessions: Sessions
    clock: Callable[[], datetime]


async def _services(request: Request) -> Services:
    found: Services = request.app.state.services
    return found


Served = Annotated[Services, Depends(_services)]


async def _reading(services: Served) -> AsyncIterator[Connection]:
    async with services.reader.turn() as connection:
        yield connection


def _known_vendor(name: Annotated[str, Path(max_length=50)]) -> str:
    if name not in PROVIDERS:
        raise HTTPException(404, f"no such vendor: there are {', '.join(PROVIDERS)}")
    return name


KnownVendor = Annotated[str, Depends(_known_vendor)]
"""The `name` in a path, which has to be a vendor's."""
Reading = Annotated[Connection, Depends(_reading)]
"""A read-only connection for one answer."""
