"""How fresh data is: until when a refresh counts as fresh, and the table `data_freshness`.

Here belong the pure rule for the two moments at which data turns from fresh to aging and from aging to stale, and writing
them down.  What ages and how fast is declared by the data types.  Comparing the moments with now is SQL's (the view
`current_freshness`), so that it goes on when nothing else runs.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import psycopg
from psycopg.rows import TupleRow

from market_pipeline.datasets import Ages, Dataset, DataType, Freshness, PartitionedBy
from market_pipeline.providers.messages import Window
from market_pipeline.sessions import Sessions


@dataclass(frozen=True, slots=True, kw_only=True)
class Refresh:
    """A symbol's data was brought up to date: as of when, and how many data points that gave."""

    symbol: str
    as_of: datetime
    data_points: int


def deadlines(freshness: Freshness, as_of: datetime, sessions: Sessions) -> tuple[datetime, datetime]:
    """The moments at which data of `as_of` turns aging and stale.  Pure.

    Age grows only while `freshness.ages` says so: a quote of Friday's close is fresh until Monday's open, and after that for
    what is left of its window.
    """
    warn, fail = (_moment_of_age(age, freshness.ages, as_of, sessions) for age in (freshness.warn, freshness.fail))
    return warn, fail


def as_of(dataset: Dataset, window: Window | None, fetched_at: datetime, sessions: Sessions) -> datetime:
    """What moment a fetch of `window` tells about: when it was made, or the end of the window for one of past days.  Pure.

    So that filling in last year's bars makes nobody's data fresh.
    """
    if window is None or dataset.partitioned_by is PartitionedBy.SYMBOL:
        return fetched_at
    if dataset.partitioned_by is PartitionedBy.SESSION:
        return fetched_at if window.end >= sessions.current(fetched_at) else sessions.closes(window.end)
    end_of_day = datetime(window.end.year, window.end.month, window.end.day, tzinfo=UTC) + timedelta(days=1)
    return min(fetched_at, end_of_day)


def record_freshness(
    connection: psycopg.Connection[TupleRow],
    data_type: DataType,
    refreshes: Iterable[Refresh],
    *,
    timeframe: str = "",
    sessions: Sessions,
    now: datetime,
) -> None:
    """Write down that symbols were refreshed.  An older refresh than the one that is known changes nothing.

    Without data points a symbol is missing, unless the data type takes an empty answer for one.
    """
    rows = sorted(refreshes, key=lambda one: one.symbol)  # so that two writers cannot deadlock
    moments = {moment: deadlines(data_type.freshness, moment, sessions) for moment in {one.as_of for one in rows}}
    counts = [one.data_points > 0 or data_type.empty_is_answer for one in rows]
    connection.execute(
        _RECORD,
        {
            "data_type": data_type.name,
            "timeframe": timeframe,
            "now": now,
            "symbols": [one.symbol for one in rows],
            "as_of": [one.as_of for one in rows],
            "data_points": [one.data_points for one in rows],
            "fresh_until": [moments[one.as_of][0] if some else None for one, some in zip(rows, counts, strict=True)],
            "stale_at": [moments[one.as_of][1] if some else None for one, some in zip(rows, counts, strict=True)],
        },
    )


_RECORD = """
    INSERT INTO data_freshness AS old (data_type, symbol, timeframe, last_computed_at, data_point_count, fresh_until,
        stale_at, status, staleness_seconds, updated_at)
    SELECT %(data_type)s, symbol, %(timeframe)s, as_of, data_points, fresh_until, stale_at,
        freshness_status(fresh_until, stale_at, %(now)s), greatest(0, extract(epoch FROM %(now)s - as_of)), %(now)s
    FROM unnest(%(symbols)s::text[], %(as_of)s::timestamptz[], %(data_points)s::bigint[],
        %(fresh_until)s::timestamptz[], %(stale_at)s::timestamptz[])
        AS refresh (symbol, as_of, data_points, fresh_until, stale_at)
    ON CONFLICT (data_type, symbol, timeframe) DO UPDATE SET
        last_computed_at = excluded.last_computed_at,
        data_point_count = CASE  -- nothing new since is no reason to forget what there is
            WHEN excluded.data_point_count = 0 AND excluded.status <> 'missing' THEN old.data_point_count
            ELSE excluded.data_point_count
        END,
        fresh_until = excluded.fresh_until, stale_at = excluded.stale_at, status = excluded.status,
        staleness_seconds = excluded.staleness_seconds, updated_at = excluded.updated_at
    WHERE excluded.last_computed_at >= old.last_computed_at
"""


def _moment_of_age(age: timedelta, ages: Ages, since: datetime, sessions: Sessions) -> datetime:
    """When something of `since` has grown as old as `age`."""
    if ages is Ages.ALWAYS:
        return since + age
    for begin, end in _times_of_ageing(ages, since, sessions):
        grown = end - max(begin, since)
        if grown >= age:
            return max(begin, since) + age
        age -= max(grown, timedelta())
    raise AssertionError("sessions do not end")


def _times_of_ageing(ages: Ages, since: datetime, sessions: Sessions) -> Iterator[tuple[datetime, datetime]]:
    """The stretches of time during which data ages, from the one that `since` may lie in."""
    session = sessions.current(since)
    while True:
        if ages is Ages.WHILE_OPEN:
            yield sessions.opens(session), sessions.closes(session)
        else:
            yield sessions.starts(session), sessions.starts(session + timedelta(days=1))
        session = sessions.after(session)
