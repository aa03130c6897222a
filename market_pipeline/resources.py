"""Dagster resources: the pipeline's plain objects, made for a run.

Here belong thin shells that read settings and assemble; what the objects do is no business of Dagster's.
"""

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

import dagster as dg

from market_pipeline.ingestion.market_data import MarketData, open_market_data
from market_pipeline.sessions import Sessions
from market_pipeline.settings import Settings, SettingsError, load_settings
from market_pipeline.simulator.address import simulator_for
from market_pipeline.storage.database import Database
from market_pipeline.storage.errors import StorageError
from market_pipeline.storage.prepare import prepared_database

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Pipeline:
    """What an asset works with."""

    database: Database
    market_data: MarketData
    sessions: Sessions
    clock: Clock


def configured_sessions() -> Sessions:
    """The sessions of the exchange that the settings name."""
    return Sessions(load_settings().exchange)


@contextmanager
def open_pipeline(
    settings: Settings, *, run_id: str, repeats: str | None = None, clock: Clock = utc_now
) -> Iterator[Pipeline]:
    """The database, ready to use, and the vendors of the configured world.

    Raises what `prepared_database` raises; a vendor that cannot be reached is found out by asking it.
    """
    database = prepared_database(settings)
    with (
        simulator_for(settings) as simulator_url,
        open_market_data(
            database, settings, run_id=run_id, repeats=repeats, simulator_url=simulator_url, clock=clock
        ) as market_data,
    ):
        yield Pipeline(database, market_data, Sessions(settings.exchange), clock)


def crashed_run(run: dg.DagsterRun) -> str | None:
    """The run that Dagster has launched this one in place of, because it crashed; None for any other run.  Pure.

    A person's re-execution is none: it asks anew.
    """
    return run.parent_run_id if "dagster/retry_number" in run.tags else None


class PipelineResource(dg.ConfigurableResource[Pipeline]):
    """The pipeline, for the length of a run."""

    @contextmanager
    def yield_for_execution(self, context: dg.InitResourceContext) -> Iterator[Pipeline]:
        run_id = context.run.run_id if context.run else "no run"
        repeats = crashed_run(context.run) if context.run else None
        with ExitStack() as stack:
            try:
                pipeline = stack.enter_context(open_pipeline(load_settings(), run_id=run_id, repeats=repeats))
            except (SettingsError, StorageError, ValueError) as error:
                # Otherwise the run's failure says no more than that a resource could not be initialised.
                raise dg.DagsterResourceFunctionError(  # type: ignore[no-untyped-call]
                    str(error), user_exception=error, original_exc_info=sys.exc_info()
                ) from None
            yield pipeline
