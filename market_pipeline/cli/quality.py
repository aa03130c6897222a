"""`market-pipeline quality`: how good the rows are that we keep."""

from typing import Annotated

import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from market_pipeline.cli.inspect import AsJson, print_json
from market_pipeline.datasets import DATASETS, MARKET_WIDE
from market_pipeline.settings import load_settings
from market_pipeline.storage.prepare import prepared_database
from market_pipeline.storage.universe import checked_symbol
from market_pipeline.tracking.quality import Quality, quality_summary, read_quality

SHOWN = 50  # lines of the table; JSON has all
console = Console()


def quality(
    data_type: Annotated[str | None, typer.Argument(help="Only this data type, such as historical_prices.")] = None,
    symbol: Annotated[str | None, typer.Option("--symbol", help="Only this symbol, such as AAPL.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show how valid and complete each symbol's rows are, the worst first."""
    if data_type is not None and data_type not in DATASETS:
        raise typer.BadParameter(f"there is no data type {data_type!r}; there are {', '.join(DATASETS)}")
    symbols = None if symbol is None else [MARKET_WIDE if symbol == MARKET_WIDE else checked_symbol(symbol)]
    with prepared_database(load_settings()).connect(name="cli") as connection:
        found, summary = read_quality(connection, data_type=data_type, symbols=symbols), quality_summary(connection)
    if as_json:
        print_json({"summary": summary, "quality": found})
        return
    _print(found)
    console.print(
        f"{summary.symbols_tracked} symbols tracked, validation {_percent(summary.avg_validation_rate)},"
        f" score {_score(summary.avg_quality_score)} on average of all that was measured",
        highlight=False,
    )


def _print(found: list[Quality]) -> None:
    table = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0))  # fits into 80 columns
    for heading in ("data type", "symbol", "score", "rows", "valid", "complete", "deviation", "measured (UTC)"):
        table.add_column(heading, no_wrap=True)
    for one in found[:SHOWN]:
        table.add_row(
            one.data_type,
            one.symbol,
            _score(one.quality_score),
            str(one.rows_checked),
            _percent(one.validation_rate),
            _percent(one.completeness),
            "–" if one.deviation is None else f"{one.deviation:.2f} %",
            f"{one.measured_at:%m-%d %H:%M}",
        )
    console.print(table)
    if len(found) > SHOWN:
        console.print(f"{len(found) - SHOWN} more, all at least as good; --json lists them")


def _percent(value: float | None) -> str:
    return "–" if value is None else f"{value:.1f} %"


def _score(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"
