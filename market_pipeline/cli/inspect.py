"""`market-pipeline status`: whether it works and what there is; and what commands that show something share."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Annotated, Any

import orjson
import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from market_pipeline.datasets import MARKET_WIDE
from market_pipeline.settings import load_settings
from market_pipeline.storage.prepare import prepared_database
from market_pipeline.storage.universe import checked_symbol
from market_pipeline.tracking.health import Health, health
from market_pipeline.tracking.holdings import Holding, holdings

console = Console()
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for a program.")]
COLOURS = {"healthy": "green", "degraded": "yellow", "unhealthy": "red"}


def status(as_json: AsJson = False) -> None:
    """Show whether everything works, and of each data type its rows, how fresh they are, and what failed."""
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


def compact_table(*headings: str) -> Table:
    """A table that fits into 80 columns."""
    table = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for heading in headings:
        table.add_column(heading, no_wrap=True)
    return table


def moment(at: datetime | None) -> str:
    """A time of the last or the next days, in UTC."""
    return "never" if at is None else f"{at.astimezone(UTC):%m-%d %H:%M}"


def age(seconds: int | None) -> str:
    """In the largest unit of which there are two: 119 s, 119 min, 47 h, 2 d."""
    if seconds is None:
        return "–"
    for unit, length in (("d", 86_400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{seconds // length} {unit}"
    return f"{seconds} s"


def percent(value: float | None) -> str:
    return "–" if value is None else f"{value:.1f} %"


def number(value: float | None) -> str:
    return "–" if value is None else f"{value:.0f}"


def print_json(content: Any) -> None:
    """Print for a program: what orjson can write, dataclasses among them."""
    typer.echo(orjson.dumps(content, option=orjson.OPT_INDENT_2).decode())


def checked_subject(symbol: str) -> str:
    """What rows may be about: a symbol in its canonical spelling, or the whole market.  Raises InvalidSymbol."""
    return MARKET_WIDE if symbol == MARKET_WIDE else checked_symbol(symbol)


def must_be_one_of(what: str, given: str, known: Iterable[str]) -> None:
    """Raises BadParameter (exit code 2) that names what there is."""
    if given not in known:
        raise typer.BadParameter(f"there is no {what} {given!r}; there are {', '.join(known)}")
