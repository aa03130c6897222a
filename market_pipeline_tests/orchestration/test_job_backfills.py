"""Backfills of a run for each partition, as `dagster job backfill` makes them: what the vendors are asked, and who is green."""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import timedelta

import dagster as dg
import pytest

from market_pipeline.jobs import DATA_TYPE_JOBS
from market_pipeline.partitions import day_of, key_of
from market_pipeline.sessions import Sessions
from market_pipeline_tests.orchestration.conftest import NOW, TRACKED, Run, Runs, definitions_at

BACKFILL, PARTITION = "dagster/backfill", "dagster/partition"
PRICES = "historical_prices"
SESSIONS = [key_of(day) for day in Sessions().between(day_of("2026-05-14"), day_of("2026-05-28"))]
DAYS = [key_of(day_of("2026-05-26") + timedelta(days=ahead)) for ahead in range(3)]
CHAIN = {"strategy": "FALLBACK_CHAIN"}


@pytest.fixture(autouse=True)
def nothing_is_compared(environment: pytest.MonkeyPatch) -> None:
    """A second vendor is asked about some symbols now and then, which is no part of a backfill."""
    environment.setenv("CONSENSUS_SYMBOLS", "0")


def wait(runs: Runs, data_type: str, keys: Sequence[str], backfill: str = "abcdef") -> list[dg.DagsterRun]:
    """Queued runs of a backfill, one for each partition."""
    job = definitions_at(lambda: NOW).resolve_job_def(DATA_TYPE_JOBS[data_type].name)
    return [
        runs.instance.create_run_for_job(
            job, tags={PARTITION: key, BACKFILL: backfill}, status=dg.DagsterRunStatus.NOT_STARTED
        )
        for key in keys
    ]


def begun(runs: Runs, data_type: str, run: dg.DagsterRun, **config: object) -> Run:
    """A queued run, begun: in its place there is one in this process."""
    runs.instance.delete_run(run.run_id)
    return runs.of(data_type, tags={name: run.tags[name] for name in (BACKFILL, PARTITION)}, **{**CHAIN, **config})


def backfilled(runs: Runs, data_type: str, keys: Sequence[str], **config: object) -> Iterator[Run]:
    """The runs of a backfill, one after the other."""
    for run in wait(runs, data_type, keys):
        yield begun(runs, data_type, run, **config)


def served(runs: Runs, data_type: str) -> Counter[str]:
    """How often vendors have answered about each symbol."""
    vendors = runs.simulator.state()["vendors"].values()
    return sum((Counter(vendor["served"].get(data_type, {})) for vendor in vendors), Counter())


def days_stored(runs: Runs) -> list[str]:
    return [str(day) for (day,) in runs.rows("SELECT DISTINCT session FROM historical_prices ORDER BY session")]


@pytest.mark.parametrize(("data_type", "keys"), [(PRICES, SESSIONS), ("news", DAYS), ("economic_events", DAYS)])
def test_vendors_are_asked_as_often_as_by_one_run_and_each_run_marks_its_own_partition(
    runs: Runs, data_type: str, keys: list[str]
) -> None:
    done = list(backfilled(runs, data_type, keys))
    assert [(run.success, list(run.materialised)) for run in done] == [(True, [key]) for key in keys]
    assert set(served(runs, data_type).values()) == {1}
    first = done[0].result.run_id
    assert runs.rows(f"SELECT DISTINCT run_id FROM {data_type}") == [(first,)], "whose answers they are"
    assert not runs.rows(f"SELECT * FROM fetch_attempts WHERE data_type = '{data_type}' AND run_id <> '{first}'")
    assert runs.rows("SELECT status, count(*) FROM scheduler_execution_log GROUP BY status") == [
        ("completed", len(keys))
    ]


def test_a_session_that_vendors_leave_out_is_asked_for_by_its_own_run_and_red_alone(runs: Runs) -> None:
    keys, left_out = SESSIONS[:5], SESSIONS[2]
    waiting = wait(runs, PRICES, keys)
    done = [begun(runs, PRICES, waiting[0])]
    runs.rows(f"DELETE FROM historical_prices WHERE session = '{left_out}' RETURNING 1")
    runs.simulator.set_faults("*:html=1")
    done += [begun(runs, PRICES, run) for run in waiting[1:]]
    red = [key for key, run in zip(keys, done, strict=True) if not run.success]
    assert red == [left_out]
    assert {key for run in done for key in run.materialised} == {*keys} - {left_out}
    assert runs.rows("SELECT DISTINCT partition_key FROM failed_symbols") == [(left_out,)]

    runs.simulator.set_faults("")
    runs.rows("DELETE FROM provider_scopes RETURNING 1")
    again = runs.of(PRICES, tags={PARTITION: left_out}, **CHAIN)
    assert (again.success, list(again.materialised)) == (True, [left_out])
    assert set(served(runs, PRICES).values()) == {2}


def test_only_days_in_a_row_that_wait_in_the_same_backfill_are_asked_for(runs: Runs) -> None:
    monday, tuesday, wednesday, thursday = "2026-05-18", "2026-05-19", "2026-05-20", "2026-05-21"
    wait(runs, PRICES, [wednesday], backfill="another")
    wait(runs, "news", [wednesday])
    first, _, cancelled, last = wait(runs, PRICES, [monday, tuesday, wednesday, thursday])
    runs.instance.report_run_canceled(cancelled)
    assert begun(runs, PRICES, first).success
    assert days_stored(runs) == [monday, tuesday]
    assert begun(runs, PRICES, last).success
    assert days_stored(runs) == [monday, tuesday, thursday]


def test_a_session_that_is_yet_to_come_is_not_asked_for_and_refused_alone(runs: Runs) -> None:
    today, to_come = "2026-05-29", "2026-06-01"
    done = backfilled(runs, PRICES, ["2026-05-28", today, to_come])
    assert [run.success for run in done] == [True, True, False]
    assert runs.rows("SELECT max(upper(span)) - 1 FROM cached_answers") == [(day_of(today),)]


def test_runs_that_no_earlier_answer_may_serve_ask_for_their_own_day(runs: Runs) -> None:
    (first, *_) = wait(runs, PRICES, SESSIONS)
    assert begun(runs, PRICES, first, use_cache=False).success
    assert days_stored(runs) == [SESSIONS[0]]


def test_a_symbol_that_was_answered_for_already_is_as_fresh_as_that_answer(runs: Runs) -> None:
    assert runs.of(PRICES, tags={PARTITION: SESSIONS[0]}, symbols=["AAPL"], **CHAIN).success
    assert begun(runs, PRICES, wait(runs, PRICES, SESSIONS)[0]).success
    (as_of,) = runs.rows(
        "SELECT last_computed_at FROM data_freshness WHERE data_type = 'historical_prices' AND symbol = 'AAPL'"
    )
    assert as_of == (Sessions().closes(day_of(SESSIONS[0])),)
    assert served(runs, PRICES) == dict.fromkeys(TRACKED, 1)
