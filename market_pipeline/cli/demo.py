"""The demo: the main job through Dagster, with progress while it runs and a table at the end."""

import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO
from uuid import uuid4

import dagster as dg
import orjson
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from market_pipeline.cli.dagster_home import dagster_home
from market_pipeline.datasets import DATASETS
from market_pipeline.settings import Settings, SettingsError, in_checkout
from market_pipeline.storage.database import Database
from market_pipeline.tracking.holdings import holdings

TAG = "market_pipeline/demo"
JOB = "market_data_refresh"
POLL_SECONDS = 0.5
FIGURES = {  # of a materialisation's metadata, with their headings
    "rows": "rows",
    "symbols_requested": "asked",
    "symbols_fetched": "got",
    "symbols_failed": "failed",
    "fallbacks": "fall\nbacks",
    "seconds": "s",
}


def run_demo(console: Console, settings: Settings, database: Database) -> bool:
    """Execute the main job as `dagster job execute` does; whether every data type was refreshed and has rows."""
    tag = uuid4().hex
    started = time.monotonic()
    folder, log = dagster_home(settings), settings.home / ".dagster" / "demo.log"
    with _opened(log) as output, dg.DagsterInstance.from_config(str(folder)) as instance:
        command = [sys.executable, "-m", "dagster", "job", "execute", "-m", "market_pipeline.definitions", "-j", JOB]
        process = subprocess.Popen(
            [*command, "--tags", orjson.dumps({TAG: tag}).decode()],
            cwd=folder,
            stdout=output,
            stderr=output,
        )
        try:
            run_id = _watch(console, instance, process, tag)
        finally:  # interrupted, the run ends with us: its database and its vendors are about to go
            process.terminate()
            process.wait()
        if run_id is None:
            console.print(f"[red]the job did not start[/]; what Dagster said is in {log}")
            return False
        found = _figures(instance, run_id)
    console.print(_table(found, time.monotonic() - started))
    with database.connect(name="demo") as connection:
        empty = {one.data_type for one in holdings(connection) if one.rows == 0}
    missing = [name for name in DATASETS if name not in found or name in empty]
    if missing:
        console.print(f"[red]nothing of {', '.join(missing)}[/]; what Dagster said is in {log}")
    else:
        up = "make dev" if in_checkout() else "market-pipeline up"
        console.print(f"Next: `{up}` for the UI, `market-pipeline status` for what there is.")
    return not missing


def _opened(log: Path) -> BinaryIO:
    """The log, emptied.  Raises SettingsError where the home cannot be written."""
    try:
        log.parent.mkdir(parents=True, exist_ok=True)
        return log.open("wb")
    except OSError as error:
        raise SettingsError(f"MARKET_PIPELINE_HOME cannot be used: {log}: {error.strerror}") from None


def _watch(console: Console, instance: dg.DagsterInstance, process: "subprocess.Popen[bytes]", tag: str) -> str | None:
    """Show progress until the job has ended; the run's id, None where there was no run."""
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console) as progress:
        bar = progress.add_task("starting Dagster", total=len(DATASETS))
        run_id: str | None = None
        while True:
            ended = process.poll() is not None
            if run_id is None:
                runs = instance.get_runs(dg.RunsFilter(tags={TAG: tag}), limit=1)
                run_id = runs[0].run_id if runs else None
            if run_id is not None:
                steps = instance.get_run_step_stats(run_id)
                done = [step for step in steps if step.end_time is not None]
                current = next((step.step_key for step in steps if step.end_time is None), "finishing")
                progress.update(bar, completed=len(done), description=current.removeprefix("refresh_"))
            if ended:
                return run_id
            time.sleep(POLL_SECONDS)


def _figures(instance: dg.DagsterInstance, run_id: str) -> dict[str, dict[str, Any]]:
    """What the run's materialisations say, by data type."""
    found: dict[str, dict[str, Any]] = {}
    for entry in instance.all_logs(run_id, of_type=dg.DagsterEventType.ASSET_MATERIALIZATION):
        event = entry.get_dagster_event()
        materialisation = event.step_materialization_data.materialization
        metadata: Mapping[str, Any] = {name: value.value for name, value in materialisation.metadata.items()}
        found[materialisation.asset_key.to_user_string()] = dict(metadata)
    return found


def _table(found: Mapping[str, Mapping[str, Any]], seconds: float) -> Table:
    table = Table(title=f"market_data_refresh in {seconds:.1f} s", show_footer=True, box=SIMPLE_HEAD)
    table.add_column("data type", footer="all", no_wrap=True)
    for name, header in FIGURES.items():
        table.add_column(header, justify="right", footer=_footer(name, found))
    table.add_column("vendors, symbols")
    for name in DATASETS:
        if name not in found:
            table.add_row(name, "[red]0[/]", "", "", "[red]all[/]", "", "", "")
            continue
        one = found[name]
        vendors = ", ".join(f"{vendor} {count}" for vendor, count in one["vendors"].items())
        table.add_row(name, *(_shown(one[figure]) for figure in FIGURES), vendors)
    return table


def _shown(figure: float) -> str:
    return f"{figure:,}" if isinstance(figure, int) else f"{figure:,.1f}"


def _footer(column: str, found: Mapping[str, Mapping[str, Any]]) -> str:
    """The total of the columns that can be added up."""
    return f"{sum(one[column] for one in found.values()):,}" if column in ("rows", "fallbacks") else ""
