"""`market-pipeline providers`: how vendors perform, the state of their gates, what changed it, and resetting one."""

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer
from rich.console import Console, Group
from rich.live import Live
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from market_pipeline.cli.common import AsJson, compact_table, must_be_one_of, number, percent, print_json
from market_pipeline.datasets import DATASETS
from market_pipeline.providers.registry import PROVIDERS
from market_pipeline.routes import ROUTES
from market_pipeline.settings import load_provider_settings, load_settings
from market_pipeline.storage.database import Connection
from market_pipeline.storage.prepare import prepared_database
from market_pipeline.tracking.gates import STATE_WORDS, gate_events, gate_status, reset_provider_failures
from market_pipeline.tracking.statistics import ProviderPerformance, provider_performance

WATCH_SECONDS = 2.0
app = typer.Typer(help="The vendors: how they perform, why they are blocked, and resetting one.")
console = Console()


@dataclass(frozen=True, slots=True)
class VendorLine:
    """A vendor: what its settings say of it, and how it does."""

    name: str
    state: str
    """`disabled`, `no key`, – before it was ever asked, else the worst state of its gate and endpoints."""
    performance: ProviderPerformance | None
    """None before it was ever asked."""


@app.callback(invoke_without_command=True)
def show(
    context: typer.Context,
    as_json: AsJson = False,
    coverage: Annotated[bool, typer.Option("--coverage", help="Show which vendor offers which data type.")] = False,
    watch: Annotated[bool, typer.Option("--watch", help="Refresh every two seconds, until Ctrl-C.")] = False,
    data_type: Annotated[str | None, typer.Option("--data-type", help="Only calls for this data type.")] = None,
    hours: Annotated[int | None, typer.Option("--hours", min=1, help="Only calls of the last hours.")] = None,
) -> None:
    """Show how the vendors perform: state, success rate, response times, and what is left of their limits."""
    if context.invoked_subcommand is not None:
        return
    if coverage:
        _print_coverage()
        return
    if data_type is not None:
        must_be_one_of("data type", data_type, DATASETS)
    if watch and as_json:
        raise typer.BadParameter("--watch is for people: leave out --json, or ask again yourself")
    window = None if hours is None else timedelta(hours=hours)
    with prepared_database(load_settings()).connect(autocommit=True, name="cli") as connection:
        lines = _lines(connection, data_type, window)
        if as_json:
            print_json(lines)
            return
        if not watch:
            console.print(_table(lines))
            _say_if_simulated()
            return
        with Live(_table(lines), console=console) as live:
            while True:
                time.sleep(WATCH_SECONDS)
                live.update(_table(_lines(connection, data_type, window)), refresh=True)


def _lines(connection: Connection, data_type: str | None, window: timedelta | None) -> list[VendorLine]:
    known = {one.provider: one for one in provider_performance(connection, data_type=data_type, window=window)}
    offered = PROVIDERS if data_type is None else [name for name in PROVIDERS if name in ROUTES[data_type]]
    return [VendorLine(name, _state(name, known.get(name)), known.get(name)) for name in offered]


def _state(name: str, performance: ProviderPerformance | None) -> str:
    if not load_provider_settings(name).enabled:
        return "disabled"
    if _lacks_key(name):
        return "no key"
    return "–" if performance is None or performance.state is None else performance.state


def _lacks_key(name: str) -> bool:
    live = load_settings().data_world == "live"
    return live and PROVIDERS[name].needs_key and load_provider_settings(name).api_key is None


def _table(lines: list[VendorLine]) -> Group:
    """The figures, and below them what vendors last said."""
    now = datetime.now(UTC)
    headings = ("until\n(UTC)", "calls", "success\n%", "p50\nms", "p95\nms", "lim-\nited", "to-\nkens", "quota")
    table = compact_table("vendor", "state", *headings)
    table.title = f"{now:%Y-%m-%d %H:%M:%S} UTC"
    said = []
    for line in lines:
        one = line.performance
        if one is None:
            table.add_row(line.name, _shown(line.state))
            continue
        table.add_row(
            line.name,
            _shown(line.state),
            _until(one.away_until, now),
            str(one.total_attempts),
            "–" if one.success_rate is None else f"{one.success_rate:.1f}",
            number(one.p50_response_ms),
            number(one.p95_response_ms),
            str(one.rate_limited),
            number(one.tokens_left),
            number(one.quota_left),
        )
        words = one.reason or one.last_error
        if words is not None:
            said.append(Text(f"{line.name}: {words}", no_wrap=True, overflow="ellipsis"))
    return Group(table, *said)


