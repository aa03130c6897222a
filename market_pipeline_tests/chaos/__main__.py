"""`make chaos`: all faults on one pipeline, and a table; exit code 1 when anything is lost, left behind or leaked."""

import time
from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.console import Console

from market_pipeline_tests.chaos.accountant import account
from market_pipeline_tests.chaos.director import come_to_rest, play
from market_pipeline_tests.chaos.injectors import FAULTS
from market_pipeline_tests.chaos.plan import acts
from market_pipeline_tests.chaos.report import show, survived
from market_pipeline_tests.chaos.stage import stage
from market_pipeline_tests.chaos.week import week


def main(
    seed: Annotated[int, typer.Option(help="The order of the faults and their victims follow from it.")] = 1,
    fault: Annotated[list[str] | None, typer.Option(help="Only this fault; several may be given.")] = None,
) -> None:
    """Play faults on a working pipeline and account for everything afterwards."""
    unknown = sorted(set(fault or ()) - FAULTS.keys())
    if unknown:
        raise typer.BadParameter(f"no such fault: {', '.join(unknown)}; there are {', '.join(FAULTS)}")
    console, began = Console(), time.monotonic()
    wanted = [(name, one.seconds) for name, one in FAULTS.items() if not fault or name in fault]

    def say(what: str) -> None:
        console.print(f"{time.monotonic() - began:4.0f} s: {what}")

    say("the pipeline starts")
    with stage() as pipeline:
        orders = week(pipeline.universe(), datetime.now(UTC))
        played = play(pipeline, acts(wanted, seed), orders, say)
        say("coming to rest")
        come_to_rest(pipeline)
        say("the account")
        found = account(pipeline)
    show(console, played, found, seed, time.monotonic() - began)
    raise typer.Exit(0 if survived(played, found) else 1)


if __name__ == "__main__":
    typer.run(main)
