"""A job of Dagster that does nothing: what any run costs."""

import dagster as dg


@dg.op
def nothing() -> None: ...


@dg.job(executor_def=dg.in_process_executor)
def empty() -> None:
    nothing()
