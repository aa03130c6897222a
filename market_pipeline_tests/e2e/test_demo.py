"""`market-pipeline demo` in a fresh home, twice: what a newcomer sees first."""

import subprocess
import time
from dataclasses import dataclass

import dagster as dg
import pytest

from market_pipeline.datasets import DATASETS
from market_pipeline_tests.e2e.conftest import User

pytestmark = pytest.mark.slow

KEPT = ("AAPL", "JPM", "MSFT", "XOM")
STILL = {  # do not move with the clock, whichever vendor tells them
    "company_info": "symbol",
    "historical_prices": "symbol, timeframe, session",
}


@dataclass(frozen=True)
class Demo:
    """A finished demo, and what the tables held after it."""

    finished: "subprocess.CompletedProcess[str]"
    counts: dict[str, int]
    still: dict[str, set[tuple[object, ...]]]


def demonstrated(user: User) -> Demo:
    finished = user.run("market-pipeline", "demo")
    counts = {name: user.rows(f"SELECT count(*) FROM {name}")[0][0] for name in DATASETS}
    still = {name: set(user.rows(f"SELECT {columns} FROM {name}")) for name, columns in STILL.items()}
    return Demo(finished, counts, still)


@pytest.fixture(scope="module")
def demo(user: User) -> Demo:
    return demonstrated(user)


@pytest.fixture(scope="module")
def again(user: User, demo: Demo) -> Demo:
    """A second one, of a smaller universe: it is the same job and takes half the time."""
    user.fetch_only(f"symbol IN {KEPT}")
    return demonstrated(user)


def test_it_ends_well_with_rows_of_every_data_type_and_a_table_of_them(demo: Demo) -> None:
    assert demo.finished.returncode == 0, demo.finished.stdout
    assert all(demo.counts.values()), demo.counts
    shown = demo.finished.stdout
    assert "market_data_refresh in" in shown
    lines = {line.split()[0]: line.split() for line in shown.splitlines() if line.split()}
    for name in DATASETS:
        assert int(lines[name][1].replace(",", "")) > 0
    assert "Traceback" not in shown


def test_its_run_and_its_materialisations_are_in_dagsters_part_of_the_database(
    demo: Demo, user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    with user.dagster(monkeypatch) as instance:
        run = instance.get_runs(dg.RunsFilter(job_name="market_data_refresh"), limit=None)[-1]
        assert run.is_success
        for name in DATASETS:
            event = instance.get_latest_materialization_event(dg.AssetKey(name))
            assert event is not None, name
        assert instance.get_materialized_partitions(dg.AssetKey("company_info")) >= set(KEPT)
    assert (run.run_id, "SUCCESS") in user.rows("SELECT run_id, status FROM dagster.runs")
    assert user.rows("SELECT DISTINCT run_id FROM company_info")


def test_nothing_that_it_started_runs_on_but_the_database(demo: Demo, user: User) -> None:
    assert [process.cmdline() for process in user.processes()] == []
    assert user.rows("SELECT 1") == [(1,)]


def test_again_it_loses_nothing_and_stores_nothing_twice(demo: Demo, again: Demo, user: User) -> None:
    assert again.finished.returncode == 0, again.finished.stdout
    assert again.still == demo.still
    assert [name for name in DATASETS if again.counts[name] < demo.counts[name]] == []
    for name, dataset in DATASETS.items():
        key = ", ".join(dataset.key)
        assert user.rows(f"SELECT {key} FROM {name} GROUP BY {key} HAVING count(*) > 1") == []


def test_broken_off_it_ends_what_it_has_started(again: Demo, user: User) -> None:
    with user.start("market-pipeline", "demo") as process:
        deadline = time.monotonic() + 60
        while not user.processes(" job "):
            assert time.monotonic() < deadline, "the job has not begun"
            time.sleep(0.1)
        process.terminate()
        output, _ = process.communicate(timeout=60)
    assert process.returncode == 130, output
    assert "Traceback" not in output
    assert [left.cmdline() for left in user.processes()] == []
