"""`market-pipeline alerts`: what is wrong, and a message to find out whether people can be told."""

import json
from datetime import UTC, datetime

import pytest
from typer.testing import CliRunner, Result

from market_pipeline.cli.app import app
from market_pipeline.storage.database import Database
from market_pipeline.tracking.alert_log import record_alerts
from market_pipeline.tracking.alerts import Alert
from market_pipeline_tests.webhook import Webhook


@pytest.fixture(autouse=True)
def settings(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", database.url)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["alerts", *arguments], env={"COLUMNS": "200"})


def test_what_is_wrong_is_listed_the_worst_first(database: Database) -> None:
    assert run("list").output == "nothing is wrong\n"
    found = [
        Alert("StaleData", "news", "warning", "news is stale for 6 of 50 symbols"),
        Alert("SchedulerNotRunning", "news_schedule", "critical", "the schedule news_schedule is stopped"),
    ]
    with database.connect() as connection:
        record_alerts(connection, found, datetime(2026, 11, 20, 12, tzinfo=UTC))
    lines = run("list").output
    assert lines.index("the schedule news_schedule is stopped") < lines.index("news is stale for 6 of 50 symbols")
    assert [one["name"] for one in json.loads(run("list", "--json").output)] == ["SchedulerNotRunning", "StaleData"]


def test_a_test_message_goes_to_everybody_and_says_who_was_not_reached(monkeypatch: pytest.MonkeyPatch) -> None:
    with Webhook() as webhook:
        monkeypatch.setenv("ALERT_URLS", f"json://user:sesame@127.0.0.1:1/x {webhook.url}")
        result = run("test")
    assert [one["title"] for one in webhook.got] == ["market_pipeline alerts: a test"]
    assert result.exit_code == 1
    assert "json://… has the message" in result.output
    assert "the json:// entry of ALERT_URLS was not reached: A Connection error occurred" in result.output
    assert "sesame" not in result.output


def test_without_recipients_the_test_says_what_to_set() -> None:
    result = run("test")
    assert result.exit_code == 2
    assert "ALERT_URLS is not set" in result.output
