"""The main job on answers that vendors really gave: over HTTP, through Dagster, into PostgreSQL, to the last digit."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import dagster as dg
import pytest

from market_pipeline.providers.registry import PROVIDERS
from market_pipeline.storage.database import Database
from market_pipeline_tests.orchestration.conftest import definitions_at
from market_pipeline_tests.recordings import DEFAULT_FOLDER
from market_pipeline_tests.replay import VOLATILE, ReplayServer

pytestmark = pytest.mark.skipif(not DEFAULT_FOLDER.is_dir(), reason=f"no recorded answers: {DEFAULT_FOLDER} is absent")

AN_HOUR_AFTER_THE_QUOTE = datetime(2026, 5, 29, 21, tzinfo=UTC)
CONFIG = {"symbols": ["AAPL", "MSFT"], "providers": ["yahoo", "finnhub", "fmp"]}
SECRETS = {name: f"very-secret-{name}-key" for name in ("finnhub", "fmp", "alpha_vantage", "polygon")}


@pytest.fixture
def replay(environment: pytest.MonkeyPatch) -> Iterator[ReplayServer]:
    """All vendors answer what they were recorded to answer, and 404 to the rest."""
    with ReplayServer(DEFAULT_FOLDER, lenient=True, volatile=VOLATILE | {"events"}) as server:
        environment.setenv("DATA_WORLD", "live")
        for vendor in PROVIDERS:
            environment.setenv(f"{vendor.upper()}_BASE_URL", server.base_url(vendor))
        for vendor, key in SECRETS.items():
            environment.setenv(f"{vendor.upper()}_API_KEY", key)
        server.put("yahoo", "/v1/test/getcrumb", None, status=200, body=b"a.Crumb")  # recorded is only its refusal
        yield server


def one(database: Database, query: str) -> tuple[Any, ...]:
    with database.connect() as connection:
        found = connection.execute(query).fetchall()
    assert len(found) == 1, found
    return found[0]


def run(job: str, instance: dg.DagsterInstance, **options: Any) -> dg.ExecuteInProcessResult:
    definitions = definitions_at(lambda: AN_HOUR_AFTER_THE_QUOTE)
    return definitions.resolve_job_def(job).execute_in_process(instance=instance, raise_on_error=False, **options)


def test_the_main_job_stores_what_vendors_said(
    replay: ReplayServer, database: Database, instance: dg.DagsterInstance
) -> None:
    run("market_data_refresh", instance, run_config=CONFIG)

    quote = "SELECT price, as_of, session, provider FROM stock_quotes WHERE symbol = 'AAPL'"
    closed = datetime(2026, 5, 29, 20, tzinfo=UTC)
    assert one(database, quote) == (Decimal("312.06"), closed, date(2026, 5, 29), "yahoo")
    assert one(database, "SELECT price FROM stock_quotes WHERE symbol = 'MSFT'") == (Decimal("450.24"),)
    name, provider = one(database, "SELECT name, provider FROM company_info WHERE symbol = 'AAPL'")
    assert (name, provider) == ("Apple Inc.", "fmp"), "Yahoo's recorded profile is of other modules, Finnhub has none"
    earnings = "SELECT eps_estimate, report_time, provider FROM earnings WHERE report_date = '2026-07-29'"
    assert one(database, earnings) == (Decimal("1.9316"), "amc", "finnhub")
    assert instance.get_materialized_partitions(dg.AssetKey("stock_quotes")) == {"2026-05-29"}
    assert instance.get_materialized_partitions(dg.AssetKey("company_info")) == {"AAPL"}, "nobody was recorded for MSFT"


def test_a_past_session_is_fetched_by_its_partition(
    replay: ReplayServer, database: Database, instance: dg.DagsterInstance
) -> None:
    config = {"ops": {"historical_prices": {"config": {"symbols": ["AAPL"], "providers": ["yahoo"]}}}}
    result = run("historical_prices_job", instance, partition_key="2020-01-02", run_config=config)
    assert result.success
    bar = one(database, "SELECT session, close, adjusted_close, volume, adjustment, bar_start FROM historical_prices")
    assert bar == (
        date(2020, 1, 2),
        Decimal("75.0875015258789"),
        Decimal("72.71607208251953"),
        Decimal(135480400),
        "split",
        datetime(2020, 1, 2, 5, tzinfo=UTC),
    )


def test_every_row_says_who_said_it_when_it_was_fetched_and_in_which_run(
    replay: ReplayServer, database: Database, instance: dg.DagsterInstance
) -> None:
    result = run("market_data_refresh", instance, run_config=CONFIG)
    provenance = one(database, "SELECT provider, fetched_at, run_id FROM stock_quotes WHERE symbol = 'AAPL'")
    assert provenance == ("yahoo", AN_HOUR_AFTER_THE_QUOTE, result.run_id)


def test_no_key_is_left_anywhere_after_a_run_full_of_failures(
    replay: ReplayServer,
    database: Database,
    instance: dg.DagsterInstance,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    for vendor, path in {
        "finnhub": "/quote",
        "fmp": "/batch-quote",
        "alpha_vantage": "/query",
        "polygon": "/prev",
    }.items():
        replay.put(vendor, path, None, status=500, body=f"We detected your API key as {SECRETS[vendor]}".encode())
    result = run("market_data_refresh", instance, run_config={"symbols": ["AAPL", "NVDA"]})

    with database.connect() as connection:
        tables = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
        rows = [str(connection.execute(f'SELECT t::text FROM "{table}" AS t').fetchall()) for (table,) in tables]  # type: ignore[arg-type]
    events = [str(record) for record in instance.all_logs(result.run_id)]
    assert any("fetch_attempts" in table for (table,) in tables)
    assert len("".join(rows)) > 1000
    assert len(events) > 20
    said = "\n".join([*rows, *events, caplog.text, *capfd.readouterr()])
    assert not [vendor for vendor, key in SECRETS.items() if key in said]
    assert "unavailable" in said
