"""The stored prices and dividends that things are computed from, and which of them have changed since.

Here belongs reading them as frames.  What is computed from them belongs to `features` and `returns`.
"""

from dataclasses import dataclass
from datetime import date, datetime
from math import prod

import pandas as pd

from market_pipeline.computing.features import Split
from market_pipeline.providers.messages import Window
from market_pipeline.sessions import Sessions
from market_pipeline.storage.database import Connection

PRICES = ["open", "high", "low", "close"]


@dataclass(frozen=True, slots=True)
class LastBar:
    """The latest bar of a series."""

    session: date
    fetched_at: datetime


class UnusableBars(ValueError):
    """Stored bars that nothing can be computed from; the message names the first one."""


def last_bar(connection: Connection, symbol: str, timeframe: str) -> LastBar | None:
    row = connection.execute(
        "SELECT session, fetched_at FROM price_bars WHERE symbol = %s AND timeframe = %s ORDER BY bar_start DESC LIMIT 1",
        [symbol, timeframe],
    ).fetchone()
    return None if row is None else LastBar(*row)


def splits_of(connection: Connection, symbol: str, sessions: Sessions) -> list[Split]:
    """The splits that the symbol's bars tell of, oldest first."""
    rows = connection.execute(
        "SELECT session, max(split_factor)::double precision FROM historical_prices"
        " WHERE symbol = %s AND split_factor <> 1 GROUP BY session ORDER BY session",
        [symbol],
    ).fetchall()
    return [Split(ex_date, sessions.opens(ex_date), ratio) for ex_date, ratio in rows]


def split_basis(splits: list[Split]) -> float:
    """Shares of today for one of the oldest: changes whenever a split becomes known."""
    return prod(split.ratio for split in splits)


def first_changed(
    connection: Connection, symbol: str, timeframe: str, *, basis: float, within: Window | None
) -> datetime | None:
    """The first bar of the series, of sessions `within`, that has no features or others than those due; None without any.

    Features are due anew when the bar was fetched anew with other values, and when a split has become known.
    """
    start, end = (None, None) if within is None else (within.start, within.end)
    row = connection.execute(
        """
        SELECT min(bar_start) FROM price_bars AS bar LEFT JOIN price_features AS feature USING (symbol, timeframe, bar_start)
        WHERE symbol = %s AND timeframe = %s AND bar.session BETWEEN coalesce(%s, bar.session) AND coalesce(%s, bar.session)
            AND (feature.bar_fetched_at, feature.split_basis) IS DISTINCT FROM (bar.fetched_at, %s::double precision)
        """,
        [symbol, timeframe, start, end, basis],
    ).fetchone()
    found: datetime | None = None if row is None else row[0]
    return found


def read_bars(
    connection: Connection, symbol: str, timeframe: str, *, since: datetime | None = None, warm_up: int = 0
) -> pd.DataFrame:
    """Bars in order of time, from `since` on and up to `warm_up` before it; all of them without `since`.

    Columns: bar_start, session, adjustment, open, high, low, close, volume, currency, provider, fetched_at; figures are floats.
    Raises UnusableBars where a price is no positive number.
    """
    query = """
        SELECT bar_start, session, adjustment, open::double precision, high::double precision, low::double precision,
            close::double precision, volume::double precision, currency, provider, fetched_at
        FROM price_bars WHERE symbol = %(symbol)s AND timeframe = %(timeframe)s AND bar_start >= coalesce((
            SELECT min(bar_start) FROM (
                SELECT bar_start FROM price_bars
                WHERE symbol = %(symbol)s AND timeframe = %(timeframe)s AND bar_start < %(since)s
                ORDER BY bar_start DESC LIMIT %(warm_up)s
            ) AS before
        ), %(since)s, '-infinity')
        ORDER BY bar_start
    """
    cursor = connection.execute(query, {"symbol": symbol, "timeframe": timeframe, "since": since, "warm_up": warm_up})
    names = [column.name for column in cursor.description or ()]
    figures = dict.fromkeys([*PRICES, "volume"], float)
    bars = pd.DataFrame(cursor.fetchall(), columns=names).astype(figures)
    wrong = ~(bars[PRICES] > 0).all(axis=1)
    if wrong.any():
        first = bars[wrong].iloc[0]
        raise UnusableBars(
            f"the {timeframe} bar of {symbol} at {first['bar_start']} from {first['provider']} has a price that is no positive"
            f" number: {', '.join(f'{name} {first[name]}' for name in PRICES)}"
        )
    return bars


def read_dividends(connection: Connection, symbol: str) -> pd.DataFrame | None:
    """Dividends by ex-date: ex_date, amount, currency, adjustment, fetched_at.  None for a symbol never asked about."""
    rows = connection.execute(
        "SELECT ex_date, amount::double precision, currency, adjustment, fetched_at FROM dividends"
        " WHERE symbol = %s ORDER BY ex_date",
        [symbol],
    ).fetchall()
    if not rows and not _was_fetched(connection, "dividends", symbol):
        return None
    return pd.DataFrame(rows, columns=["ex_date", "amount", "currency", "adjustment", "fetched_at"])


def _was_fetched(connection: Connection, data_type: str, symbol: str) -> bool:
    query = "SELECT FROM data_freshness WHERE data_type = %s AND symbol = %s AND last_computed_at IS NOT NULL"
    return connection.execute(query, [data_type, symbol]).fetchone() is not None
