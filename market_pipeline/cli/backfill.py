"""`market-pipeline backfill`: a backfill like one started in Dagster's UI.

Here belongs which partitions are meant.  How many runs fill them, when those start and what becomes of each partition is
Dagster's; what a run fetches is the asset's.
"""

from datetime import UTC, date, datetime
from typing import Annotated

import typer
from rich.console import Console

from market_pipeline.cli.common import must_be_one_of
from market_pipeline.datasets import DATA_TYPES, DATASETS, DataType, PartitionedBy
from market_pipeline.monitor.dagster_control import DagsterControl
from market_pipeline.sessions import Sessions
from market_pipeline.settings import load_settings
from market_pipeline.storage.universe import checked_symbol

console = Console()
NAMED = 5  # partitions in a message


def backfill(
    data_type: Annotated[str, typer.Argument(help="The data type, such as historical_prices.")],
    first: Annotated[datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], help="The first day.")] = None,
    last: Annotated[
        datetime | None, typer.Option("--to", formats=["%Y-%m-%d"], help="The last day; the current one by default.")
    ] = None,
    symbols: Annotated[
        list[str] | None, typer.Option("--symbol", help="Only this symbol (or index); may be given several times.")
    ] = None,
    missing: Annotated[
        bool, typer.Option("--missing", help="Only partitions that failed or were never fetched.")
    ] = False,
) -> None:
    """Start a backfill with low priority. Dagster has to be running; its UI shows which partitions are filled and which failed.

    Data types kept by day take `--from` and `--to`; those kept by symbol are filled for the symbols named, or for all.
    """
    must_be_one_of("data type", data_type, [one.name for one in DATA_TYPES])
    wanted = next(one for one in DATA_TYPES if one.name == data_type)
    named = [checked_symbol(symbol) for symbol in symbols or ()]
    _check_options(wanted, first, last, named)
    settings = load_settings()
    dagster = DagsterControl(settings.dagster_url)
    known = {one.key: one for one in dagster.partitions(data_type)}
    if first is None:
        keys, config = named or list(known), {}
    else:
        end = _current_day(wanted, settings.exchange) if last is None else last.date()
        keys = [key for key in known if first.date() <= date.fromisoformat(key) <= end]
        config = {"ops": {data_type: {"config": {"symbols": named}}}} if named else {}
    strangers = [key for key in keys if key not in known]
    if strangers or not keys:
        which = ", ".join(strangers[:NAMED]) or "in this range"
        raise typer.BadParameter(f"{data_type} has no partition {which}")
    left = [key for key in keys if known[key].open] if missing else keys
    if not left:
        console.print(f"nothing to do: all of the {len(keys)} partitions are filled")
        return
    started = dagster.backfill(data_type, left, config, {"market_pipeline/data_type": data_type})
    console.print(
        f"backfill {started} of {len(left)} partitions is queued: {settings.dagster_url}/runs/b/{started}",
        soft_wrap=True,
    )


def _check_options(wanted: DataType, first: datetime | None, last: datetime | None, named: list[str]) -> None:
    """Raises BadParameter (exit code 2) for options that do not go together, or not with the data type."""
    if not wanted.partitioned_by.is_dated:
        if first is not None or last is not None:
            raise typer.BadParameter(
                f"{wanted.name} is kept by {wanted.partitioned_by}, not by day: name some by --symbol"
            )
        return
    if first is None:
        raise typer.BadParameter(f"{wanted.name} is kept by {wanted.partitioned_by}: say from which day on by --from")
    if last is not None and last < first:
        raise typer.BadParameter("--to is before --from")
    if named and wanted.name in DATASETS and not DATASETS[wanted.name].per_symbol:
        raise typer.BadParameter(f"{wanted.name} is about the whole market: --symbol cannot narrow it")


def _current_day(wanted: DataType, exchange: str) -> date:
    """The last day that can be fetched, of data types without a future."""
    now = datetime.now(UTC)
    return Sessions(exchange).current(now) if wanted.partitioned_by is PartitionedBy.SESSION else now.date()
