"""Asset checks in runs: each data type has them, every way to refresh it reports them, and what should block blocks."""

from datetime import UTC, datetime

import dagster as dg
import psycopg
import pytest

from market_pipeline.checks import checks_of
from market_pipeline.datasets import DATASETS
from market_pipeline.sensors.failed_symbols import failed_symbols_sensor
from market_pipeline.storage.database import Database
from market_pipeline_tests.orchestration.conftest import NOW, Runs, definitions_at, range_tags

WEEK = range_tags("2026-05-21", "2026-05-28")
PRICES = "historical_prices"


def results(runs: Runs, data_type: str, run_id: str | None = None) -> dict[str, dg.AssetCheckEvaluation]:
    """The last result of each check, as the UI shows it."""
    keys = [dg.AssetCheckKey(dg.AssetKey(data_type), check.name) for check in checks_of(DATASETS[data_type])]
    found = {}
    for key in keys:
        for record in runs.instance.event_log_storage.get_asset_check_execution_history(key, limit=5):
            if record.event is None or record.event.dagster_event is None or key.name in found:
                continue
            if run_id is None or record.run_id == run_id:
                found[key.name] = record.event.dagster_event.asset_check_evaluation_data
    return found


def verdicts(runs: Runs, data_type: str, run_id: str | None = None) -> dict[str, bool]:
    return {name: one.passed for name, one in results(runs, data_type, run_id).items()}


def every_check_passed(data_type: str) -> dict[str, bool]:
    return {check.name: True for check in checks_of(DATASETS[data_type])}


@pytest.mark.parametrize("name", DATASETS)
def test_each_asset_has_the_checks_of_its_data_type(name: str) -> None:
    checks = definitions_at(lambda: NOW).resolve_asset_graph().get_check_keys_for_assets({dg.AssetKey(name)})
    assert {key.name for key in checks} == {check.name for check in checks_of(DATASETS[name])}
    assert {"completeness", "row_validity", "failed_symbols"} <= {key.name for key in checks}


def test_prices_have_all_of_them_and_only_corrupt_ones_block() -> None:
    found = {check.name: check.blocking for check in checks_of(DATASETS[PRICES])}
    assert {name for name, blocking in found.items() if blocking} == {"duplicates"}
    assert found.keys() >= {"gaps", "outliers", "adjustment_mix", "overtaken_by_splits"}


def test_a_good_run_passes_every_check_and_says_what_it_has_seen(runs: Runs) -> None:
    run = runs.of(PRICES, tags=WEEK, providers=["nasdaq"])
    assert run.success
    assert verdicts(runs, PRICES, run.result.run_id) == every_check_passed(PRICES)
    completeness = results(runs, PRICES)["completeness"]
    assert "what_to_do" not in completeness.metadata
    assert completeness.description == "4 of 4 have rows of the session 2026-05-28."
    assert completeness.metadata["percent"].value == 100
    assert runs.rows("SELECT symbol, validation_rate, completeness FROM data_quality ORDER BY symbol") == [
        (symbol, 100, 100) for symbol in ("AAPL", "JPM", "MSFT", "XOM")
    ]


def test_the_main_job_reports_the_checks_of_every_data_type(runs: Runs) -> None:
    job = definitions_at(lambda: NOW).resolve_job_def("market_data_refresh")
    result = job.execute_in_process(instance=runs.instance, raise_on_error=False)
    failed = {event.step_key.removeprefix("refresh_") for event in result.get_step_failure_events() if event.step_key}
    for name in DATASETS:
        found = verdicts(runs, name, result.run_id)
        assert found.keys() == every_check_passed(name).keys(), name
        assert name in failed or found["completeness"], name


