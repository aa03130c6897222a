"""`market-pipeline providers`: how vendors stand, what happened to them, and bringing one back."""

from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from market_pipeline.cli.inspect import AsJson, must_be_one_of, print_json
from market_pipeline.datasets import DATASETS
from market_pipeline.providers.registry import PROVIDERS
from market_pipeline.routes import ROUTES
from market_pipeline.settings import load_provider_settings, load_settings
from market_pipeline.storage.prepare import prepared_database
from market_pipeline.tracking.gates import GateStatus, gate_events, gate_status, reset_gate
from market_pipeline.tracking.statistics import ProviderPerformance, provider_performance

app = typer.Typer(help="The vendors: how they stand, what happened to them, bringing one back.")
console = Console()


@app.callback(invoke_without_command=True)
def show(
    context: typer.Context,
    as_json: AsJson = False,
    coverage: Annotated[bool, typer.Option("--coverage", help="Who offers what, from the code.")] = False,
) -> None:
    """Show the vendors: whether they are on, how their gates stand, and how they have answered so far."""
    if context.invoked_subcommand is not None:
        return
    if coverage:
        _print_coverage()
        return
    with prepared_database(load_settings()).connect(name="cli") as connection:
        gates, performance = gate_status(connection), provider_performance(connection)
    if as_json:
        print_json({"gates": gates, "performance": performance})
        return
    _print_vendors()
    _print_gates(gates)
    _print_performance(performance)


@app.command()
def reset(
    name: Annotated[str, typer.Argument(help="The vendor, such as finnhub.")],
    data_type: Annotated[str | None, typer.Argument(help="Only its endpoints for this data type.")] = None,
) -> None:
    """Bring a vendor back that was put away; what is spent of its limits stays spent."""
    must_be_one_of("vendor", name, PROVIDERS)
    if data_type is not None:
        must_be_one_of("data type", data_type, DATASETS)
    with prepared_database(load_settings()).connect(autocommit=True, name="cli") as connection:
        changed = reset_gate(connection, name, data_type)
    console.print(f"{name}: {changed} brought back" if changed else f"{name} was not put away")


@app.command()
def events(
    limit: Annotated[int, typer.Option("--limit", min=1, help="How many, newest first.")] = 50, as_json: AsJson = False
) -> None:
    """Show when and why vendors were put away and brought back."""
    with prepared_database(load_settings()).connect(name="cli") as connection:
        found = gate_events(connection, limit)
    if as_json:
        print_json(found)
        return
    table = Table("time (UTC)", "vendor", "endpoint", "from", "to", "reason")
    for one in found:
        time = f"{one.at:%Y-%m-%d %H:%M:%S}"
        table.add_row(time, one.provider, one.scope or "all", one.from_state, one.to_state, escape(one.reason))
    console.print(table)


def coverage_matrix() -> dict[str, dict[str, int]]:
    """Data type → vendor → place in the default order, counted from 1; vendors that do not offer it are not in it."""
    return {name: {vendor: place for place, vendor in enumerate(ROUTES[name], start=1)} for name in DATASETS}


def _print_coverage() -> None:
    table = Table("data type", *PROVIDERS, "vendors", title="place in the default order")
    for name, places in coverage_matrix().items():
        table.add_row(name, *(str(places.get(vendor, "")) for vendor in PROVIDERS), str(len(places)))
    console.print(table)


def _print_gates(gates: list[GateStatus]) -> None:
    table = Table(
        "vendor", "endpoint", "state", "until (UTC)", "success", "in flight", "tokens left", "quota left", "reason"
    )
    for one in gates:
        calls = one.failure_count + one.success_count
        table.add_row(
            one.name,
            one.scope or "",
            one.state,
            "" if one.away_until is None else f"{one.away_until:%Y-%m-%d %H:%M:%S}",
            f"{100 * (1 - one.failure_rate):.1f} %" if calls else "–",
            f"{one.active_count} of {one.active_count + one.available_slots}",
            "–" if one.tokens_left is None else str(one.tokens_left),
            "–" if one.quota_left is None else str(one.quota_left),
            escape((one.reason or "")[:60]),  # a vendor's words, which may look like markup
        )
    console.print(table)


def _print_performance(performance: list[ProviderPerformance]) -> None:
    table = Table("vendor", "calls", "success", "p50 ms", "p95 ms", "rate-limited", "records", "last error")
    for one in performance:
        table.add_row(
            one.provider,
            str(one.total_attempts),
            _percent(one.success_rate),
            _number(one.p50_response_ms),
            _number(one.p95_response_ms),
            str(one.rate_limited),
            str(one.records),
            escape((one.last_error or "")[:60]),
        )
    console.print(table)


def _percent(value: float | None) -> str:
    return "–" if value is None else f"{value:.1f} %"


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.0f}"


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
