"""`market-pipeline status`: what there is; and what commands that show something share."""

from collections.abc import Iterable
from dataclasses import asdict
from typing import Annotated, Any

import orjson
import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from market_pipeline.settings import load_settings
from market_pipeline.storage.prepare import prepared_database
from market_pipeline.tracking.statistics import holdings

console = Console()
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for a program.")]


def status(as_json: AsJson = False) -> None:
    """Show what each data type holds: rows, symbols, last fetch, what waits for a retry, what was refused."""
    settings = load_settings()
    with prepared_database(settings).connect(name="cli") as connection:
        found = holdings(connection)
    if as_json:
        print_json([asdict(one) for one in found])
        return
    table = Table(title=settings.world, box=SIMPLE_HEAD, padding=(0, 1, 0, 0))  # fits into 80 columns
    for heading in ("data type", "rows", "symbols", "last fetch\n(UTC)", "to\nretry", "given\nup", "rejected"):
        table.add_column(heading, no_wrap=True)
    for one in found:
        fetched = "never" if one.last_fetched_at is None else f"{one.last_fetched_at:%Y-%m-%d %H:%M}"
        figures = (one.rows, one.symbols, fetched, one.waiting, one.exhausted, one.rejected)
        table.add_row(one.data_type, *map(str, figures))
    console.print(table)


def print_json(content: Any) -> None:
    """Print for a program: what orjson can write, dataclasses among them."""
    typer.echo(orjson.dumps(content, option=orjson.OPT_INDENT_2).decode())


def must_be_one_of(what: str, given: str, known: Iterable[str]) -> None:
    """Raises BadParameter (exit code 2) that names what there is."""
    if given not in known:
        raise typer.BadParameter(f"there is no {what} {given!r}; there are {', '.join(known)}")
