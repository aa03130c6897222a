"""What a run names, by its config and its partitions: checked, and turned into symbols, days and bar lengths.

Here belongs what runs that fetch, compute and enrich have in common.  Everything a caller can get wrong is told in one clear
failure that no retry repeats.  What a refresh makes of it is in `targets`.
"""

from collections.abc import Sequence
from datetime import date

import dagster as dg
from pydantic import Field

from market_pipeline.datasets import DataType, PartitionedBy
from market_pipeline.partitions import day_of, is_key
from market_pipeline.sessions import Sessions
from market_pipeline.storage.universe import InvalidSymbol, TrackedSymbol, checked_symbol

SAMPLE = 20  # names in a message or in metadata; counts are always exact


class SymbolsConfig(dg.Config):
    """Narrows a run to some of the tracked symbols; what is given has to hold all together."""

    symbols: list[str] = Field(default=[], description="only these tracked symbols; empty for all active ones")
    asset_class: str | None = Field(default=None, description="only symbols of this class: stock, etf, index, …")
    index: str | None = Field(default=None, description="only symbols that are tracked as members of it: S&P 500")
    sector: str | None = Field(default=None, description="only symbols of this sector: Technology")


class SeriesConfig(SymbolsConfig):
    """Narrows a run to some series of bars as well."""

    timeframes: list[str] = Field(default=[], description="only these bar lengths; empty for each symbol's own")


def chosen_symbols(universe: Sequence[TrackedSymbol], config: SymbolsConfig) -> list[TrackedSymbol]:
    """The active symbols, narrowed by the run config.  Raises dg.Failure, not to be retried, where none is left."""
    active = {one.symbol: one for one in universe}
    if not active:
        raise refused("the universe is empty: add symbols with `market-pipeline symbols add AAPL MSFT`")
    try:
        named = [checked_symbol(symbol) for symbol in config.symbols] or list(active)
    except InvalidSymbol as error:
        raise refused(str(error)) from None
    strangers = [symbol for symbol in named if symbol not in active]
    if strangers:
        raise refused(
            f"not tracked (or not active): {', '.join(strangers[:SAMPLE])}. Add them with `market-pipeline symbols add`."
        )
    part = {"asset_class": config.asset_class, "index": config.index, "sector": config.sector}
    chosen = [active[symbol] for symbol in dict.fromkeys(named) if active[symbol].matches(**part)]
    if not chosen:
        said = ", ".join(f"{name} {value!r}" for name, value in part.items() if value is not None)
        raise refused(f"no active symbol is of {said}: `market-pipeline symbols list` shows what they are")
    return chosen


def symbols_of(keys: Sequence[str] | None, chosen: Sequence[TrackedSymbol]) -> list[str]:
    """The symbols to fetch for symbol partitions: the keys, or every active one.

    A range of partitions passes over symbols that are not fetched any more: it was drawn in the UI, not spelled out.
    """
    active = {one.symbol: one for one in chosen}
    if keys is None:
        return list(active)
    wanted = [key for key in keys if key in active]
    if not wanted:
        raise refused(
            f"no such partition: {', '.join(keys[:SAMPLE])} is not an active symbol of this run."
            " Add symbols with `market-pipeline symbols add`."
        )
    return wanted


def named_partitions(context: dg.AssetExecutionContext, data_type: DataType) -> Sequence[str] | None:
    """The partitions that the run names, as it names them; None where it names none.

    Dagster rounds a day that is no partition, such as a Sunday, up to the next one, which nobody asked for.
    """
    if context.has_partition_key:
        return [context.partition_key]
    if not context.has_partition_key_range:
        return None
    last = context.partition_key_range.end
    dated = data_type.partitioned_by.is_dated  # others are in the order of their registration
    return [key for key in context.partition_keys if not dated or key <= last]


def days_of(data_type: DataType, sessions: Sessions, keys: Sequence[str]) -> list[date]:
    """The days of partition keys.  Raises dg.Failure, not to be retried, for a text that is none."""
    # `dagster job execute --tags` passes any text on as a partition
    wrong = [key for key in keys if not is_key(data_type, sessions, key)]
    if wrong:
        kind = (
            "a session of the exchange" if data_type.partitioned_by is PartitionedBy.SESSION else "a day that is kept"
        )
        raise refused(f"no such partition: {', '.join(wrong[:SAMPLE])} is not {kind} (a key is a date: 2026-11-20)")
    return [day_of(key) for key in keys]


def by_timeframe(
    data_type: DataType, timeframes: Sequence[str], chosen: Sequence[TrackedSymbol]
) -> dict[str, tuple[str, ...]]:
    """The symbols of each bar length: of those named, or of each symbol's own.  Raises dg.Failure for one there is not."""
    wrong = sorted(set(timeframes) - set(data_type.timeframes))
    if wrong:
        raise refused(
            f"no such timeframe: {', '.join(wrong)}. {data_type.title} are kept for {', '.join(data_type.timeframes)}."
        )
    wanted = {
        timeframe: tuple(one.symbol for one in chosen if timeframe in (timeframes or one.timeframes))
        for timeframe in data_type.timeframes
    }
    return {timeframe: symbols for timeframe, symbols in wanted.items() if symbols}


def refused(reason: str) -> dg.Failure:
    """The failure of a run that asks for what cannot be: no retry helps."""
    return dg.Failure(reason, allow_retries=False)
