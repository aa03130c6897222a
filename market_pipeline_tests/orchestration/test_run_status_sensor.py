"""Executions whose process did not close them: nothing stays running for ever."""

from contextlib import ExitStack
from datetime import timedelta

import dagster as dg
import pytest
from dagster._core.events import EngineEventData

from market_pipeline.queue import UNFINISHED
from market_pipeline.sensors import run_status
from market_pipeline.sensors.run_status import GONE, SILENT, Verdict, run_status_sensor, verdict
from market_pipeline.tracking.executions import Execution, ExecutionLog, SymbolStatus
from market_pipeline.tracking.history import RunningExecution
from market_pipeline_tests.orchestration.conftest import Runs

Status = dg.DagsterRunStatus
ID = Execution(run_id="run", step="step", job="job", data_type="news").execution_id


def running(*, held: bool = False, silence: timedelta = timedelta()) -> RunningExecution:
    return RunningExecution(ID, "run", held, silence)


@pytest.mark.parametrize("status", [None, *Status])
def test_an_execution_that_its_process_holds_is_left_alone_whatever_its_run_is_said_to_be(
    status: Status | None,
) -> None:
    assert verdict(running(held=True, silence=timedelta(days=1)), status, None) == Verdict("leave")


@pytest.mark.parametrize(
    ("status", "why", "expected"),
    [
        (None, None, Verdict("close", "its run was deleted")),
        (Status.SUCCESS, None, Verdict("close")),
        (Status.CANCELED, "words", Verdict("close", "the run was cancelled")),
        (Status.FAILURE, "exit code -9", Verdict("close", "exit code -9")),
        (Status.FAILURE, None, Verdict("close", "the run failed")),
    ],
)
def test_one_of_a_run_that_has_ended_is_closed_with_the_reason(
    status: Status | None, why: str | None, expected: Verdict
) -> None:
    assert verdict(running(), status, why) == expected


@pytest.mark.parametrize("status", UNFINISHED)
def test_one_that_nobody_holds_is_given_the_time_between_two_tries(status: Status) -> None:
    assert verdict(running(silence=SILENT - timedelta(seconds=1)), status, None) == Verdict("leave")
    assert verdict(running(silence=SILENT), status, None) == Verdict("report", GONE)


def test_a_tick_closes_what_is_over_and_leaves_what_is_not(runs: Runs) -> None:
    @dg.job
    def some_job() -> None: ...

    def of(status: Status) -> str:
        return runs.instance.create_run_for_job(some_job, status=status).run_id

    ended = {
        of(Status.CANCELED): ("failed", "the run was cancelled"),
        of(Status.FAILURE): ("failed", "the run failed"),
        of(Status.SUCCESS): ("completed", None),
        "00000000-gone": ("failed", "its run was deleted"),
    }
    silent, between_tries, alive = of(Status.STARTED), of(Status.STARTED), of(Status.STARTED)
    with ExitStack() as stack:
        for run_id in (*ended, silent, between_tries, alive):
            log = ExecutionLog(runs.database, Execution(run_id=run_id, step="step", job="some_job", data_type="news"))
            log.begin()
            log.plan("", [SymbolStatus(symbol="AAPL", status="in_progress")])
            if run_id == alive:
                stack.callback(log.close)
            else:
                log.close()
        with runs.database.connect(autocommit=True) as connection:
            connection.execute(
                "UPDATE scheduler_execution_log SET updated_at = now() - %s WHERE run_id = ANY(%s)",
                [2 * SILENT, [silent, alive]],
            )
        said, said_next = tick(runs), tick(runs)
    found = {
        run_id: (status, error)
        for run_id, status, error in runs.rows("SELECT run_id, status, error_message FROM scheduler_execution_log")
    }
    assert found == {
        **ended,
        silent: ("failed", GONE),
        between_tries: ("running", None),
        alive: ("running", None),
    }
    assert {one.status for one in runs.instance.get_runs(dg.RunsFilter(run_ids=[silent]))} == {Status.FAILURE}
    assert {one.status for one in runs.instance.get_runs(dg.RunsFilter(run_ids=[between_tries, alive]))} == {
        Status.STARTED
    }
    assert f"run {silent[:8]}: {GONE}" in said
    open_symbols = "SELECT count(*) FROM symbol_computation_status WHERE status = 'in_progress'"
    assert runs.rows(open_symbols) == [(2,)]
    assert said_next == "nothing to close; 2 executions are running"


def test_a_run_that_was_lost_outside_of_its_steps_is_reported(runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed, and the code server with it, before it could open an execution."""

    @dg.job
    def some_job() -> None: ...

    def started(*events: tuple[dg.DagsterEventType, str | None]) -> str:
        run = runs.instance.create_run_for_job(some_job, status=Status.STARTED)
        for kind, step in events:
            detail = None if kind is dg.DagsterEventType.STEP_START else EngineEventData()
            event = dg.DagsterEvent(kind.value, "some_job", step_key=step, event_specific_data=detail)
            runs.instance.report_dagster_event(event, run.run_id)
        return run.run_id

    begun, preparing = (dg.DagsterEventType.ENGINE_EVENT, None), (dg.DagsterEventType.RESOURCE_INIT_STARTED, "step")
    lost = {started(begun), started(begun, preparing)}
    at_work, busy = started(begun, preparing, (dg.DagsterEventType.STEP_START, "step")), started(begun)
    log = ExecutionLog(runs.database, Execution(run_id=busy, step="step", job="some_job", data_type="news"))
    log.begin()
    assert tick(runs) == "nothing to close; 1 executions are running", "it may just be starting"
    monkeypatch.setattr(run_status, "SILENT", timedelta())
    said = tick(runs)
    assert all(f"run {run_id[:8]}: {GONE}" in said for run_id in lost)
    assert {run.run_id for run in runs.instance.get_runs(dg.RunsFilter(statuses=[Status.FAILURE]))} == lost
    assert {run.run_id for run in runs.instance.get_runs(dg.RunsFilter(statuses=[Status.STARTED]))} == {at_work, busy}
    log.close()


def tick(runs: Runs) -> str:
    with dg.build_sensor_context(instance=runs.instance) as context:
        found = run_status_sensor(context)
    assert isinstance(found, dg.SkipReason)
    return str(found.skip_message)
