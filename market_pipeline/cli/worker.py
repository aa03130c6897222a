"""`market-pipeline worker`: does steps of runs, on this machine or any other that reaches broker and database."""

from typing import Annotated

import typer

from market_pipeline.settings import load_settings
from market_pipeline.storage.prepare import prepared_database
from market_pipeline.workers import QUEUE, worker_app


def worker(
    concurrency: Annotated[int, typer.Option(min=1, max=64, help="Steps at once, each in a process of its own.")] = 4,
    name: Annotated[str, typer.Option(help="What it is called in the events of runs; %h is the machine.")] = "steps@%h",
) -> None:
    """Do the steps that runs hand out by CELERY_BROKER_URL.  Ctrl-C or SIGTERM lets those under way finish first."""
    settings = load_settings()
    app = worker_app(settings)
    prepared_database(settings)  # what is wrong with it is told here, not by the first step
    app.worker_main(
        [
            *("worker", "--queues", QUEUE, "--hostname", name, "--concurrency", str(concurrency)),
            *("--loglevel", "warning", "--without-gossip", "--without-mingle"),
        ]
    )
