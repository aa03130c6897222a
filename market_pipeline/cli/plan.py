"""`market-pipeline run JOB --plan`: what a run would ask of whom, and how long that takes.

Here belong the fetches that a run consists of, dry, and how they are shown.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from math import inf

import dagster as dg
import typer
from rich.console import Console
from rich.markup import escape

from market_pipeline.assets.targets import Fetch, RefreshConfig, target_of
from market_pipeline.cli.common import compact_table, moment
from market_pipeline.datasets import DATASETS, Dataset
from market_pipeline.fetching.planner import Wanted
from market_pipeline.ingestion.dry_run import DryRun, dry_run
from market_pipeline.ingestion.ranking import NoVendor, open_ranking
from market_pipeline.sessions import Sessions
from market_pipeline.settings import Settings, load_provider_settings
from market_pipeline.simulator.process import HOST
from market_pipeline.storage.prepare import prepared_database

console = Console()


@dataclass(frozen=True, slots=True)
class PlannedFetch:
    """One fetch of a run, dry."""

    data_type: str
    timeframe: str | None
    symbols: int
    first_day: date | None
    last_day: date | None
    run: DryRun


def planned(settings: Settings, keys: Mapping[str, Sequence[str] | None], config: RefreshConfig) -> list[PlannedFetch]:
    """The fetches of a run for the partition keys of each data type (the current ones where None), each after the others.

    Raises BadParameter for what such a run would refuse.
    """
    now = datetime.now(UTC)
    live = settings.data_world == "live"
    spent: Counter[str] = Counter()
    found = []
    with (
        open_ranking(
            settings,
            simulator_url=None if live else f"http://{HOST}:{settings.simulator_port}",  # nobody is asked there
            provider_settings=load_provider_settings,
            clock=lambda: now,
            chance=lambda: 0.0,
        ) as ranking,
        prepared_database(settings).connect(autocommit=True, name="plan") as connection,
    ):
        for name, chosen in keys.items():
            dataset = DATASETS[name]
            try:
                target = target_of(connection, dataset, config, chosen, sessions=Sessions(settings.exchange), now=now)
                for fetch in target.fetches:
                    run = dry_run(
                        connection,
                        ranking,
                        _wanted(dataset, fetch, config, now),
                        config.providers,
                        use_cache=config.use_cache,
                        concurrency=settings.fetch_concurrency,
                        spent=spent,
                    )
                    spent.update({share.vendor: share.units for share in run.plan.shares})
                    found.append(_planned(dataset, fetch, run))
            except dg.Failure as error:
                raise typer.BadParameter(error.description or str(error)) from None
            except NoVendor as error:
                raise typer.BadParameter(str(error)) from None
    return found


def show(plans: Sequence[PlannedFetch], longest_wait: float) -> None:
    """A table for each fetch, and the sum."""
    for one in plans:
        _show(one)
    calls = sum(share.calls for one in plans for share in one.run.plan.shares)
    seconds = sum(one.run.seconds for one in plans)
    console.print(
        f"In total {calls:,} calls, about {_duration(seconds)}, if every vendor answers.  No calls were made."
    )
    if any(one.run.plan.seconds > longest_wait for one in plans):
        console.print(
            f"A run waits {_duration(longest_wait)} for limits (--deadline, FETCH_DEADLINE_SECONDS); what is left then is"
            " retried as soon as they allow."
        )


def _show(one: PlannedFetch) -> None:
    plan = one.run.plan
    days = "" if one.first_day is None else f", {one.first_day} to {one.last_day}"
    cached = f", {one.run.cached} of them cached" if one.run.cached else ""
    table = compact_table("vendor", "endpoint", "symbols", "calls", "quota\nneeded", "quota\nleft")
    what = " ".join(filter(None, (DATASETS[one.data_type].title, one.timeframe)))
    table.title = f"{what}: {one.symbols:,} symbol{'s' * (one.symbols != 1)}{cached}{days}"
    for share in plan.shares:
        if share.calls:
            left = "no limit" if share.units_left == inf else f"{share.units_left:,.0f}"
            figures = (f"{share.symbols:,}", f"{share.calls:,}", f"{share.units:,}", left)
            table.add_row(share.vendor, share.endpoint.partition("/")[2], *figures)
    console.print(table if table.row_count else table.title)
    if others := [share.vendor for share in plan.shares if not share.calls]:
        console.print(f"then, for what fails: {', '.join(others)}")
    for gate in one.run.away:
        until = "" if gate.away_until is None else f" until {moment(gate.away_until)} UTC"
        console.print(f"blocked: {gate.name} {gate.scope or ''} {gate.state}{until}, {escape(gate.reason or '')}")
    if plan.unserved:
        console.print(f"[red]{plan.unserved} symbols that no vendor may be asked for[/]")
    console.print(f"about {_duration(one.run.seconds)}, by the vendors' limits alone {_duration(plan.seconds)}\n")


def _wanted(dataset: Dataset, fetch: Fetch, config: RefreshConfig, now: datetime) -> Wanted:
    return Wanted(
        dataset=dataset,
        symbols=fetch.symbols,
        window=fetch.window,
        timeframe=fetch.timeframe,
        strategy=dataset.strategy if config.strategy is None else config.strategy,
        deadline=now,
    )


def _planned(dataset: Dataset, fetch: Fetch, run: DryRun) -> PlannedFetch:
    window = fetch.window
    return PlannedFetch(
        data_type=dataset.name,
        timeframe=fetch.timeframe,
        symbols=len(fetch.symbols),
        first_day=None if window is None else window.start,
        last_day=None if window is None else window.end,
        run=run,
    )


def _duration(seconds: float) -> str:
    if seconds == inf:
        return "for ever"
    if seconds < 1:
        return "a second"
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} minutes" if seconds < 5400 else f"{seconds / 3600:.1f} hours"
