"""`market-pipeline freshness`: what is fresh, aging, stale and missing."""

from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from market_pipeline.cli.common import (
    AsJson,
    age,
    checked_subject,
    compact_table,
    moment,
    must_be_one_of,
    print_json,
)
from market_pipeline.datasets import DATA_TYPES
from market_pipeline.settings import load_settings
from market_pipeline.storage.prepare import prepared_database
from market_pipeline.storage.universe import InvalidSymbol
from market_pipeline.tracking.staleness import STATUSES, FreshnessEntry, staleness_report, symbol_freshness

console = Console()
COLOURS = {"fresh": "green", "aging": "yellow", "stale": "red", "missing": "red"}


def freshness(
    data_type: Annotated[str | None, typer.Argument(help="Only this data type, such as stock_quotes.")] = None,
    status: Annotated[str | None, typer.Option("--status", help="Only fresh, aging, stale or missing.")] = None,
    symbol: Annotated[str | None, typer.Option("--symbol", help="All data of one symbol instead.")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="How many of each status are listed.")] = 50,
    as_json: AsJson = False,
) -> None:
    """Show the freshness of each symbol's data, the most overdue first."""
    if data_type is not None:
        must_be_one_of("data type", data_type, [one.name for one in DATA_TYPES])
    if status is not None:
        must_be_one_of("status", status, STATUSES)
    if symbol is not None:
        _show_symbol(symbol, data_type, status, as_json)
        return
    with prepared_database(load_settings()).connect(name="cli") as connection:
        report = staleness_report(connection, data_type=data_type, limit=limit)
    if status is not None:
        report["by_status"] = {one: entries for one, entries in report["by_status"].items() if one == status}
    if as_json:
        print_json(report)
        return
    _print([entry for one in reversed(STATUSES) for entry in report["by_status"].get(one, [])])
    counts = report["summary"]
    console.print(
        f"{counts['fresh_count']} fresh, {counts['aging_count']} aging, {counts['stale_count']} stale,"
        f" {counts['missing_count']} missing, of {counts['total_monitored']}",
        highlight=False,
    )


def _show_symbol(symbol: str, data_type: str | None, status: str | None, as_json: bool) -> None:
    """Raises InvalidSymbol for one that is not active."""
    checked = checked_subject(symbol)
    with prepared_database(load_settings()).connect(name="cli") as connection:
        found = symbol_freshness(connection, checked)
    if not found:
        raise InvalidSymbol(f"{checked} is not an active symbol: `market-pipeline symbols add {checked}`")
    kept = [one for one in found if data_type in (None, one["data_type"]) and status in (None, one["status"])]
    if as_json:
        print_json(kept)
        return
    _print(kept)


def _print(entries: list[FreshnessEntry]) -> None:
    table = compact_table("data type", "symbol", "bars", "status", "refreshed (UTC)", "age", "rows")
    for one in entries:
        status = one["status"]
        table.add_row(
            one["data_type"],
            escape(one["symbol"]),
            one["timeframe"],
            f"[{COLOURS[status]}]{status}[/]",
            moment(one["last_computed_at"]),
            age(one["staleness_seconds"]),
            str(one["data_point_count"]),
        )
    console.print(table)
