"""What is computed from stored data and stored again, one series at a time.

Here reading, formulas, writing and freshness are put together, as `market_data` does for what is fetched.  Which series are
due, and what becomes of one that fails, is the caller's.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

import pandas as pd
import psycopg
from psycopg.rows import TupleRow

from market_pipeline.datasets.price_features import PRICE_FEATURES
from market_pipeline.features import WARM_UP, Split, on_one_basis, price_features
from market_pipeline.providers.messages import Window
from market_pipeline.sessions import Sessions
from market_pipeline.storage.prices import first_changed, read_bars, split_basis, splits_of
from market_pipeline.storage.upsert import Written, column_types, total, upsert
from market_pipeline.tracking.freshness import Refresh, as_of, record_freshness

Connection = psycopg.Connection[TupleRow]


@dataclass(frozen=True, slots=True)
class Computed:
    """What a computation did: the rows it left in the table, and how many of each session."""

    written: Written = field(default_factory=Written)
    rows_by_session: Mapping[date, int] = field(default_factory=dict)


def compute_features(
    connection: Connection,
    symbol: str,
    timeframe: str,
    *,
    sessions: Sessions,
    now: datetime,
    run_id: str,
    within: Window | None = None,
    full: bool = False,
) -> Computed:
    """Bring the features of a series up to date, from the first bar of the sessions `within` that changed to its last one.

    What follows a changed bar changes with it, whatever its session.  With `full` all is computed anew.  Raises UnusableBars,
    and psycopg.Error.  `connection` has to be in autocommit mode.
    """
    splits = splits_of(connection, symbol, sessions)
    basis = split_basis(splits)
    since = first_changed(connection, symbol, timeframe, basis=basis, within=within)
    computed = Computed()
    if since is not None or full:
        bars = read_bars(connection, symbol, timeframe, since=None if full else since, warm_up=WARM_UP)
        rows = _feature_rows(bars, splits, timeframe).assign(
            symbol=symbol, timeframe=timeframe, split_basis=basis, computed_at=now, run_id=run_id
        )
        computed = _store(connection, rows if full else rows[rows["bar_start"] >= since])
    _note_freshness(connection, symbol, timeframe, as_of(PRICE_FEATURES, within, now, sessions), sessions, now)
    return computed


def _feature_rows(bars: pd.DataFrame, splits: Sequence[Split], timeframe: str) -> pd.DataFrame:
    """Features beside what they say of their bars.  Pure."""
    adjusted = on_one_basis(bars, splits)
    vendors = pd.Series([sorted(bars["provider"].unique())] * len(bars), index=bars.index, dtype=object)
    told = adjusted[["bar_start", "session", "close"]].assign(bar_fetched_at=bars["fetched_at"], providers=vendors)
    return told.join(price_features(adjusted, timeframe))


def _store(connection: Connection, rows: pd.DataFrame) -> Computed:
    table = PRICE_FEATURES.name
    columns = column_types(connection, table)
    values = rows.reindex(columns=list(columns)).astype(object)
    written = upsert(
        connection, table, PRICE_FEATURES.key, columns, values.where(values.notna(), None).itertuples(index=False)
    )
    return Computed(total(written), Counter(rows["session"]))


def _note_freshness(
    connection: Connection, symbol: str, timeframe: str, at: datetime, sessions: Sessions, now: datetime
) -> None:
    """Write down that a series is up to date, and how many features it has."""
    row = connection.execute(
        "SELECT count(*) FROM price_features WHERE symbol = %s AND timeframe = %s", [symbol, timeframe]
    ).fetchone()
    refresh = Refresh(symbol=symbol, as_of=at, data_points=0 if row is None else row[0])
    record_freshness(connection, PRICE_FEATURES, [refresh], timeframe=timeframe, sessions=sessions, now=now)
