"""`market-pipeline cache`: hit rates of the answer cache, and clearing it."""

from typing import Annotated

import typer
from rich.console import Console

from market_pipeline.cli.common import AsJson, compact_table, must_be_one_of, percent, print_json
from market_pipeline.datasets import DATASETS
from market_pipeline.providers.registry import PROVIDERS
from market_pipeline.settings import load_settings
from market_pipeline.storage.answers import forget_answers
from market_pipeline.storage.prepare import prepared_database
from market_pipeline.storage.universe import checked_symbol
from market_pipeline.tracking.statistics import cache_stats

app = typer.Typer(help="The answer cache: hit rates, and clearing it.", no_args_is_help=True)
console = Console()


@app.command()
def stats(as_json: AsJson = False) -> None:
    """Show the answer cache by data type: how long answers are valid, how many there are, and the hit rate."""
    with prepared_database(load_settings()).connect(name="cli") as connection:
        found = cache_stats(connection)
    if as_json:
        print_json(found)
        return
    table = compact_table("data type", "valid for", "answers", "fresh", "hits", "misses", "hit rate", "stale")
    for one in found:
        ttl = DATASETS[one.data_type].cache_ttl
        table.add_row(
            one.data_type,
            "–" if ttl is None else f"{ttl.total_seconds() / 60:g} min",
            *map(str, (one.answers, one.fresh, one.hits, one.misses)),
            percent(one.hit_rate),
            str(one.stale),
        )
    console.print(table)


@app.command()
def clear(
    data_type: Annotated[str | None, typer.Option("--data-type", help="Only about this data type.")] = None,
    symbol: Annotated[str | None, typer.Option("--symbol", help="Only about this symbol.")] = None,
    provider: Annotated[str | None, typer.Option("--provider", help="Only from this vendor.")] = None,
) -> None:
    """Delete cached answers, all or some, so that they are fetched again. The stored rows stay."""
    if data_type is not None:
        must_be_one_of("data type", data_type, DATASETS)
    if provider is not None:
        must_be_one_of("vendor", provider, PROVIDERS)
    checked = None if symbol is None else checked_symbol(symbol)
    with prepared_database(load_settings()).connect(autocommit=True, name="cli") as connection:
        forgotten = forget_answers(connection, data_type=data_type, symbol=checked, provider=provider)
    console.print(f"{forgotten} cached answers deleted")
