"""Dagster's tables in our database: found without configuration, shared by processes, without secrets passed around."""

import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest
from dagster import DagsterInstance, deserialize_value, serialize_value
from dagster._core.instance import InstanceRef

from market_pipeline.storage.dagster_storage import MarketPipelineStorage
from market_pipeline.storage.database import Database

DAGSTER_YAML = """
storage:
  custom:
    module: market_pipeline.storage.dagster_storage
    class: MarketPipelineStorage
    config: {}
"""
DEFINITIONS = """
import dagster as dg

@dg.asset
def prices():
    return 1

defs = dg.Definitions(assets=[prices], jobs=[dg.define_asset_job("daily", executor_def=dg.in_process_executor)])
"""
PASSWORD = "correct-horse"
OTHERS = """
    select pid from pg_stat_activity
    where datname = current_database() and pid <> pg_backend_pid() and backend_type = 'client backend' order by pid
"""


@pytest.fixture
def scratch(tmp_path: Path, empty_database: Database, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with a dagster.yaml, in an environment whose DATABASE_URL has a password."""
    (tmp_path / "dagster.yaml").write_text(DAGSTER_YAML)
    (tmp_path / "definitions.py").write_text(DEFINITIONS)
    monkeypatch.setenv("DATABASE_URL", empty_database.url.replace("postgres@", f"postgres:{PASSWORD}@"))
    monkeypatch.delenv("DAGSTER_HOME", raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.slow
def test_a_run_of_one_process_is_read_back_by_another(scratch: Path, empty_database: Database) -> None:
    command = [sys.executable, "-m", "dagster", "job", "execute", "-f", "definitions.py", "-j", "daily"]
    execution = subprocess.run(command, cwd=scratch, capture_output=True, text=True, check=False)
    assert execution.returncode == 0, execution.stderr
    assert PASSWORD not in execution.stdout + execution.stderr

    with DagsterInstance.from_ref(InstanceRef.from_dir(str(scratch))) as instance:
        assert [(run.job_name, run.is_success) for run in instance.get_runs()] == [("daily", True)]
    with empty_database.connect() as connection:
        schemas = connection.execute(
            "select distinct schemaname from pg_tables where tablename in ('runs', 'event_logs')"
        )
        assert schemas.fetchall() == [("dagster",)]


def test_what_dagster_hands_to_run_workers_holds_no_password_and_leads_to_the_same_storage(scratch: Path) -> None:
    with DagsterInstance.from_ref(InstanceRef.from_dir(str(scratch))) as instance:
        handed_over = serialize_value(instance.get_ref())
        assert PASSWORD not in handed_over
        with DagsterInstance.from_ref(deserialize_value(handed_over, InstanceRef)) as worker:
            worker.run_storage.set_cursor_values({"seen": "by all"})
        assert instance.run_storage.get_cursor_values({"seen"}) == {"seen": "by all"}


def test_processes_that_start_together_create_the_tables_once(scratch: Path, empty_database: Database) -> None:
    with ProcessPoolExecutor(6, get_context("fork")) as pool:
        for construction in [pool.submit(_construct) for _ in range(6)]:
            construction.result()
    with empty_database.connect() as connection:
        revisions = connection.execute("select count(*) from dagster.alembic_version").fetchone()
    assert revisions == (1,)


def test_dagster_migrates_its_tables_where_they_are(scratch: Path, empty_database: Database) -> None:
    with DagsterInstance.from_ref(InstanceRef.from_dir(str(scratch))) as instance:
        instance.upgrade()
    with empty_database.connect() as connection:
        assert connection.execute("select count(*) from pg_tables where schemaname = 'public'").fetchone() == (0,)


def _construct() -> None:
    MarketPipelineStorage()


def test_a_storage_keeps_its_connection_and_replaces_one_that_was_lost(scratch: Path, empty_database: Database) -> None:
    home = InstanceRef.from_dir(str(scratch))
    with DagsterInstance.from_ref(home) as instance, empty_database.connect(autocommit=True) as observer:
        instance.run_storage.set_cursor_values({"seen": "1"})
        kept = observer.execute(OTHERS).fetchall()
        instance.run_storage.set_cursor_values({"seen": "2"})
        assert observer.execute(OTHERS).fetchall() == kept != []
        observer.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity where pid = any(%s)", [[pid for (pid,) in kept]]
        )
        instance.run_storage.set_cursor_values({"seen": "3"})
        assert instance.run_storage.get_cursor_values({"seen"}) == {"seen": "3"}
