"""A job of equal steps for workers: each asks one vendor for the quotes of its share of the symbols, one in a request."""

from datetime import UTC, datetime

import dagster as dg

from market_pipeline.datasets import DATASETS
from market_pipeline.providers.messages import Window
from market_pipeline.resources import Pipeline, PipelineResource
from market_pipeline.settings import load_settings
from market_pipeline.simulator.market import SyntheticMarket
from market_pipeline.workers import executor

STEPS = 12  # as many for each of 1, 2 and 4 workers
SHARE = 40  # symbols of a step


def _step(number: int) -> dg.OpDefinition:
    symbols = SyntheticMarket().symbols()[number * SHARE :][:SHARE]

    @dg.op(name=f"slice_{number}")
    def _op(pipeline: dg.ResourceParam[Pipeline]) -> None:
        session = pipeline.sessions.current(datetime.now(UTC))
        done = pipeline.market_data.refresh(
            DATASETS["stock_quotes"], symbols, window=Window(session, session), providers=["finnhub"], use_cache=False
        )
        if len(done.report.answered) < SHARE:
            raise dg.Failure(f"{done.report.failed} were not answered", allow_retries=False)

    return _op


@dg.job(executor_def=executor(load_settings()), resource_defs={"pipeline": PipelineResource()})
def slices() -> None:
    for number in range(STEPS):
        _step(number)()
