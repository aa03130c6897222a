"""`market-pipeline retry`: failed symbols are retried now."""

from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.console import Console

from market_pipeline.cli.common import AsJson, checked_subject, must_be_one_of, print_json
from market_pipeline.datasets import DATASETS
from market_pipeline.settings import load_settings
from market_pipeline.storage.prepare import prepared_database
from market_pipeline.tracking.failed_symbols import force_retry

console = Console()


def retry(
    data_type: Annotated[str | None, typer.Argument(help="Only of this data type, such as company_info.")] = None,
    symbol: Annotated[str | None, typer.Option("--symbol", help="Only this symbol, such as AAPL.")] = None,
    as_json: AsJson = False,
) -> None:
    """Retry failed symbols now, also those that were given up. Dagster has to be running: its retry sensor starts the runs."""
    if data_type is not None:
        must_be_one_of("data type", data_type, DATASETS)
    symbols = None if symbol is None else [checked_subject(symbol)]
    with prepared_database(load_settings()).connect(autocommit=True, name="cli") as connection:
        due = force_retry(connection, data_type, symbols=symbols, now=datetime.now(UTC))
    if as_json:
        print_json({"due": due})
    elif due:
        console.print(f"{due} due now: failed_symbols_sensor retries them within a minute, while Dagster runs")
    else:
        console.print("no failed symbols to retry")
