"""`market-pipeline run JOB --plan`: what a run would take; and what is refused before anything runs."""

import json
import re

import pytest
from typer.testing import CliRunner, Result

from market_pipeline.cli.app import app
from market_pipeline.datasets import DATASETS
from market_pipeline.storage.database import Database
from market_pipeline.storage.errors import DatabaseUnavailable
from market_pipeline.storage.universe import TrackedSymbol, track
from market_pipeline.storage.world import claim_world

SYMBOLS = ("AAPL", "JPM", "MSFT", "XOM")


@pytest.fixture(autouse=True)
def settings(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", database.url)
    monkeypatch.setenv("SIMULATOR_PORT", "1")  # nobody listens there, and nobody is asked
    with database.connect() as connection:
        claim_world(connection, "simulated:1")
        track(connection, [TrackedSymbol(symbol) for symbol in SYMBOLS])


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["run", *arguments], env={"COLUMNS": "200"})


def test_a_plan_says_who_is_asked_how_often_what_is_left_and_how_long_it_takes(database: Database) -> None:
    result = run("company_info", "--plan", "--provider", "tiingo", "--symbol", "AAPL", "--symbol", "MSFT")
    assert result.exit_code == 0, result.output
    assert "Company info: 2 symbols" in result.output
    (row,) = [line.split() for line in result.output.splitlines() if "tiingo" in line]
    assert row[2:] == ["2", "2", "2", "1,000"]
    assert re.search(r"In total 2 calls, about (a second|\d s), if every vendor answers", result.output)
    with database.connect() as connection:
        asked = connection.execute("SELECT count(*) FROM fetch_attempts").fetchone()
        runs = connection.execute("SELECT count(*) FROM scheduler_execution_log").fetchone()
    assert (asked, runs) == ((0,), (0,))


def test_a_range_is_one_fetch_of_its_sessions() -> None:
    arguments = ("historical_prices", "--plan", "--from", "2026-01-01", "--to", "2026-01-11", "--timeframe", "1d")
    (found,) = json.loads(run(*arguments, "--json").output)
    assert (found["first_day"], found["last_day"], found["symbols"]) == ("2026-01-02", "2026-01-09", len(SYMBOLS))
    assert sum(share["symbols"] for share in found["run"]["plan"]["shares"]) == len(SYMBOLS)


def test_all_data_types_share_what_the_limits_allow() -> None:
    found = json.loads(run("market_data_refresh", "--plan", "--json").output)
    assert {one["data_type"] for one in found} == set(DATASETS)
    left: dict[str, float] = {}
    for one in found:
        for share in one["run"]["plan"]["shares"]:
            if share["vendor"] in left and share["units_left"] is not None:
                assert share["units_left"] <= left[share["vendor"]]
            if share["units_left"] is not None:
                left[share["vendor"]] = share["units_left"] - share["units"]


def test_a_plan_beyond_the_limits_says_that_a_run_will_not_wait_so_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIINGO_LIMITS", "1/3600")
    arguments = ("company_info", "--plan", "--provider", "tiingo", "--symbol", "AAPL", "--symbol", "MSFT")
    told = run(*arguments).output
    assert "about 60 minutes, by the vendors' limits alone 60 minutes" in told
    assert "A run waits 10 minutes for limits" in told
    assert "A run waits" not in run(*arguments, "--deadline", "7200").output


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["prices"], "there is no job 'prices'; there are stock_quotes,"),
        (["news", "--provider", "bloomberg"], "there is no vendor 'bloomberg'"),
        (["news", "--strategy", "LUCK"], "MOST_RELIABLE"),
        (["news", "--from", "2026-01-05"], "--from needs --to"),
        (["news", "--from", "5.1.2026", "--to", "2026-01-05"], "does not match the format"),
        (["news", "--from", "2026-01-05", "--to", "2026-01-04"], "there is no partition of news from"),
        (["historical_prices", "--from", "2026-01-03", "--to", "2026-01-04"], "there is no partition of"),
        (["news", "--partition", "2026-01-05", "--from", "2026-01-05", "--to", "2026-01-06"], "either --partition or"),
        (["dividends", "--from", "2026-01-05", "--to", "2026-01-06"], "is kept by symbol"),
        (["market_data_refresh", "--partition", "2026-01-05"], "takes the current partitions"),
        (["news", "--plan", "--symbol", "NFLX"], "not tracked (or not active): NFLX"),
        (["news", "--plan", "--provider", "fred"], "no vendor can be asked for news among fred"),
        (["stock_quotes", "--plan", "--partition", "2026-01-05"], "can no longer be fetched"),
        (["historical_prices", "--plan", "--timeframe", "5m"], "no such timeframe: 5m"),
    ],
)
def test_what_makes_no_sense_is_refused_with_what_does(arguments: list[str], told: str) -> None:
    result = run(*arguments)
    assert result.exit_code == 2
    assert told in " ".join(result.output.replace("│", " ").split())


def test_a_run_without_a_database_says_so_before_dagster_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://nobody@127.0.0.1:1/nowhere")
    assert isinstance(run("company_info").exception, DatabaseUnavailable)
