"""Dagster partitions: trading days, calendar days, symbols and indices, and which of them are current.

Here belong partition definitions and the way between their keys and dates.  No key is put together by hand anywhere else.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache

import dagster as dg

from market_pipeline.datasets import Dataset, DataType, PartitionedBy
from market_pipeline.sessions import FIRST_SESSION, Sessions
from market_pipeline.timetable import cron_weekday

FIRST_DAY = date(2020, 1, 1)
"""The first calendar-day partition: vendors' news does not reach further back."""

# By which a run names its partition, or the first and the last of several.
PARTITION_TAG = "dagster/partition"
RANGE_TAGS = ("dagster/asset_partition_range_start", "dagster/asset_partition_range_end")
RANGE = "..."  # between the first and the last key of several, as Dagster writes it

SYMBOLS = "symbols"
symbol_partitions = dg.DynamicPartitionsDefinition(name=SYMBOLS)


@lru_cache
def session_partitions(sessions: Sessions) -> dg.DailyPartitionsDefinition:
    """One partition per session of the exchange, today's included: weekends and holidays are left out.

    The set reaches one session into the future (end_offset), which cannot be fetched before it opens.
    """
    holidays = sessions.holidays(FIRST_SESSION, sessions.last_known())
    weekends = [f"0 0 * * {cron_weekday(day)}" for day in range(7) if day not in sessions.weekdays]
    return dg.DailyPartitionsDefinition(
        start_date=_midnight(FIRST_SESSION),
        end_offset=1,
        exclusions=[*weekends, *map(_midnight, holidays)],
    )


@lru_cache
def day_partitions(days_ahead: int) -> dg.DailyPartitionsDefinition:
    """One partition per UTC day, from FIRST_DAY to `days_ahead` days from now."""
    return dg.DailyPartitionsDefinition(start_date=_midnight(FIRST_DAY), end_offset=1 + days_ahead)


def partitions_of(dataset: Dataset, sessions: Sessions) -> dg.PartitionsDefinition[str]:
    match dataset.partitioned_by:
        case PartitionedBy.SESSION:
            return session_partitions(sessions)
        case PartitionedBy.DAY:
            return day_partitions(dataset.days_ahead)
        case PartitionedBy.SYMBOL:
            return symbol_partitions
        case PartitionedBy.INDEX:
            return dg.StaticPartitionsDefinition(dataset.subjects)


def current_days(dataset: Dataset, sessions: Sessions, now: datetime) -> list[date]:
    """The days that a run without a partition is about: the current session, or today and the days around it.

    Empty for datasets that are kept by symbol or index.
    """
    match dataset.partitioned_by:
        case PartitionedBy.SESSION:
            return [sessions.current(now)]
        case PartitionedBy.DAY:
            today = now.astimezone(UTC).date()
            return [today + timedelta(days=off) for off in range(-dataset.days_behind, dataset.days_ahead + 1)]
        case PartitionedBy.SYMBOL | PartitionedBy.INDEX:
            return []


def key_of(day: date) -> str:
    """The partition key of a day."""
    return day.isoformat()


def day_of(key: str) -> date:
    """The day of a partition key.  Raises ValueError for a key that is no date."""
    return date.fromisoformat(key)


def is_key(data_type: DataType, sessions: Sessions, key: str) -> bool:
    """Whether a text is the key of a day that the data type is kept for, in the past or the future.  Pure."""
    try:
        day = day_of(key)
    except ValueError:
        return False
    if key != key_of(day):  # 20261120 and 2026-W47-5 are dates as well
        return False
    if data_type.partitioned_by is PartitionedBy.DAY:
        return day >= FIRST_DAY
    return day >= FIRST_SESSION and (day > sessions.last_known() or sessions.is_session(day))


def range_key(keys: Sequence[str]) -> str:
    """One name for several partitions, as Dagster writes ranges: `2026-11-16...2026-11-20`; the key itself for one."""
    return keys[0] if len(keys) == 1 else f"{keys[0]}{RANGE}{keys[-1]}"


def range_tags(first: str, last: str) -> dict[str, str]:
    """The tags of a run that fills the partitions from the first to the last."""
    return dict(zip(RANGE_TAGS, (first, last), strict=True))


def range_of(name: str) -> tuple[str, str]:
    """The first and the last key of what `range_key` has named."""
    first, _, last = name.partition(RANGE)
    return first, last or first


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
