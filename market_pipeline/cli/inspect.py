"""`market-pipeline status` and `providers`: what there is, and how vendors are doing."""

from dataclasses import asdict
from typing import Annotated, Any

import orjson
import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from market_pipeline.datasets import DATASETS
from market_pipeline.providers.registry import PROVIDERS
from market_pipeline.routes import ROUTES
from market_pipeline.settings import load_provider_settings, load_settings
from market_pipeline.storage.prepare import prepared_database
from market_pipeline.tracking.statistics import holdings, provider_performance

console = Console()
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for a program.")]


def status(as_json: AsJson = False) -> None:
    """Show what each data type holds: rows, symbols, last fetch, what waits for a retry, what was refused."""
    settings = load_settings()
    with prepared_database(settings).connect(name="cli") as connection:
        found = holdings(connection)
    if as_json:
        _print_json([asdict(one) for one in found])
        return
    table = Table(title=settings.world, box=SIMPLE_HEAD, padding=(0, 1, 0, 0))  # fits into 80 columns
    for heading in ("data type", "rows", "symbols", "last fetch\n(UTC)", "to\nretry", "given\nup", "rejected"):
        table.add_column(heading, no_wrap=True)
    for one in found:
        fetched = "never" if one.last_fetched_at is None else f"{one.last_fetched_at:%Y-%m-%d %H:%M}"
        figures = (one.rows, one.symbols, fetched, one.waiting, one.exhausted, one.rejected)
        table.add_row(one.data_type, *map(str, figures))
    console.print(table)


def providers(
    as_json: AsJson = False,
    coverage: Annotated[bool, typer.Option("--coverage", help="Who offers what, from the code.")] = False,
) -> None:
    """Show the vendors: whether they are on, which variable has their key, and how they have answered so far."""
    if coverage:
        _print_coverage()
        return
    with prepared_database(load_settings()).connect(name="cli") as connection:
        performance = provider_performance(connection)
    if as_json:
        _print_json([asdict(one) for one in performance])
        return
    _print_vendors()
    table = Table("vendor", "data type", "calls", "success", "average ms", "rate-limited", "records", "last error")
    for one in performance:
        table.add_row(
            one.provider,
            one.data_type,
            str(one.total_attempts),
            "–" if one.success_rate is None else f"{one.success_rate:.1f} %",
            "–" if one.avg_response_time_ms is None else f"{one.avg_response_time_ms:.0f}",
            str(one.rate_limited),
            str(one.records),
            escape((one.last_error or "")[:60]),  # a vendor's words, which may look like markup
        )
    console.print(table)


def coverage_matrix() -> dict[str, dict[str, int]]:
    """Data type → vendor → place in the default order, counted from 1; vendors that do not offer it are not in it."""
    return {name: {vendor: place for place, vendor in enumerate(ROUTES[name], start=1)} for name in DATASETS}


def _print_coverage() -> None:
    table = Table("data type", *PROVIDERS, "vendors", title="place in the default order")
    for name, places in coverage_matrix().items():
        table.add_row(name, *(str(places.get(vendor, "")) for vendor in PROVIDERS), str(len(places)))
    console.print(table)


def _print_vendors() -> None:
    live = load_settings().data_world == "live"
    table = Table("vendor", "state", "key", "limits of the free plan", "home page")
    for name, provider in PROVIDERS.items():
        own = load_provider_settings(name)
        variable = f"{name.upper()}_API_KEY"
        missing = live and provider.needs_key and own.api_key is None
        state = "disabled" if not own.enabled else f"off: set {variable}" if missing else "on"
        key = "none needed" if not provider.needs_key else "set" if own.api_key is not None else variable
        limits = ", ".join(f"{rate.calls} per {_period(rate.seconds)}" for rate in provider.limits) or "undocumented"
        table.add_row(name, state, key, limits, provider.homepage)
    console.print(table)
    if not live:
        console.print("DATA_WORLD is simulated: every vendor is the simulator. Set DATA_WORLD=live for the real ones.")


def _period(seconds: float) -> str:
    names = {1.0: "second", 60.0: "minute", 3600.0: "hour", 86400.0: "day"}
    return names.get(float(seconds), f"{seconds:g} s")


def _print_json(content: list[dict[str, Any]]) -> None:
    typer.echo(orjson.dumps(content, option=orjson.OPT_INDENT_2).decode())
