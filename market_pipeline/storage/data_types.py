"""The table `data_types`: what the code declares about freshness, for queries that have to know it."""

from collections.abc import Sequence

from market_pipeline.datasets import DATA_TYPES, DataType, Derived
from market_pipeline.storage.database import Connection


def declare_data_types(connection: Connection, declared: Sequence[DataType] = DATA_TYPES) -> None:
    """Make the table say what the code declares.  Where it does already, this is one read."""
    due = sorted(map(_row, declared))  # so that two processes cannot deadlock
    with connection.transaction(), connection.cursor() as cursor:
        known = cursor.execute(
            "SELECT data_type, warn_window, fail_window, ages, per_symbol, timeframes, subjects, computed FROM data_types"
        ).fetchall()
        if sorted(known) == due:
            return
        cursor.execute("DELETE FROM data_types WHERE data_type <> ALL (%s)", [[name for name, *_ in due]])
        cursor.executemany(_DECLARE, due)


_DECLARE = """
    INSERT INTO data_types (data_type, warn_window, fail_window, ages, per_symbol, timeframes, subjects, computed)
    VALUES (%s, %s, %s, %s, %s, %s, %s, %s)
    ON CONFLICT (data_type) DO UPDATE SET
        warn_window = excluded.warn_window, fail_window = excluded.fail_window, ages = excluded.ages,
        per_symbol = excluded.per_symbol, timeframes = excluded.timeframes, subjects = excluded.subjects,
        computed = excluded.computed
"""


def _row(one: DataType) -> tuple[object, ...]:
    windows = one.freshness
    ages, timeframes, subjects = windows.ages.value, list(one.timeframes), list(one.subjects)
    computed = isinstance(one, Derived)
    return one.name, windows.warn, windows.fail, ages, one.per_symbol, timeframes, subjects, computed
