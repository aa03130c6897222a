"""`market-pipeline symbols`: the universe, the symbols that are fetched."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from market_pipeline.settings import load_settings
from market_pipeline.storage.prepare import prepared_database
from market_pipeline.storage.universe import (
    InvalidSymbol,
    checked_symbol,
    read_csv,
    track,
    track_names,
    tracked_symbols,
    untrack,
)

app = typer.Typer(help="The universe: which symbols are fetched.", no_args_is_help=True)
console = Console()
Symbols = Annotated[list[str], typer.Argument(help="Symbols such as AAPL or BRK.B; case does not matter.")]


@app.command("list")
def show(everything: Annotated[bool, typer.Option("--all", help="Inactive symbols too.")] = False) -> None:
    """List the tracked symbols."""
    with prepared_database(load_settings()).connect(name="cli") as connection:
        found = tracked_symbols(connection, include_inactive=everything)
    table = Table("symbol", "name", "exchange", "sector", "indices", "bars", "active")
    for one in found:
        table.add_row(
            one.symbol,
            *(escape(text or "") for text in (one.name, one.exchange, one.sector, ", ".join(one.indices))),
            ", ".join(one.timeframes),
            "yes" if one.active else "no",
        )
    console.print(table)
    console.print(f"{len(found)} symbols")


@app.command()
def add(symbols: Symbols) -> None:
    """Track symbols. Those that were removed become active again, with their data."""
    with prepared_database(load_settings()).connect(name="cli") as connection:
        tracked = track_names(connection, symbols)
    console.print(f"{len(tracked)} tracked")


@app.command()
def remove(symbols: Symbols) -> None:
    """Stop fetching symbols.  Their data stays."""
    checked = [checked_symbol(symbol) for symbol in symbols]
    with prepared_database(load_settings()).connect(name="cli") as connection:
        removed = untrack(connection, checked)
    console.print(f"no longer fetched: {', '.join(removed) or 'none'}")
    strangers = sorted(set(checked) - set(removed))
    if strangers:
        Console(stderr=True).print(f"not tracked: {', '.join(strangers)}")
        raise typer.Exit(1)


@app.command("import")
def import_csv(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="CSV with a column `symbol`.")],
) -> None:
    """Track the symbols of a CSV.

    Columns: `symbol`, and any of name, asset_class, exchange, sector, industry, indices, timeframes (the last two separated
    by `;`).  Either all lines are taken or, where one is wrong, none.
    """
    try:
        found = read_csv(file)
    except OSError as error:
        raise InvalidSymbol(f"{file} cannot be read: {error.strerror}") from None
    with prepared_database(load_settings()).connect(name="cli") as connection:
        count = track(connection, found)
    console.print(f"{count} symbols tracked")
