"""History that a split has overtaken: bars fetched before it are in old shares, while those fetched since are in new ones.

Here belongs finding and flagging such bars.  Asking for them anew is the caller's; calculations see through it by
themselves (`market_pipeline.computing.features.on_one_basis`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from psycopg.rows import class_row

from market_pipeline.sessions import Sessions
from market_pipeline.storage.database import Connection

BEFORE_SPLIT = "before_split"
"""In `flags` of bars whose adjusted prices are in the shares of before a later split.  Fetching them anew takes it away."""


@dataclass(frozen=True, slots=True)
class Overtaken:
    """Bars of one symbol and length, from `first` to `last` session, that were flagged because of the split on `ex_date`."""

    symbol: str
    timeframe: str
    first: date
    last: date
    ex_date: date
    bars: int


def flag_overtaken(connection: Connection, symbols: Sequence[str], sessions: Sessions) -> list[Overtaken]:
    """Flag the bars of `symbols` that a split known by now has overtaken, and that are not flagged yet; which they are.

    Raw prices stay true for ever, and are flagged only where they come with an adjusted close.
    """
    splits = connection.execute(
        "SELECT DISTINCT symbol, session FROM historical_prices WHERE symbol = ANY (%s) AND split_factor <> 1 ORDER BY 1, 2",
        [list(symbols)],
    ).fetchall()
    with connection.cursor(row_factory=class_row(Overtaken)) as cursor:
        return cursor.execute(
            _FLAG,
            {
                "symbols": [symbol for symbol, _ in splits],
                "ex_dates": [ex_date for _, ex_date in splits],
                "effective": [sessions.opens(ex_date) for _, ex_date in splits],
                "flag": BEFORE_SPLIT,
            },
        ).fetchall()


_FLAG = """
    WITH flagged AS (
        UPDATE historical_prices AS bar SET flags = array_append(bar.flags, %(flag)s)
        FROM (
            SELECT symbol, timeframe, adjustment, bar_start, max(ex_date) AS ex_date
            FROM unnest(%(symbols)s::text[], %(ex_dates)s::date[], %(effective)s::timestamptz[])
                AS split (symbol, ex_date, effective_at)
            JOIN historical_prices USING (symbol)
            WHERE session < ex_date AND fetched_at < effective_at AND %(flag)s <> ALL (flags)
                AND (adjustment <> 'raw' OR adjusted_close IS NOT NULL)
            GROUP BY symbol, timeframe, adjustment, bar_start
        ) AS old
        WHERE (bar.symbol, bar.timeframe, bar.adjustment, bar.bar_start)
            = (old.symbol, old.timeframe, old.adjustment, old.bar_start)
        RETURNING bar.symbol, bar.timeframe, bar.session, old.ex_date
    )
    SELECT symbol, timeframe, min(session) AS first, max(session) AS last, max(ex_date) AS ex_date, count(*) AS bars
    FROM flagged GROUP BY symbol, timeframe ORDER BY symbol, timeframe
"""
