"""`market-pipeline executions`: what ran recently, for which data type, and with which result."""

from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from market_pipeline.cli.common import AsJson, compact_table, moment, must_be_one_of, print_json
from market_pipeline.datasets import DATA_TYPES
from market_pipeline.settings import load_settings
from market_pipeline.storage.prepare import prepared_database
from market_pipeline.tracking.history import past_executions

console = Console()
COLOURS = {"running": "cyan", "completed": "green", "failed": "red"}


def executions(
    data_type: Annotated[str | None, typer.Argument(help="Only this data type, such as news.")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="How many, newest first.")] = 20,
    as_json: AsJson = False,
) -> None:
    """Show recent executions: data type, symbols, duration and result."""
    if data_type is not None:
        must_be_one_of("data type", data_type, [one.name for one in DATA_TYPES])
    with prepared_database(load_settings()).connect(name="cli") as connection:
        found = past_executions(connection, limit, data_type=data_type)
    if as_json:
        print_json(found)
        return
    table = compact_table("started\n(UTC)", "data type", "status", "symbols\nfetched", "rows", "seconds", "run")
    for one in found:
        table.add_row(
            moment(one.started_at),
            one.data_type,
            f"[{COLOURS[one.status]}]{one.status}[/]",
            f"{one.successful_symbols}/{one.total_symbols}",
            str(one.total_records_processed),
            "–" if one.duration_seconds is None else f"{one.duration_seconds:.1f}",
            one.run_id[:8],
        )
    console.print(table)
    for one in found:
        if one.error_message is not None:
            console.print(f"{one.run_id[:8]} {one.data_type}: {escape(one.error_message)}", highlight=False)
