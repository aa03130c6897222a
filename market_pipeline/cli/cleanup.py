"""`market-pipeline cleanup`: deletes old tracking data and old runs now instead of next Sunday."""

from datetime import UTC, datetime
from typing import Annotated

import dagster as dg
import typer
from rich.console import Console
from rich.table import Table

from market_pipeline.cli.common import AsJson, print_json
from market_pipeline.cli.dagster_home import dagster_home
from market_pipeline.maintenance import delete_old_history
from market_pipeline.settings import MOST_DAYS_KEPT, load_settings
from market_pipeline.storage.prepare import prepared_database

console = Console()


def cleanup(
    days: Annotated[
        int | None,
        typer.Option("--days", min=1, max=MOST_DAYS_KEPT, help="How many days to keep; RETENTION_DAYS by default."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Delete old tracking data and old Dagster runs. Market data and its last fetch times stay."""
    settings = load_settings()
    kept = settings.retention_days if days is None else days
    database = prepared_database(settings)
    with dg.DagsterInstance.from_config(str(dagster_home(settings))) as instance:
        deleted = delete_old_history(database, instance, kept, now=datetime.now(UTC))
    if as_json:
        print_json({"days_to_keep": kept, "deleted": deleted})
        return
    table = Table("what", "deleted", title=f"older than {kept} days")
    for what, count in deleted.items():
        table.add_row(what, f"{count:,}")
    console.print(table)
