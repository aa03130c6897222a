"""A step of a run as an execution: opened in the log when it begins, closed when it ends, however that is.

Here belongs what Dagster knows of a step and its tries.  What is written, and how, is `market_pipeline.tracking.executions`.
"""

import time
from collections.abc import Iterator
from contextlib import closing, contextmanager

import dagster as dg

from market_pipeline.storage.database import Database
from market_pipeline.tracking.executions import Execution, ExecutionLog

# Twice more, for what passes by itself: after some 10 seconds, then some 30, so that runs that failed together do not come again
# together.  A retry asks only for what is missing, and a permanent failure says so.
RETRIES = dg.RetryPolicy(max_retries=2, delay=10, backoff=dg.Backoff.EXPONENTIAL, jitter=dg.Jitter.PLUS_MINUS)


class Interrupted(dg.DagsterError, dg.DagsterExecutionInterruptedError):
    """Somebody has stopped the run: cancelled it, or sent SIGTERM or SIGINT to its process.

    Dagster applies a step's retry policy to interruptions as well: a run that was cancelled would begin its step again, and
    end as a success.  To its own errors it applies none, which is why this is one too.  So the run ends here: as cancelled,
    or, where nobody asked for that, as one that was broken off, which `run_retries` in dagster.yaml starts again.
    """


@contextmanager
def execution(context: dg.OpExecutionContext, database: Database, data_type: str) -> Iterator[ExecutionLog]:
    """The log of the step's execution, to tell which symbols it is about and how they do.

    What is raised inside closes it as failed, or leaves it open for the try that the step's retry policy will make.
    """
    step = context.get_step_execution_context()
    known = Execution(
        run_id=context.run_id,
        step=step.step.key,
        job=context.job_name,
        data_type=data_type,
        retry_number=context.retry_number,
    )
    with closing(ExecutionLog(database, known)) as log:
        try:
            if context.retry_number > 0:
                _wait(context)
            log.begin()
            yield log
        except BaseException as error:  # a cancelled run is interrupted by one that is no Exception
            policy = step.op_retry_policy
            most = 0 if policy is None else policy.max_retries
            if is_tried_again(error, most - context.retry_number):
                log.pause(_said(error))
                # At once, and the next try begins with the wait: Dagster would sleep through SIGTERM, until it is killed.
                raise dg.RetryRequested(max_retries=most) from error
            log.finish(_said(error))
            if isinstance(error, dg.DagsterExecutionInterruptedError | KeyboardInterrupt):
                raise Interrupted(_said(error)) from error
            raise
        log.finish()


def _wait(context: dg.OpExecutionContext) -> None:
    """As long as the policy says, where a signal ends it."""
    seconds = RETRIES.calculate_delay(context.retry_number)
    context.log.info("the step is tried again in %.0f s", seconds)
    time.sleep(seconds)


def is_tried_again(error: BaseException, tries_left: int) -> bool:
    """Whether Dagster will run a step again that has raised `error`.  Pure."""
    if isinstance(error, dg.Failure) and not error.allow_retries:
        return False
    return isinstance(error, Exception) and tries_left > 0


def _said(error: BaseException) -> str:
    if isinstance(error, dg.Failure):
        return error.description or "the step failed"
    if isinstance(error, Exception):
        return f"{type(error).__name__}: {error}"
    return "the run was interrupted"
