"""What orchestration tests share: an environment that reads no .env, and the pipeline over a test's own database."""

from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import dagster as dg
import pytest

from market_pipeline.definitions import build_definitions
from market_pipeline.resources import Pipeline, open_pipeline
from market_pipeline.settings import load_settings
from market_pipeline.storage.database import Database


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, database: Database) -> pytest.MonkeyPatch:
    """Settings for the test's database, from the environment alone."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATABASE_URL", database.url)
    return monkeypatch


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as one:
        yield one


def definitions_at(clock: Callable[[], datetime]) -> dg.Definitions:
    """The project's definitions with a clock of the test's."""

    @dg.resource
    def pipeline(context: dg.InitResourceContext) -> Iterator[Pipeline]:
        with open_pipeline(load_settings(), run_id=context.run.run_id if context.run else "", clock=clock) as opened:
            yield opened

    return build_definitions({"pipeline": pipeline})