def _shown(state: str) -> str:
    return STATE_WORDS.get(state, state)


def _until(moment: datetime | None, now: datetime) -> str:
    """The time of day, or the day where that is not within a day."""
    if moment is None:
        return ""
    return f"{moment.astimezone(UTC):%H:%M}" if moment - now < timedelta(days=1) else f"{moment.astimezone(UTC):%m-%d}"


def _say_if_simulated() -> None:
    if load_settings().data_world == "simulated":
        console.print("DATA_WORLD is simulated: every vendor is the simulator. Set DATA_WORLD=live for the real ones.")


@app.command()
def endpoints(as_json: AsJson = False) -> None:
    """Show the gate of each endpoint that was called: state, success, calls in flight, what is left of the limits."""
    with prepared_database(load_settings()).connect(name="cli") as connection:
        gates = gate_status(connection)
    if as_json:
        print_json(gates)
        return
    table = Table("vendor", "endpoint", "state", "until (UTC)", "success", "in flight", "tokens", "quota", "reason")
    for one in gates:
        calls = one.failure_count + one.success_count
        table.add_row(
            one.name,
            one.scope or "",
            _shown(one.state),
            "" if one.away_until is None else f"{one.away_until:%Y-%m-%d %H:%M:%S}",
            percent(100 * (1 - one.failure_rate) if calls else None),
            f"{one.active_count} of {one.active_count + one.available_slots}",
            number(one.tokens_left),
            number(one.quota_left),
            escape((one.reason or "")[:60]),
        )
    console.print(table)


@app.command()
def plans() -> None:
    """Show which vendors are on, which key each wants, and what its free plan allows."""
    table = Table("vendor", "state", "key", "limits of the free plan", "home page")
    for name, provider in PROVIDERS.items():
        own, variable = load_provider_settings(name), f"{name.upper()}_API_KEY"
        state = "disabled" if not own.enabled else f"off: set {variable}" if _lacks_key(name) else "on"
        key = "none needed" if not provider.needs_key else "set" if own.api_key is not None else variable
        limits = ", ".join(f"{rate.calls} per {_period(rate.seconds)}" for rate in provider.limits) or "undocumented"
        table.add_row(name, state, key, limits, provider.homepage)
    console.print(table)
    _say_if_simulated()


@app.command()
def reset(
    name: Annotated[str, typer.Argument(help="The vendor, such as finnhub.")],
    data_type: Annotated[str | None, typer.Argument(help="Only its endpoints for this data type.")] = None,
) -> None:
    """Let a blocked vendor be called again (circuit open, cooldown, rejected key). What is used of its limits stays used."""
    must_be_one_of("vendor", name, PROVIDERS)
    if data_type is not None:
        must_be_one_of("data type", data_type, DATASETS)
    with prepared_database(load_settings()).connect(autocommit=True, name="cli") as connection:
        changed = reset_provider_failures(connection, name, data_type)
    console.print(f"{name}: {changed} reset" if changed else f"{name} was not blocked")


@app.command()
def events(
    limit: Annotated[int, typer.Option("--limit", min=1, help="How many, newest first.")] = 50, as_json: AsJson = False
) -> None:
    """Show when and why vendors were blocked and called again."""
    with prepared_database(load_settings()).connect(name="cli") as connection:
        found = gate_events(connection, limit)
    if as_json:
        print_json(found)
        return
    table = Table("time (UTC)", "vendor", "endpoint", "from", "to", "reason")
    for one in found:
        time = f"{one.at:%Y-%m-%d %H:%M:%S}"
        table.add_row(
            time, one.provider, one.scope or "all", _shown(one.from_state), _shown(one.to_state), escape(one.reason)
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


def _period(seconds: float) -> str:
    names = {1.0: "second", 60.0: "minute", 3600.0: "hour", 86400.0: "day"}
    return names.get(float(seconds), f"{seconds:g} s")