def test_rows_that_are_refused_fail_the_check_of_the_run_that_brought_them(runs: Runs) -> None:
    runs.simulator.set_faults("finnhub:garbage=AAPL+MSFT")
    run = runs.of("stock_quotes", providers=["finnhub"])
    assert run.success
    found = results(runs, "stock_quotes", run.result.run_id)
    assert not found["row_validity"].passed
    assert found["row_validity"].severity is dg.AssetCheckSeverity.WARN
    assert found["row_validity"].metadata["count"].value == 2
    assert "rejected_records" in str(found["row_validity"].metadata["what_to_do"].value)
    assert not found["completeness"].passed
    assert "- AAPL\n- MSFT" in str(found["completeness"].metadata["sample"].value)


def test_a_run_that_fails_has_been_checked_as_well(runs: Runs) -> None:
    runs.simulator.set_faults("*:html=1")
    run = runs.of("stock_quotes", providers=["finnhub", "nasdaq"])
    assert not run.success
    found = results(runs, "stock_quotes", run.result.run_id)
    assert found["completeness"].severity is dg.AssetCheckSeverity.ERROR
    assert found["failed_symbols"].metadata["waiting"].value == 4


def test_a_narrow_run_tells_about_the_whole_table(runs: Runs) -> None:
    runs.of(PRICES, tags=WEEK, symbols=["AAPL", "JPM", "MSFT"], providers=["nasdaq"])
    assert not verdicts(runs, PRICES)["completeness"]
    run = runs.of(PRICES, tags=range_tags("2026-05-28", "2026-05-28"), symbols=["XOM"], providers=["nasdaq"])
    assert verdicts(runs, PRICES, run.result.run_id)["completeness"]


def test_duplicates_fail_the_run_and_keep_features_from_being_computed_by_themselves(runs: Runs) -> None:
    definitions = definitions_at(lambda: NOW)

    def requested(cursor: object = None) -> tuple[bool, object]:
        found = dg.evaluate_automation_conditions(defs=definitions, instance=runs.instance, cursor=cursor)  # type: ignore[arg-type]
        return bool(found.get_requested_partitions(dg.AssetKey("price_features"))), found.cursor

    _, cursor = requested()
    execute(
        runs.database,
        "INSERT INTO historical_prices (symbol, timeframe, bar_start, session, adjustment, open, high, low, close, flags,"
        " provider, fetched_at, run_id, series_provider) SELECT 'AAPL', '1d', '2026-05-27 14:30+00', '2026-05-27', 'split',"
        " 1, 1, 1, 1, '{}', 'nasdaq', now(), 'run', 'nasdaq'",
    )
    run = runs.of(PRICES, tags=WEEK, providers=["nasdaq"])
    assert not run.success
    assert run.tries == 1, "no retry takes it away"
    assert len(run.materialised) == 5, "what was fetched is there, and the run says so"
    assert not verdicts(runs, PRICES)["duplicates"]
    blocked, cursor = requested(cursor)
    assert not blocked
    execute(runs.database, "DELETE FROM historical_prices WHERE close = 1")
    assert runs.of(PRICES, tags=WEEK, providers=["nasdaq"], use_cache=False).success
    free, _ = requested(cursor)
    assert free


def test_a_check_that_cannot_be_made_is_no_reason_for_a_run_to_fail(runs: Runs) -> None:
    execute(runs.database, "DROP TABLE rejected_records CASCADE")
    execute(runs.database, "ALTER TABLE failed_symbols RENAME COLUMN state TO condition")
    run = runs.of("company_info", providers=["nasdaq"])
    assert run.success
    found = results(runs, "company_info", run.result.run_id)
    assert found.keys() == every_check_passed("company_info").keys()
    assert not found["failed_symbols"].passed
    assert "could not be made" in str(found["failed_symbols"].description)


