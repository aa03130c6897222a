"""`market-pipeline run`: a job with plain options, or what it would take.

Here belong the options and how they become Dagster's tags and run config.  Planning belongs to `plan`.
"""

import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Annotated, Any

import orjson
import typer

from market_pipeline.assets.targets import RefreshConfig
from market_pipeline.cli.common import AsJson, must_be_one_of, print_json
from market_pipeline.cli.dagster_home import dagster_home
from market_pipeline.cli.plan import planned, show
from market_pipeline.datasets import DATASETS, Dataset, PartitionedBy, Strategy
from market_pipeline.partitions import PARTITION_TAG, key_of, range_tags
from market_pipeline.providers.registry import PROVIDERS
from market_pipeline.sessions import Sessions
from market_pipeline.settings import Settings, load_settings
from market_pipeline.storage.prepare import prepared_database

ALL = "market_data_refresh"


def run(
    job: Annotated[str, typer.Argument(help=f"A data type, or {ALL} for all of them.")],
    plan: Annotated[
        bool, typer.Option("--plan", help="Make no calls; show which vendors would be called how often.")
    ] = False,
    partition: Annotated[str | None, typer.Option(help="One partition: a day or a symbol.")] = None,
    first: Annotated[datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], help="First day.")] = None,
    last: Annotated[datetime | None, typer.Option("--to", formats=["%Y-%m-%d"], help="Last day.")] = None,
    symbol: Annotated[list[str] | None, typer.Option(help="Only this symbol (may be repeated).")] = None,
    timeframe: Annotated[list[str] | None, typer.Option(help="Only bars of this length (may be repeated).")] = None,
    provider: Annotated[list[str] | None, typer.Option(help="Only this vendor (may be repeated).")] = None,
    strategy: Annotated[
        Strategy | None, typer.Option(help="Which vendor is asked first; the data type's own strategy by default.")
    ] = None,
    full: Annotated[bool, typer.Option("--full", help="The whole history, also of symbols that have it.")] = False,
    anew: Annotated[bool, typer.Option("--anew", help="Also fetch what the answer cache holds.")] = False,
    deadline: Annotated[
        float | None, typer.Option(min=0, help="Seconds to wait for rate limits; FETCH_DEADLINE_SECONDS by default.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Run a job for the current or the given partitions; with --plan estimate its calls and time instead.

    It runs like `dagster job execute`.  Exit code 1: some of it failed.
    """
    settings = load_settings()
    name = job.removesuffix("_job")
    must_be_one_of("job", name, [*DATASETS, ALL])
    for one in provider or ():
        must_be_one_of("vendor", one, PROVIDERS)
    keys = _keys(name, settings, partition, first, last)
    config = RefreshConfig(
        symbols=symbol or [],
        timeframes=timeframe or [],
        providers=provider or [],
        strategy=strategy,
        full=full,
        use_cache=not anew,
        deadline_seconds=deadline,
    )
    if not plan:
        raise typer.Exit(_execute(settings, name, keys, config))
    plans = planned(settings, dict.fromkeys([name] if name != ALL else DATASETS, keys), config)
    if as_json:
        print_json(plans)
    else:
        show(plans, settings.fetch_deadline_seconds if deadline is None else deadline)


def _keys(
    name: str, settings: Settings, partition: str | None, first: datetime | None, last: datetime | None
) -> list[str] | None:
    """The partitions that are named; None for the current ones.  Raises BadParameter."""
    if partition is None and first is None and last is None:
        return None
    if name == ALL:
        raise typer.BadParameter(f"{ALL} takes the current partitions; name a data type to choose others")
    if partition is not None:
        if first is not None or last is not None:
            raise typer.BadParameter("either --partition or --from and --to")
        return [partition]
    if first is None or last is None:
        raise typer.BadParameter("--from needs --to, and --to needs --from")
    found = _between(DATASETS[name], Sessions(settings.exchange), first, last)
    if not found:
        raise typer.BadParameter(f"there is no partition of {name} from {first:%Y-%m-%d} to {last:%Y-%m-%d}")
    return found


def _between(dataset: Dataset, sessions: Sessions, first: datetime, last: datetime) -> list[str]:
    """The keys of days, both included.  Raises BadParameter for data types that are not kept by day."""
    match dataset.partitioned_by:
        case PartitionedBy.SESSION:
            days = sessions.between(first.date(), last.date())
        case PartitionedBy.DAY:
            days = [first.date() + timedelta(days=off) for off in range((last - first).days + 1)]
        case _:
            raise typer.BadParameter(f"{dataset.name} is kept by {dataset.partitioned_by}: --partition or --symbol")
    return [key_of(day) for day in days]


def _execute(settings: Settings, name: str, keys: Sequence[str] | None, config: RefreshConfig) -> int:
    """The exit code of Dagster's own command, which ends with us."""
    prepared_database(settings)  # Dagster would bury what is wrong with it in a traceback
    with tempfile.NamedTemporaryFile(suffix=".yaml") as file:  # JSON is YAML
        file.write(orjson.dumps(_run_config(name, config)))
        file.flush()
        command = [sys.executable, "-m", "dagster", "job", "execute", "-m", "market_pipeline.definitions"]
        options = ["-j", name if name == ALL else f"{name}_job", "-c", file.name, "--tags", _tags(keys)]
        process = subprocess.Popen([*command, *options], cwd=dagster_home(settings))
        try:
            return min(process.wait(), 1)
        finally:
            process.terminate()
            process.wait()


def _run_config(name: str, config: RefreshConfig) -> Mapping[str, Any]:
    given = config.model_dump(mode="json", exclude_defaults=True)
    return given if name == ALL else {"ops": {name: {"config": given}}}


def _tags(keys: Sequence[str] | None) -> str:
    if keys is None:
        return "{}"
    tags = {PARTITION_TAG: keys[0]} if len(keys) == 1 else range_tags(keys[0], keys[-1])
    return orjson.dumps(tags).decode()
