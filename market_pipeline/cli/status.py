"""`market-pipeline status`: whether everything works, and the state of each data type."""

from datetime import UTC, datetime

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from market_pipeline.cli.common import AsJson, age, compact_table, print_json
from market_pipeline.settings import load_settings
from market_pipeline.storage.prepare import prepared_database
from market_pipeline.tracking.health import Health, health
from market_pipeline.tracking.holdings import Holding, holdings

console = Console()
COLOURS = {"healthy": "green", "degraded": "yellow", "unhealthy": "red"}


def status(as_json: AsJson = False) -> None:
    """Show whether everything works, and the rows, freshness and failures of each data type."""
    settings = load_settings()
    with prepared_database(settings).connect(name="cli") as connection:
        found, kept = health(connection, datetime.now(UTC)), holdings(connection)
    if as_json:
        print_json({"world": settings.world, "health": found, "data_types": kept})
        return
    console.print(_table(settings.world, kept, found["timestamp"]))
    _print_health(found)


def _table(world: str, kept: list[Holding], now: datetime) -> Table:
    headings = ("rows", "fresh", "aging", "stale", "miss-\ning", "last", "re-\ntry", "given\nup", "bad\nrows")
    table = compact_table("data type", *headings)
    table.title = world
    for one in kept:
        last = None if one.last_refreshed_at is None else int((now - one.last_refreshed_at).total_seconds())
        figures = (one.rows, one.fresh, one.aging, one.stale, one.missing)
        table.add_row(
            one.data_type, *map(str, figures), age(last), str(one.waiting), str(one.exhausted), str(one.rejected)
        )
    return table


def _print_health(found: Health) -> None:
    colour = COLOURS[found["status"]]
    console.print(f"[{colour}]{found['status']}[/]", highlight=False)
    for issue in found["issues"]:
        console.print(f"  - {escape(issue)}", highlight=False)