def test_a_second_vendor_that_tells_other_prices_is_found_out(runs: Runs) -> None:
    runs.simulator.set_faults("nasdaq:seed=2")
    run = runs.of(PRICES, tags=WEEK, providers=["yahoo", "nasdaq"])
    assert run.success, "it is a warning"
    found = results(runs, PRICES, run.result.run_id)["cross_vendor_consensus"]
    assert (found.passed, found.severity) == (False, dg.AssetCheckSeverity.WARN)
    assert (found.metadata["count"].value, found.metadata["compared"].value) == (4, 4)
    assert "% away from nasdaq" in str(found.metadata["sample"].value)
    assert runs.rows("SELECT DISTINCT provider FROM historical_prices") == [("yahoo",)], "it is asked, and not believed"
    stored = "SELECT count(*), min(deviation) > 1, max(quality_score) < 0.85 FROM data_quality WHERE compared_with = 'nasdaq'"
    assert runs.rows(stored) == [(4, True, True)]


def test_vendors_that_agree_are_asked_about_a_few_symbols_a_day(runs: Runs, environment: pytest.MonkeyPatch) -> None:
    environment.setenv("CONSENSUS_SYMBOLS", "3")
    # fmp's plan counts calls by the day, and nobody else is left who tells of such bars
    for _ in range(2):
        run = runs.of(PRICES, tags=WEEK, providers=["yahoo", "nasdaq", "fmp"], use_cache=False)
        assert verdicts(runs, PRICES, run.result.run_id) == every_check_passed(PRICES)
    assert runs.rows("SELECT symbol, deviation FROM data_quality WHERE compared_with = 'nasdaq' ORDER BY symbol") == [
        (symbol, pytest.approx(0, abs=0.01)) for symbol in ("AAPL", "JPM", "MSFT")
    ]
    asked = "SELECT provider, count(*) FROM fetch_attempts WHERE provider <> 'yahoo' GROUP BY provider"
    assert runs.rows(asked) == [("nasdaq", 3)]


def execute(database: Database, statement: str) -> psycopg.Cursor[tuple[object, ...]]:
    with database.connect(autocommit=True) as connection:
        return connection.execute(statement.encode())


def prices_at(runs: Runs, now: datetime, first: str, last: str, **config: object) -> bool:
    """A run of prices at another time than the others; the vendors' clock goes along."""
    runs.simulator.set_clock(now, speed=0)
    request = dg.RunRequest(
        job_name="historical_prices_job",
        run_config={"ops": {PRICES: {"config": {"providers": ["yahoo"], "use_cache": False, **config}}}},
        tags=range_tags(first, last),
    )
    return runs.requested(request, now).success


def test_history_that_a_split_has_overtaken_is_flagged_and_fetched_anew_by_the_retries(runs: Runs) -> None:
    """The simulated Apple gives three shares for one on 2026-07-24."""
    before, after = (datetime(2026, 7, day, 22, tzinfo=UTC) for day in (23, 24))
    assert prices_at(runs, before, "2026-07-16", "2026-07-23", symbols=["AAPL", "MSFT"])
    closes = "SELECT session::text, close FROM historical_prices WHERE symbol = 'AAPL' ORDER BY session"
    old = dict(runs.rows(closes))
    assert prices_at(runs, after, "2026-07-24", "2026-07-24", symbols=["AAPL", "MSFT"])
    assert runs.rows("SELECT DISTINCT symbol FROM historical_prices WHERE 'before_split' = ANY (flags)") == [("AAPL",)]
    overtaken = results(runs, PRICES)["overtaken_by_splits"]
    assert (overtaken.passed, overtaken.metadata["count"].value) == (False, 6)
    assert verdicts(runs, PRICES)["outliers"], "the price has not fallen by two thirds"

    tick = runs.tick(failed_symbols_sensor(lambda: after))
    (request,) = tick.run_requests or []
    assert runs.requested(request, after).success
    assert verdicts(runs, PRICES)["overtaken_by_splits"]
    assert runs.rows("SELECT count(*) FROM failed_symbols") == [(0,)]
    new = dict(runs.rows(closes))
    assert {session: round(old[session] / new[session], 1) for session in old} == dict.fromkeys(old, 3)
