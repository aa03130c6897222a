"""`market-pipeline cache`: how often nobody had to be asked, and forgetting answers."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from typer.testing import CliRunner

from market_pipeline.cli.app import app
from market_pipeline.datasets import DATASETS
from market_pipeline.storage.answers import AnswerCache, Question
from market_pipeline.storage.database import Database
from market_pipeline.storage.universe import InvalidSymbol


@pytest.fixture(autouse=True)
def answers(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two vendors' answers about two data types."""
    monkeypatch.setenv("DATABASE_URL", database.url)
    with database.connect(autocommit=True) as connection:
        for name, provider, symbols in (
            ("company_info", "yahoo", ("AAPL", "MSFT")),
            ("company_info", "finnhub", ("XOM",)),
            ("earnings", "yahoo", ("AAPL",)),
        ):
            question = Question(dataset=DATASETS[name])
            cache = AnswerCache(connection, question, run_id="run", clock=lambda: datetime.now(UTC))
            cache.remember(provider, dict.fromkeys(symbols, 1), window=None)
            cache.count(hits=1, misses=len(symbols), stale=0)


def cache(*arguments: str) -> str:
    result = CliRunner().invoke(app, ["cache", *arguments], env={"COLUMNS": "250"})
    assert result.exit_code == 0, result.output
    return result.output


def stats() -> dict[str, dict[str, Any]]:
    return {one["data_type"]: one for one in json.loads(cache("stats", "--json"))}


def test_every_data_type_is_told_of_also_one_that_was_never_asked_for() -> None:
    found = stats()
    assert list(found) == list(DATASETS)
    counts = ("answers", "fresh", "hits", "misses", "stale", "hit_rate")
    assert [found["company_info"][name] for name in counts] == [3, 3, 2, 3, 0, 40.0]
    assert [found["news"][name] for name in counts] == [0, 0, 0, 0, 0, None]
    (line,) = (line for line in cache("stats").splitlines() if "company_info" in line)
    assert line.split() == "company_info 1440 min 3 3 2 3 40.0 % 0".split()


@pytest.mark.parametrize(
    ("arguments", "forgotten", "left"),
    [
        ([], 4, 0),
        (["--data-type", "company_info"], 3, 1),
        (["--symbol", "aapl"], 2, 2),
        (["--provider", "yahoo"], 3, 1),
        (["--provider", "yahoo", "--data-type", "earnings", "--symbol", "AAPL"], 1, 3),
        (["--provider", "finnhub", "--symbol", "AAPL"], 0, 4),
    ],
)
def test_answers_are_forgotten_by_what_is_given_and_their_statistics_stay(
    arguments: list[str], forgotten: int, left: int
) -> None:
    assert cache("clear", *arguments) == f"{forgotten} cached answers deleted\n"
    found = stats()
    assert sum(one["answers"] for one in found.values()) == left
    assert found["company_info"]["hits"] == 2


@pytest.mark.parametrize(
    ("arguments", "words"), [(["--data-type", "x"], "no data type 'x'"), (["--provider", "x"], "no vendor 'x'")]
)
def test_a_name_that_does_not_exist_is_refused_with_those_that_do(arguments: list[str], words: str) -> None:
    result = CliRunner().invoke(app, ["cache", "clear", *arguments], env={"COLUMNS": "250"})
    assert result.exit_code == 2
    assert words in result.output


def test_what_is_no_symbol_is_refused() -> None:
    result = CliRunner().invoke(app, ["cache", "clear", "--symbol", "?!"])
    assert isinstance(result.exception, InvalidSymbol)
