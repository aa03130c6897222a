"""`market-pipeline quality`: the quality of the stored rows."""

from typing import Annotated

import typer
from rich.console import Console

from market_pipeline.cli.common import (
    AsJson,
    checked_subject,
    compact_table,
    moment,
    must_be_one_of,
    percent,
    print_json,
)
from market_pipeline.datasets import DATASETS
from market_pipeline.settings import load_settings
from market_pipeline.storage.prepare import prepared_database
from market_pipeline.tracking.quality import Quality, quality_summary, read_quality

SHOWN = 50  # lines of the table; JSON has all
console = Console()


def quality(
    data_type: Annotated[str | None, typer.Argument(help="Only this data type, such as historical_prices.")] = None,
    symbol: Annotated[str | None, typer.Option("--symbol", help="Only this symbol, such as AAPL.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show validation rate, completeness and quality score of each symbol, the worst first."""
    if data_type is not None:
        must_be_one_of("data type", data_type, DATASETS)
    symbols = None if symbol is None else [checked_subject(symbol)]
    with prepared_database(load_settings()).connect(name="cli") as connection:
        found, summary = read_quality(connection, data_type=data_type, symbols=symbols), quality_summary(connection)
    if as_json:
        print_json({"summary": summary, "quality": found})
        return
    _print(found)
    console.print(
        f"{summary.symbols_tracked} symbols tracked, validation {percent(summary.avg_validation_rate)},"
        f" score {_score(summary.avg_quality_score)} on average of all that was measured",
        highlight=False,
    )


def _print(found: list[Quality]) -> None:
    table = compact_table("data type", "symbol", "score", "rows", "valid", "complete", "deviation", "measured (UTC)")
    for one in found[:SHOWN]:
        table.add_row(
            one.data_type,
            one.symbol,
            _score(one.quality_score),
            str(one.rows_checked),
            percent(one.validation_rate),
            percent(one.completeness),
            "–" if one.deviation is None else f"{one.deviation:.2f} %",
            moment(one.measured_at),
        )
    console.print(table)
    if len(found) > SHOWN:
        console.print(f"{len(found) - SHOWN} more, all at least as good; --json lists them")


def _score(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"
