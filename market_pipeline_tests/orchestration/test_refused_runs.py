"""What a caller got wrong: one clear message in the failure of the run, no retry, nothing asked and nothing lost."""

from collections.abc import Iterator
from typing import Any

import dagster as dg
import pytest

from market_pipeline.definitions import build_definitions
from market_pipeline_tests.orchestration.conftest import TRACKED, Runs

PARTITION = "dagster/partition"
START, END = "dagster/asset_partition_range_start", "dagster/asset_partition_range_end"
NOT_A_SESSION = "is not a session of the exchange (a key is a date: 2026-11-20)"


@pytest.fixture(scope="module")
def instance() -> Iterator[dg.DagsterInstance]:
    """One for all: these runs leave nothing behind, and a new one takes longer than a run."""
    with dg.DagsterInstance.ephemeral() as one:
        yield one


@pytest.mark.parametrize(
    ("data_type", "config", "told"),
    [
        ("stock_quotes", {"symbols": ["AAPL", "NFLX"]}, "not tracked (or not active): NFLX. Add them with"),
        ("stock_quotes", {"symbols": ['"; drop table stock_quotes']}, "is no symbol: 1 to 20 letters, digits and"),
        ("stock_quotes", {"symbols": ["A" * 300]}, "… (300 characters)' is no symbol"),
        ("stock_quotes", {"symbols": [""]}, "'' is no symbol"),
        ("stock_quotes", {"providers": ["bloomberg"]}, "no such vendor: bloomberg. There are yahoo, "),
        (
            "stock_quotes",
            {"providers": ["fred"]},
            "no vendor can be asked for stock_quotes among fred. It is offered by",
        ),
        ("historical_prices", {"timeframes": ["5m"]}, "no such timeframe: 5m. Historical prices are kept for 1d, 1h."),
        ("company_info", {"symbols": ["NFLX"]}, "not tracked (or not active): NFLX"),
    ],
)
def test_a_wrong_run_config_is_told_at_once(runs: Runs, data_type: str, config: dict[str, Any], told: str) -> None:
    _refused(runs, data_type, told, config=config)


@pytest.mark.parametrize(
    ("data_type", "partition", "told"),
    [
        ("stock_quotes", "2026-05-30", f"no such partition: 2026-05-30 {NOT_A_SESSION}"),
        ("stock_quotes", "2026-05-25", f"no such partition: 2026-05-25 {NOT_A_SESSION}"),
        ("stock_quotes", "2026-06-01", "2026-06-01 cannot be fetched yet: the last session that can is 2026-05-29"),
        ("stock_quotes", "2026-05-28", "Stock quotes of the session 2026-05-28 can no longer be fetched"),
        ("options_chain", "2026-05-28", "Options chain of the session 2026-05-28 can no longer be fetched"),
        ("historical_prices", "2026-05-24", f"no such partition: 2026-05-24 {NOT_A_SESSION}"),
        ("historical_prices", "2014-12-31", f"no such partition: 2014-12-31 {NOT_A_SESSION}"),
        ("historical_prices", "2087-12-31", "2087-12-31 cannot be fetched yet"),
        ("news", "2019-12-31", "no such partition: 2019-12-31 is not a day that is kept"),
        ("news", "2026-05-30", "2026-05-30 cannot be fetched yet: the last day that can is 2026-05-29"),
        ("economic_events", "2026-06-13", "2026-06-13 cannot be fetched yet: the last day that can is 2026-06-12"),
        ("company_info", "NFLX", "no such partition: NFLX is not an active symbol of this run"),
        ("company_info", "aapl", "no such partition: aapl is not an active symbol of this run"),
    ],
)
def test_a_partition_that_cannot_be_is_told_at_once(runs: Runs, data_type: str, partition: str, told: str) -> None:
    _refused(runs, data_type, told, tags={PARTITION: partition})


