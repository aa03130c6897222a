"""How fresh data is: until when a refresh counts as fresh, and the table `data_freshness`.

Here belong the pure rule for the two moments at which data turns from fresh to aging and from aging to stale, and writing
them down.  What ages and how fast is declared by the data types.  Comparing the moments with now is SQL's (the view
`current_freshness`), so that it goes on when nothing else runs.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import orjson

from market_pipeline.datasets import Ages, DataType, Freshness, PartitionedBy
from market_pipeline.providers.messages import Window
from market_pipeline.sessions import Sessions
from market_pipeline.storage.database import Connection


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


def as_of(data_type: DataType, window: Window | None, fetched_at: datetime, sessions: Sessions) -> datetime:
    """What moment data of `window` tells about: when it was fetched, or the end of the window for one of past days.  Pure.

    So that filling in last year's bars makes nobody's data fresh.
    """
    if window is None or not data_type.partitioned_by.is_dated:
        return fetched_at
    if data_type.partitioned_by is PartitionedBy.SESSION:
        return fetched_at if window.end >= sessions.current(fetched_at) else sessions.closes(window.end)
    end_of_day = datetime(window.end.year, window.end.month, window.end.day, tzinfo=UTC) + timedelta(days=1)
    return min(fetched_at, end_of_day)


def record_freshness(
    connection: Connection,
    data_type: DataType,
    refreshes: Iterable[Refresh],
    *,
    timeframe: str = "",
    sessions: Sessions,
    now: datetime,
) -> None:
    """Write down that symbols were refreshed.

    A refresh that is older than the one that is known changes nothing, nor does one of a symbol that is not expected to be
    fresh (not active, or not kept in that bar length).  Without data points a symbol is missing, unless the data type takes
    an empty answer for one.
    """
    rows = list(refreshes)
    moments = {moment: deadlines(data_type.freshness, moment, sessions) for moment in {one.as_of for one in rows}}
    never = (None, None)
    due = [moments[one.as_of] if one.data_points > 0 or data_type.empty_is_answer else never for one in rows]
    told = [(one.symbol, one.as_of, one.data_points, *turns) for one, turns in zip(rows, due, strict=True)]
    parameters = {
        "data_type": data_type.name,
        "timeframe": timeframe,
        "now": now,
        "refreshes": orjson.dumps(told).decode(),
    }
    connection.execute(_RECORD, parameters)


# Rows are locked in the order of their symbols, so that two writers cannot deadlock.  Losing the last refreshes in a crash
# costs some calls, waiting for the disk would cost every fetch.  Of 500 symbols five arrays would take psycopg 14 ms, text in
# JSON takes 1.
_RECORD = """
    WITH unsynced AS (SELECT set_config('synchronous_commit', 'off', true)), refresh AS (
        SELECT told ->> 0 AS symbol, (told ->> 1)::timestamptz AS as_of, (told ->> 2)::bigint AS data_points,
            (told ->> 3)::timestamptz AS fresh_until, (told ->> 4)::timestamptz AS stale_at
        FROM json_array_elements(%(refreshes)s) AS told
    ), expected AS MATERIALIZED (
        SELECT * FROM data_freshness
        WHERE data_type = %(data_type)s AND timeframe = %(timeframe)s AND symbol = ANY(ARRAY(SELECT symbol FROM refresh))
        ORDER BY symbol FOR UPDATE
    )
    UPDATE data_freshness AS kept SET
        last_computed_at = refresh.as_of,
        data_point_count = CASE  -- nothing new since is no reason to forget what there is
            WHEN refresh.data_points = 0 AND refresh.fresh_until IS NOT NULL THEN expected.data_point_count
            ELSE refresh.data_points
        END,
        fresh_until = refresh.fresh_until,
        stale_at = refresh.stale_at,
        status = freshness_status(refresh.fresh_until, refresh.stale_at, %(now)s),
        staleness_seconds = greatest(0, extract(epoch FROM %(now)s - refresh.as_of)),
        updated_at = %(now)s
    FROM unsynced, expected JOIN refresh USING (symbol)
    WHERE kept.data_type = expected.data_type AND kept.timeframe = expected.timeframe AND kept.symbol = expected.symbol
        AND (expected.last_computed_at IS NULL OR refresh.as_of >= expected.last_computed_at)
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
