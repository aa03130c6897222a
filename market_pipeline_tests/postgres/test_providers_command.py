"""`market-pipeline providers`: how gates stand, what happened to them, and bringing one back."""

import json

import pytest
from typer.testing import CliRunner

from market_pipeline.cli.app import app
from market_pipeline.storage.database import Database
from market_pipeline_tests.postgres.gate_calls import GateCalls


@pytest.fixture(autouse=True)
def settings(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", database.url)


def run(*arguments: str) -> str:
    result = CliRunner().invoke(app, ["providers", *arguments], env={"COLUMNS": "250"})
    assert result.exit_code == 0, result.output
    return result.output


def put_away(database: Database) -> None:
    with database.connect(autocommit=True) as connection:
        gate = GateCalls(connection, (60, 60.0), (25, 86_400.0), provider="finnhub")
        (gate.now,) = connection.execute("SELECT now()").fetchone() or ()
        gate.ask()
        for _ in range(5):
            gate.report("unavailable")


def test_a_vendor_that_was_put_away_shows_why_and_comes_back_by_hand(database: Database) -> None:
    put_away(database)
    (gate,) = json.loads(run("endpoints", "--json"))
    assert (gate["name"], gate["state"], gate["tokens_left"], gate["quota_left"]) == ("finnhub", "cooldown", 59, 24)
    assert gate["reason"] == "5 failures in a row, last: said unavailable"
    assert run("reset", "finnhub", "news") == "finnhub was not blocked\n"
    assert run("reset", "finnhub", "stock_quotes") == "finnhub: 1 reset\n"
    (gate,) = json.loads(run("endpoints", "--json"))
    assert (gate["state"], gate["tokens_left"]) == ("closed", 59)
    happened = json.loads(run("events", "--json"))
    assert [(one["from_state"], one["to_state"]) for one in happened] == [
        ("cooldown", "closed"),
        ("closed", "cooldown"),
    ]
    assert len(json.loads(run("events", "--json", "--limit", "1"))) == 1


def test_the_tables_show_the_same(database: Database) -> None:
    put_away(database)
    assert "cooldown" in run()
    assert "finnhub: 5 failures in a row" in run()
    assert "stock_quotes/" in run("endpoints")
    assert "5 failures in a row" in run("events")


@pytest.mark.parametrize(
    ("arguments", "words"), [(["nobody"], "no vendor 'nobody'"), (["yahoo", "x"], "no data type 'x'")]
)
def test_a_name_that_does_not_exist_is_refused_with_those_that_do(arguments: list[str], words: str) -> None:
    result = CliRunner().invoke(app, ["providers", "reset", *arguments], env={"COLUMNS": "250"})
    assert result.exit_code == 2
    assert words in result.output
