"""What a refresh is asked to fetch: partition keys and run config turned into fetches.

Here belongs what only fetching needs; what is named wrongly is refused in `choices`.  Fetching is `refresh`'s.
"""

from collections.abc import Sequence, Set
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from pydantic import Field

from market_pipeline.assets.choices import (
    SAMPLE,
    SeriesConfig,
    by_timeframe,
    chosen_symbols,
    days_of,
    refused,
    symbols_of,
)
from market_pipeline.datasets import Dataset, PartitionedBy, Strategy
from market_pipeline.partitions import current_days, key_of, range_key
from market_pipeline.providers.messages import Window
from market_pipeline.providers.registry import PROVIDERS
from market_pipeline.sessions import Sessions
from market_pipeline.storage.database import Connection
from market_pipeline.storage.universe import TrackedSymbol, symbols_kept, tracked_symbols


class RefreshConfig(SeriesConfig):
    """Narrows a run, and says who is asked."""

    strategy: Strategy | None = Field(
        default=None, description="which vendor is asked first; unset for the data type's own strategy"
    )
    providers: list[str] = Field(default=[], description="only these vendors; empty for all that are enabled")
    full: bool = Field(default=False, description="the whole history, also of symbols that have it already")
    use_cache: bool = Field(default=True, description="use the answer cache; false fetches again")
    deadline_seconds: float | None = Field(
        default=None,
        ge=0,
        description="seconds to wait for vendors' rate limits; unset for FETCH_DEADLINE_SECONDS, 0 not at all",
    )


@dataclass(frozen=True, slots=True)
class Fetch:
    """One call of the market data door: some symbols, of one bar length where the data type has several."""

    symbols: tuple[str, ...]
    window: Window | None
    timeframe: str | None = None
    reach: Window | None = None
    """What vendors are asked for where it is more than `window`: the days after it that other runs wait for."""


@dataclass(frozen=True, slots=True)
class Target:
    """What a run is about: its partitions, and the fetches that fill them."""

    keys: tuple[str, ...]
    fetches: tuple[Fetch, ...]
    partition: str
    """What failures are remembered under: the days; empty by symbol, where a failure needs no more than that."""


def target_of(
    connection: Connection,
    dataset: Dataset,
    config: RefreshConfig,
    keys: Sequence[str] | None,
    *,
    sessions: Sessions,
    now: datetime,
    siblings: Set[str] = frozenset(),
) -> Target:
    """The `target` of a run over the universe that the database has.  Raises dg.Failure like that."""
    universe = tracked_symbols(connection)
    kept = symbols_kept(connection, dataset) if dataset.days_around is not None else set[str]()
    return target(dataset, config, keys, universe=universe, kept=kept, sessions=sessions, now=now, siblings=siblings)


def target(
    dataset: Dataset,
    config: RefreshConfig,
    keys: Sequence[str] | None,
    *,
    universe: Sequence[TrackedSymbol],
    kept: Set[str],
    sessions: Sessions,
    now: datetime,
    siblings: Set[str] = frozenset(),
) -> Target:
    """The target of a run for partition `keys`, the current ones when None.  Pure.

    `universe` is the active symbols, `kept` those that the dataset has rows of, `siblings` the partitions that runs of the
    same backfill are about: vendors are asked for them too where the answer cache then serves those runs.
    Raises dg.Failure, not to be retried: an unknown partition, symbol, vendor or bar length, a session that cannot be
    fetched, an empty universe.
    """
    _check_providers(config.providers)
    if keys is not None and not keys:
        raise refused("the range of partitions is empty: it ends before it begins, or holds none")
    chosen = chosen_symbols(universe, config) if dataset.per_symbol else []
    if dataset.partitioned_by is PartitionedBy.SYMBOL:
        symbols = tuple(symbols_of(keys, chosen))
        upkeep = keys is None and not config.full
        return Target(symbols, _by_history(dataset, symbols, kept if upkeep else set(), sessions, now), partition="")
    if dataset.partitioned_by is PartitionedBy.INDEX:
        indices = tuple(_indices_of(dataset, keys, config.symbols))
        return Target(indices, tuple(Fetch((index,), None) for index in indices), partition="")
    days = current_days(dataset, sessions, now) if keys is None else _days_to_fetch(dataset, sessions, keys, now)
    window, found = Window(days[0], days[-1]), tuple(key_of(day) for day in days)
    fetches = (
        _by_timeframe(dataset, config.timeframes, chosen, window)
        if dataset.per_symbol
        else [Fetch(dataset.subjects, window)]
    )
    if config.use_cache and dataset.cache_ttl is not None:
        last = _last_in_a_row(dataset, sessions, days[-1], siblings, now)
        if last > days[-1]:
            fetches = [replace(fetch, reach=Window(days[0], last)) for fetch in fetches]
    return Target(found, tuple(fetches), partition=range_key(found))


