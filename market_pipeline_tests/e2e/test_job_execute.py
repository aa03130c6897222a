"""`dagster job execute` in the project's folder with nothing set up and nothing started: jobs, partitions, run config."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest
import typer.testing
from click.testing import CliRunner, Result
from dagster._cli import create_dagster_cli

from market_pipeline.cli.app import app
from market_pipeline.sessions import Sessions
from market_pipeline.settings import PROJECT_ROOT
from market_pipeline_tests.e2e.conftest import User

pytestmark = pytest.mark.slow

JOB = ("job", "execute", "-m", "market_pipeline.definitions", "-j")
START, END = "dagster/asset_partition_range_start", "dagster/asset_partition_range_end"
SESSIONS = Sessions("XNYS")
Execute = Callable[..., Result]


@pytest.fixture
def execute(user: User, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Execute]:
    """The same command line in this process, which has imported Dagster already."""

    def command(job: str, tags: dict[str, str] | None = None, config: dict[str, object] | None = None) -> Result:
        options = [] if tags is None else ["--tags", json.dumps(tags)]
        if config is not None:
            file = tmp_path / "config.json"
            file.write_text(json.dumps({"ops": {job.removesuffix("_job"): {"config": config}}}))
            options += ["--config", str(file)]
        return CliRunner().invoke(create_dagster_cli(), [*JOB, job, *options])  # type: ignore[no-untyped-call]

    monkeypatch.chdir(PROJECT_ROOT)
    with user.dagster(monkeypatch):
        monkeypatch.setenv("SIMULATOR_PORT", user.environment["SIMULATOR_PORT"])
        yield command


@pytest.fixture(scope="module")
def current(user: User) -> str:
    """The session that the first command, in a process of its own, refreshes; its data is there afterwards."""
    before = SESSIONS.current(datetime.now(UTC))
    done = user.run("dagster", *JOB, "stock_quotes_job")
    assert done.returncode == 0, done.stdout
    if before != SESSIONS.current(datetime.now(UTC)):
        pytest.skip("a session began in this very moment")
    return before.isoformat()


def materialised(user: User, monkeypatch: pytest.MonkeyPatch, asset: str) -> set[str]:
    with user.dagster(monkeypatch) as instance:
        return instance.get_materialized_partitions(dg.AssetKey(asset))


def test_without_a_partition_it_takes_the_current_session(
    current: str, user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert materialised(user, monkeypatch, "stock_quotes") == {current}
    assert user.rows("SELECT DISTINCT session::text FROM stock_quotes") == [(current,)]
    assert user.rows("SELECT count(DISTINCT symbol) = (SELECT count(*) FROM tracked_symbols) FROM stock_quotes") == [
        (True,)
    ]
    assert user.processes() == []


def test_the_current_session_can_be_named_and_the_run_narrowed_to_some_symbols(
    current: str, execute: Execute, user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = execute("stock_quotes_job", {"dagster/partition": current}, {"symbols": ["msft"], "providers": ["finnhub"]})
    assert done.exit_code == 0, done.output
    with user.dagster(monkeypatch) as instance:
        event = instance.get_latest_materialization_event(dg.AssetKey("stock_quotes"))
    assert event is not None
    assert event.asset_materialization is not None
    figures = {name: value.value for name, value in event.asset_materialization.metadata.items()}
    assert event.asset_materialization.partition == current
    assert (figures["symbols_requested"], figures["vendors"]) == (1, {"finnhub": 1})


def test_a_range_of_sessions_is_filled_for_the_symbols_that_the_config_names(
    current: str, execute: Execute, user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    last = date.fromisoformat(current)
    keys = [day.isoformat() for day in SESSIONS.between(last - timedelta(days=20), last)[-6:-1]]
    done = execute("historical_prices_job", {START: keys[0], END: keys[-1]}, {"symbols": ["aapl", "JPM"]})
    assert done.exit_code == 0, done.output
    assert materialised(user, monkeypatch, "historical_prices") == set(keys)
    assert user.rows(
        "SELECT symbol, count(DISTINCT session) FROM historical_prices GROUP BY symbol ORDER BY symbol"
    ) == [
        ("AAPL", 5),
        ("JPM", 5),
    ]


def test_one_symbol_is_refreshed_by_its_partition(
    current: str, execute: Execute, user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert execute("company_info_job", {"dagster/partition": "XOM"}).exit_code == 0
    assert materialised(user, monkeypatch, "company_info") == {"XOM"}
    assert user.rows("SELECT symbol FROM company_info") == [("XOM",)]


@pytest.mark.parametrize(
    ("job", "tags", "config"),
    [
        ("company_info_job", {"dagster/partition": "NOPE"}, None),
        ("historical_prices_job", {"dagster/partition": "2025-10-11"}, None),  # a Saturday
        ("stock_quotes_job", {"dagster/partition": "banana"}, None),
        ("stock_quotes_job", None, {"symbols": ["NOPE"]}),
        ("stock_quotes_job", None, {"symbols": "AAPL"}),
        ("stock_quotes_job", None, {"strategy": "BEST"}),
    ],
)
def test_what_cannot_be_run_ends_with_1_and_changes_nothing(
    current: str, execute: Execute, user: User, job: str, tags: dict[str, str] | None, config: dict[str, object] | None
) -> None:
    held = (
        "SELECT (SELECT count(*) FROM stock_quotes), (SELECT count(*) FROM company_info), count(*) FROM fetch_attempts"
    )
    before = user.rows(held)
    assert execute(job, tags, config).exit_code == 1
    assert user.rows(held) == before


def test_the_command_run_does_the_same_with_plain_options(current: str, user: User) -> None:
    symbols = ("--symbol", "AAPL", "--symbol", "MSFT")
    done = user.run("market-pipeline", "run", "stock_quotes", "--partition", current, *symbols, "--provider", "finnhub")
    assert done.returncode == 0, done.stdout
    ((asked,),) = user.rows(
        "SELECT array_agg(DISTINCT one ORDER BY one) FROM fetch_attempts, unnest(symbols) AS one"
        " WHERE run_id = (SELECT run_id FROM fetch_attempts ORDER BY attempted_at DESC LIMIT 1)"
    )
    assert asked == ["AAPL", "MSFT"]


def test_the_command_run_ends_as_its_run_does(
    current: str, execute: Execute, capfd: pytest.CaptureFixture[str]
) -> None:
    """In this process as well, but for Dagster's command that it starts."""
    failed = typer.testing.CliRunner().invoke(app, ["run", "stock_quotes", "--partition", "2026-01-05"])
    assert failed.exit_code == 1
    assert "can no longer be fetched" in "".join(capfd.readouterr())
