"""What commands have in common: how they show tables, times and figures, print JSON, and refuse an unknown name."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Annotated, Any

import orjson
import typer
from rich.box import SIMPLE_HEAD
from rich.table import Table

from market_pipeline.datasets import MARKET_WIDE
from market_pipeline.storage.universe import checked_symbol

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for a program.")]


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
