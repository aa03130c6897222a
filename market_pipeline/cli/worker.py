"""`market-pipeline worker`: does steps of runs, on this machine or any other that reaches broker and database."""

from typing import Annotated

import typer

from market_pipeline.settings import load_settings
from market_pipeline.storage.prepare import prepared_database
from market_pipeline.workers import QUEUE, worker_app


def worker(
    concurrency: Annotated[
        int, typer.Option(min=1, max=64, help="Steps executed at once, each in its own process.")
    ] = 4,
    name: Annotated[str, typer.Option(help="Its name in the events of runs; %h is the host name.")] = "steps@%h",
) -> None:
    """Execute steps of runs as a Celery worker (CELERY_BROKER_URL). On Ctrl-C or SIGTERM, running steps finish first."""
    settings = load_settings()
    app = worker_app(settings)
    prepared_database(settings)  # what is wrong with it is told here, not by the first step
    app.worker_main(
        [
            *("worker", "--queues", QUEUE, "--hostname", name, "--concurrency", str(concurrency)),
            *("--loglevel", "warning", "--without-gossip", "--without-mingle"),
        ]
    )
