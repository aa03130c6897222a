"""`market-pipeline status`, `freshness`, `executions`, `retry` and `providers`: for people, for programs, and wrong input."""

import json
import time
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from typer.testing import CliRunner, Result

from market_pipeline.cli.app import app, main
from market_pipeline.datasets import DATA_TYPES, DATASETS
from market_pipeline.providers.registry import PROVIDERS
from market_pipeline.sessions import Sessions
from market_pipeline.storage.data_types import declare_data_types
from market_pipeline.storage.database import Database
from market_pipeline.storage.universe import TrackedSymbol, track
from market_pipeline.storage.world import claim_world
from market_pipeline.tracking.executions import Execution, ExecutionLog, SymbolStatus
from market_pipeline.tracking.failed_symbols import Failure, record_failures
from market_pipeline.tracking.freshness import Refresh, record_freshness
from market_pipeline.tracking.recorder import write_attempts
from market_pipeline.tracking.staleness import record_dagster_freshness
from market_pipeline_tests.postgres.test_statistics import attempt

SYMBOLS = ("AAPL", "JPM", "MSFT")


@pytest.fixture(autouse=True)
def settings(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """A database of three symbols: news of AAPL is fresh, of JPM stale; MSFT was given up; one run, one vendor."""
    monkeypatch.setenv("DATABASE_URL", database.url)
    now = datetime.now(UTC)
    with database.connect(autocommit=True) as connection:
        claim_world(connection, "simulated:1")
        declare_data_types(connection)
        track(connection, map(TrackedSymbol, SYMBOLS))
        ages = {"AAPL": timedelta(minutes=5), "JPM": timedelta(days=3)}
        refreshes = [Refresh(symbol=symbol, as_of=now - age, data_points=4) for symbol, age in ages.items()]
        record_freshness(connection, DATASETS["news"], refreshes, sessions=Sessions(), now=now)
        failure = Failure(symbol="MSFT", errors={"yahoo": "unavailable: HTTP 503"}, unknown=False)
        for hours in (9, 8, 6, 4):
            record_failures(connection, "news", "2026-11-20", [failure], run_id="run", now=now - timedelta(hours=hours))
        record_dagster_freshness(connection, {"news": "PASS"}, now)
        write_attempts(
            connection,
            [
                attempt(
                    now,
                    ago=timedelta(0),
                    data_type="news",
                    provider="yahoo",
                    outcome=outcome,
                    response_time_ms=50.0,
                    records=1,
                )
                for outcome in ("success", "success", "success", "unavailable")
            ],
        )
    log = ExecutionLog(database, Execution(run_id=str(uuid4()), step="news", job="news_job", data_type="news"))
    log.begin()
    log.plan("2026-11-20", [SymbolStatus(symbol=symbol, status="pending") for symbol in SYMBOLS])
    log.note([SymbolStatus(symbol="AAPL", status="completed", records_processed=4)])
    log.finish("MSFT could not be fetched")
    log.close()


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, arguments, env={"COLUMNS": "120"})


def shown(*arguments: str) -> str:
    result = run(*arguments)
    assert result.exit_code == 0, result.output
    return result.output


def told(*arguments: str) -> Any:
    return json.loads(shown(*arguments, "--json"))


def test_status_tells_how_it_is_in_words_and_each_data_type_in_figures() -> None:
    found = told("status")
    (news,) = (one for one in found["data_types"] if one["data_type"] == "news")
    assert {name: news[name] for name in ("fresh", "aging", "stale", "missing", "waiting", "exhausted", "rows")} == {
        "fresh": 1,
        "aging": 0,
        "stale": 1,
        "missing": 1,
        "waiting": 0,
        "exhausted": 1,
        "rows": 0,
    }
    assert [one["data_type"] for one in found["data_types"]] == [one.name for one in DATA_TYPES]
    health = found["health"]
    assert health["status"] == "degraded"
    assert "the last run of news failed: MSFT could not be fetched" in health["issues"]
    assert any(issue.startswith("news: 1 given up") for issue in health["issues"])
    assert health["last_execution"]["status"] == "failed"
    assert health["total_symbols_monitored"] == 3
    text = shown("status")
    assert "degraded" in text
    assert "market-pipeline retry news" in text


def test_rows_are_counted(database: Database) -> None:
    with database.connect() as connection:
        connection.execute(
            "INSERT INTO company_info (symbol, name, flags, provider, fetched_at, run_id)"
            " SELECT n::text, 'a', '{}', 'yahoo', now(), '' FROM generate_series(1, 7) AS n"
        )
    (profiles,) = (one for one in told("status")["data_types"] if one["data_type"] == "company_info")
    assert profiles["rows"] == 7