def _last_in_a_row(dataset: Dataset, sessions: Sessions, day: date, keys: Set[str], now: datetime) -> date:
    """The last of the days that follow `day`, are among `keys` without a gap, and can be fetched; else `day` itself."""
    last = current_days(dataset, sessions, now)[-1]
    while day < last:
        following = sessions.after(day) if dataset.partitioned_by is PartitionedBy.SESSION else day + timedelta(days=1)
        if key_of(following) not in keys:
            break
        day = following
    return day


def _by_history(
    dataset: Dataset, symbols: Sequence[str], kept: Set[str], sessions: Sessions, now: datetime
) -> tuple[Fetch, ...]:
    """The history of symbols that have none yet; of the others the days around today, if that is how it is kept up."""
    if dataset.days_around is None:
        return (Fetch(tuple(symbols), None),)
    today, reach = now.astimezone(sessions.timezone).date(), timedelta(days=dataset.days_around)
    parts = (
        Fetch(tuple(symbol for symbol in symbols if symbol not in kept), None),
        Fetch(tuple(symbol for symbol in symbols if symbol in kept), Window(today - reach, today + reach)),
    )
    return tuple(part for part in parts if part.symbols)


def _check_providers(names: Sequence[str]) -> None:
    wrong = [name for name in names if name not in PROVIDERS]
    if wrong:
        raise refused(f"no such vendor: {', '.join(wrong)}. There are {', '.join(PROVIDERS)}.")


def _indices_of(dataset: Dataset, keys: Sequence[str] | None, symbols: Sequence[str]) -> list[str]:
    """The indices of partition keys, else those among `symbols`; all where none is, as when a run names shares."""
    wrong = sorted(set(keys or ()) - set(dataset.subjects))
    if wrong:
        raise refused(
            f"no such partition: {', '.join(wrong[:SAMPLE])} is not an index. There are {', '.join(dataset.subjects)}."
        )
    named = symbols if keys is None else keys
    return [index for index in dataset.subjects if index in named] or list(dataset.subjects)


def _days_to_fetch(dataset: Dataset, sessions: Sessions, keys: Sequence[str], now: datetime) -> list[date]:
    """The days of partition keys that can be fetched."""
    days = days_of(dataset, sessions, keys)
    current = sessions.current(now)
    last = current_days(dataset, sessions, now)[-1]
    if days[-1] > last:
        raise refused(f"{days[-1]} cannot be fetched yet: the last {dataset.partitioned_by} that can is {last}")
    if dataset.live and days[0] < current:
        raise refused(
            f"{dataset.title} of the session {days[0]} can no longer be fetched: vendors tell them for the current session"
            f" ({current}) only. Bars of past sessions are in historical_prices."
        )
    return days


def _by_timeframe(
    dataset: Dataset, timeframes: Sequence[str], chosen: Sequence[TrackedSymbol], window: Window
) -> list[Fetch]:
    """One fetch per bar length, for the symbols that keep it; one in all for data types without bars."""
    if not dataset.timeframes:
        return [Fetch(tuple(one.symbol for one in chosen), window)]
    wanted = by_timeframe(dataset, timeframes, chosen)
    return [Fetch(symbols, window, timeframe) for timeframe, symbols in wanted.items()]
