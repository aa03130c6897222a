"""What runs do not ask for again, what Dagster is told of it, and the run that prepares for the open."""

from datetime import UTC, datetime

import dagster as dg
import pytest

from market_pipeline.datasets import DATASETS
from market_pipeline.definitions import build_definitions
from market_pipeline.partitions import SYMBOLS, day_of
from market_pipeline.resources import crashed_run
from market_pipeline.sessions import Sessions
from market_pipeline.storage.answers import STALE
from market_pipeline.timetable import is_warmed, warming_cron, why_not_warm
from market_pipeline_tests.orchestration.conftest import NOW, TRACKED, Runs, definitions_at, range_tags

WEEK = range_tags("2026-05-26", "2026-05-28")
NEW_YORK = Sessions("XNYS")


def requests(runs: Runs) -> int:
    return sum(vendor["requests"] for vendor in runs.simulator.state()["vendors"].values())


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize("again", [WEEK, range_tags("2026-05-27", "2026-05-28")])
def test_a_backfill_that_is_repeated_asks_nobody_and_its_partitions_are_as_green(
    runs: Runs, again: dict[str, str]
) -> None:
    assert runs.of("historical_prices", tags=WEEK).success
    asked = requests(runs)
    run = runs.of("historical_prices", tags=again)
    assert run.success
    assert requests(runs) == asked
    start, end = again.values()
    assert sorted(map(str, run.materialised)) == [str(day) for day in NEW_YORK.between(day_of(start), day_of(end))]
    figures = run.materialised["2026-05-28"]
    counted = {"symbols_requested": 4, "symbols_cached": 4, "symbols_fetched": 0, "rows": 0, "calls": 0}
    assert {name: figures[name] for name in counted} == counted
    assert figures["dagster/partition_row_count"] == 4
    assert runs.rows("SELECT DISTINCT status FROM symbol_computation_status") == [("completed",)]


def test_a_run_that_wants_to_ask_anew_does(runs: Runs) -> None:
    runs.of("company_info", providers=["finnhub"])
    asked = requests(runs)
    assert runs.of("company_info", providers=["finnhub"], use_cache=False).success
    assert requests(runs) == 2 * asked


def test_a_tick_of_a_schedule_asks_anew() -> None:
    schedule = build_definitions().resolve_schedule_def("news_schedule")
    with dg.instance_for_test() as instance:
        tick = schedule.evaluate_tick(dg.build_schedule_context(instance=instance, scheduled_execution_time=NOW))
    (request,) = tick.run_requests or ()
    assert request.run_config["ops"]["news"]["config"]["use_cache"] is False


def test_old_rows_serve_a_run_that_nobody_answers_and_the_symbols_are_still_owed(runs: Runs) -> None:
    runs.instance.add_dynamic_partitions(SYMBOLS, TRACKED)
    assert runs.of("company_info", providers=["finnhub"]).success
    runs.rows(
        "UPDATE cached_answers SET answered_at = answered_at - interval '2 days', expires_at = answered_at RETURNING 1"
    )
    runs.simulator.set_faults("*:html=1")
    run = runs.of("company_info", tags=range_tags(TRACKED[0], TRACKED[-1]), providers=["finnhub"])
    assert (run.success, run.tries) == (True, 1)
    assert set(run.materialised) == set(TRACKED)
    figures = run.materialised["AAPL"]
    assert (figures["symbols_failed"], figures["symbols_stale"], figures["symbols_fetched"]) == (0, 4, 0)
    assert runs.rows("SELECT DISTINCT flags FROM company_info") == [([STALE],)]
    assert runs.rows("SELECT DISTINCT state, count(*) FROM failed_symbols GROUP BY state") == [("waiting", 4)]
    told = runs.rows(
        "SELECT DISTINCT one.status, one.last_error LIKE '%expected JSON%' FROM symbol_computation_status AS one"
        f" JOIN scheduler_execution_log USING (execution_id) WHERE run_id = '{run.result.run_id}'"
    )
    assert told == [("completed", True)]


def test_only_a_run_that_dagster_launched_in_place_of_a_crashed_one_has_that_one_s_answers() -> None:
    def run(**tags: str) -> dg.DagsterRun:
        return dg.DagsterRun("stock_quotes_job", root_run_id="crashed", parent_run_id="crashed", tags=tags)

    assert crashed_run(run(**{"dagster/retry_number": "1"})) == "crashed"
    assert crashed_run(run()) is None, "a person's re-execution"
    assert crashed_run(dg.DagsterRun("stock_quotes_job")) is None


def test_what_is_kept_up_daily_and_does_not_wait_for_the_open_is_fresh_when_it_comes(runs: Runs) -> None:
    warmed = {name for name, dataset in DATASETS.items() if is_warmed(dataset)}
    assert warmed == {"earnings", "dividends", "economic_events", "index_constituents"}
    job = definitions_at(lambda: NOW).resolve_job_def("warm_cache")
    assert job.execute_in_process(instance=runs.instance).success
    assert set(runs.rows("SELECT DISTINCT data_type FROM cached_answers")) == {(name,) for name in warmed}
    asked = requests(runs)
    assert job.execute_in_process(instance=runs.instance).success
    assert requests(runs) == asked, "it is fresh already"


@pytest.mark.parametrize(
    ("moment", "why_not"),
    [
        ("2026-11-25 14:00", None),  # half an hour before the open
        ("2026-07-01 13:00", None),  # in summer time
        ("2026-11-26 14:00", "XNYS is closed: Thanksgiving"),
        ("2026-11-28 14:00", "XNYS is closed: weekend"),
    ],
)
def test_there_is_something_to_prepare_for_before_the_open_of_a_session(moment: str, why_not: str | None) -> None:
    said = why_not_warm(NEW_YORK, at(moment))
    assert (None if said is None else said.partition(";")[0]) == why_not


@pytest.mark.parametrize(
    ("exchange", "cron"),
    [("XNYS", "0 9 * * 1-5"), ("XLON", "30 7 * * 1-5"), ("XTKS", "30 8 * * 1-5"), ("CMES", "30 16 * * *")],
)
def test_the_cache_is_warmed_half_an_hour_before_the_usual_open(exchange: str, cron: str) -> None:
    assert warming_cron(Sessions(exchange)) == cron


@pytest.mark.parametrize(("moment", "runs_then"), [("2026-11-25 14:00", True), ("2026-11-26 14:00", False)])
def test_a_tick_warms_the_cache_of_a_session_only(moment: str, runs_then: bool) -> None:
    schedule = build_definitions().resolve_schedule_def("warm_cache_schedule")
    with dg.instance_for_test() as instance:
        tick = schedule.evaluate_tick(dg.build_schedule_context(instance=instance, scheduled_execution_time=at(moment)))
    assert bool(tick.run_requests) == runs_then