def test_freshness_lists_what_is_in_each_state() -> None:
    report = told("freshness", "news")
    assert {status: [one["symbol"] for one in found] for status, found in report["by_status"].items()} == {
        "fresh": ["AAPL"],
        "aging": [],
        "stale": ["JPM"],
        "missing": ["MSFT"],
    }
    assert list(told("freshness", "news", "--status", "stale")["by_status"]) == ["stale"]
    assert len(told("freshness", "--limit", "1")["by_status"]["missing"]) == 1
    text = shown("freshness", "news")
    assert "1 fresh, 0 aging, 1 stale, 1 missing, of 3" in text
    assert "3 d" in text


def test_freshness_of_a_symbol_is_that_of_all_its_data() -> None:
    found = told("freshness", "--symbol", "jpm")
    assert {one["data_type"]: one["status"] for one in found}["news"] == "stale"
    assert {one["data_type"] for one in found} == {one.name for one in DATA_TYPES if one.per_symbol}
    assert [one["status"] for one in told("freshness", "news", "--symbol", "AAPL")] == ["fresh"]


def test_executions_tell_what_ran_and_why_it_failed() -> None:
    (one,) = told("executions", "news")
    assert (one["data_type"], one["status"], one["total_symbols"], one["successful_symbols"]) == (
        "news",
        "failed",
        3,
        1,
    )
    assert told("executions", "earnings") == []
    text = shown("executions")
    assert "1/3" in text
    assert "MSFT could not be fetched" in text


def test_retry_makes_what_was_given_up_due_at_once(database: Database) -> None:
    assert told("retry", "earnings") == {"due": 0}
    assert told("retry", "--symbol", "JPM") == {"due": 0}
    assert "no failed symbols" in shown("retry", "earnings")
    assert "1 due now" in shown("retry", "news", "--symbol", "msft")
    with database.connect() as connection:
        due = connection.execute("SELECT symbol, attempts FROM get_retry_candidates('news')").fetchall()
    assert due == [("MSFT", 0)]


def test_providers_show_every_vendor_and_how_it_does() -> None:
    lines = {one["name"]: one for one in told("providers")}
    assert set(lines) == set(PROVIDERS)
    assert lines["yahoo"]["performance"]["success_rate"] == 75
    assert lines["yahoo"]["performance"]["total_attempts"] == 4
    assert lines["fmp"]["performance"] is None
    text = shown("providers")
    assert "75.0" in text
    assert "yahoo: it said unavailable" in text


def test_providers_are_narrowed_to_a_data_type_and_some_hours(database: Database) -> None:
    with database.connect(autocommit=True) as connection:
        old = {"data_type": "news", "provider": "yahoo", "outcome": "malformed", "response_time_ms": 1.0, "records": 0}
        write_attempts(connection, [attempt(datetime.now(UTC), ago=timedelta(hours=30), **old)])

    def calls(*options: str) -> int:
        (yahoo,) = (one for one in told("providers", *options) if one["name"] == "yahoo")
        return 0 if yahoo["performance"] is None else int(yahoo["performance"]["total_attempts"])

    assert (calls(), calls("--hours", "5"), calls("--data-type", "news"), calls("--data-type", "earnings")) == (
        5,
        4,
        5,
        0,
    )


def test_watching_shows_them_anew_until_it_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []

    def wait(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 3:
            raise KeyboardInterrupt

    monkeypatch.setattr(time, "sleep", wait)
    result = run("providers", "--watch")
    assert result.exit_code == 130
    assert waits == [2.0] * 3
    assert "75.0" in result.output


def test_plans_tell_which_key_a_vendor_wants() -> None:
    text = shown("providers", "plans")
    for name, provider in PROVIDERS.items():
        assert name in text
        assert (f"{name.upper()}_API_KEY" in text) == provider.needs_key


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["freshness", "nothing"], "there is no data type 'nothing'"),
        (["freshness", "--status", "old"], "there is no status 'old'; there are fresh, aging, stale, missing"),
        (["freshness", "--limit", "0"], "--limit"),
        (["executions", "nothing"], "there is no data type 'nothing'"),
        (["executions", "--limit", "x"], "--limit"),
        (["retry", "nothing"], "there is no data type 'nothing'"),
        (["providers", "--data-type", "nothing"], "there is no data type 'nothing'"),
        (["providers", "--hours", "0"], "--hours"),
        (["providers", "--watch", "--json"], "--watch is for people"),
    ],
)
def test_wrong_input_is_refused_with_what_is_accepted(arguments: list[str], words: str) -> None:
    result = run(*arguments)
    assert result.exit_code == 2
    assert words in " ".join(result.output.replace("│", "").split())


@pytest.mark.parametrize("arguments", [["freshness", "--symbol", "NOBODY"], ["retry", "--symbol", "a b"]])
def test_a_symbol_that_is_none_or_not_active_ends_with_a_message_and_code_2(
    arguments: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["market-pipeline", *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    assert "error:" in capsys.readouterr().err