@pytest.mark.parametrize(
    ("data_type", "start", "end", "told"),
    [
        ("historical_prices", "2026-05-28", "2026-05-26", "the range of partitions is empty"),
        ("historical_prices", "2026-05-23", "2026-05-25", "the range of partitions is empty"),
        ("historical_prices", "2026-05-28", "2026-06-01", "2026-06-01 cannot be fetched yet"),
        ("stock_quotes", "2026-05-28", "2026-05-29", "can no longer be fetched"),
        ("company_info", "MSFT", "AAPL", "the range of partitions is empty"),
    ],
)
def test_a_range_that_cannot_be_is_told_at_once(runs: Runs, data_type: str, start: str, end: str, told: str) -> None:
    runs.instance.add_dynamic_partitions("symbols", TRACKED)
    _refused(runs, data_type, told, tags={START: start, END: end})


def test_an_empty_universe_is_told_at_once(runs: Runs) -> None:
    with runs.database.connect() as connection:
        connection.execute("UPDATE tracked_symbols SET active = false")
    for data_type in ("stock_quotes", "company_info"):
        _refused(runs, data_type, "the universe is empty: add symbols with `market-pipeline symbols add AAPL MSFT`")


def test_the_main_job_tells_it_in_each_step(runs: Runs) -> None:
    job = build_definitions().resolve_job_def("market_data_refresh")
    result = job.execute_in_process(
        instance=runs.instance, run_config={"symbols": ["NFLX"]}, raise_on_error=False, op_selection=["refresh_news"]
    )
    assert not result.success
    assert "not tracked (or not active): NFLX" in _said(runs, result, dg.DagsterEventType.STEP_FAILURE)


@pytest.mark.parametrize(
    ("variable", "value", "told"),
    [
        ("DATABASE_URL", "mysql://user:hunter2@host/name", "DATABASE_URL is wrong: its scheme is mysql://"),
        ("DATABASE_URL", "postgresql://user:hunter2@127.0.0.1:1/name", "Cannot connect to postgresql://user:***@"),
        ("SIMULATOR_SEED", "2", "This database holds simulated:1 data and the settings want simulated:2"),
        ("DATA_WORLD", "live", "This database holds simulated:1 data and the settings want live"),
        ("DATA_WORLD", "moon", "DATA_WORLD='moon': Input should be 'simulated' or 'live'"),
        ("SIMULATOR_FAULTS", "yahoo", "'yahoo' is no fault plan"),
    ],
)
def test_a_setting_that_cannot_be_used_is_what_the_failure_of_the_run_says(
    runs: Runs, environment: pytest.MonkeyPatch, variable: str, value: str, told: str
) -> None:
    job = build_definitions().resolve_job_def("stock_quotes_job")
    if variable == "SIMULATOR_FAULTS":
        environment.setenv("SIMULATOR_PORT", "1")  # nobody listens there: the run starts a simulator
    environment.setenv(variable, value)
    result = job.execute_in_process(instance=runs.instance, raise_on_error=False)
    assert not result.success
    said = _said(runs, result, dg.DagsterEventType.RUN_FAILURE)
    assert told in said.splitlines()[0]
    assert "hunter2" not in said + _said(runs, result, dg.DagsterEventType.RESOURCE_INIT_FAILURE)


def _refused(runs: Runs, data_type: str, told: str, **options: Any) -> None:
    """Runs the data type's job, which has to fail with `told`, once, before any vendor was asked."""
    run = runs.of(data_type, options.get("tags"), **options.get("config", {}))
    assert not run.success
    assert told in run.failure
    assert (run.tries, run.materialised) == (1, {})
    assert runs.rows("SELECT count(*) FROM fetch_attempts") == [(0,)]
    assert {symbol for (symbol,) in runs.rows("SELECT symbol FROM tracked_symbols")} == set(TRACKED)


def _said(runs: Runs, result: dg.ExecuteInProcessResult, kind: dg.DagsterEventType) -> str:
    (entry,) = runs.instance.all_logs(result.run_id, of_type=kind)
    happened: Any = entry.get_dagster_event().event_specific_data
    return str(happened.error.message)
