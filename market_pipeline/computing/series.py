"""What is computed from stored data and stored again, one series at a time.

Here reading, formulas, writing and freshness are put together, as `ingestion` does for what is fetched.  Which series are due,
and what becomes of one that fails, is the caller's.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

import pandas as pd
from psycopg import sql

from market_pipeline.computing.features import WARM_UP, Split, on_one_basis, price_features, shares_of_today
from market_pipeline.computing.prices import first_changed, read_bars, read_dividends, split_basis, splits_of
from market_pipeline.computing.returns import annual_returns
from market_pipeline.datasets import Derived
from market_pipeline.datasets.annual_returns import ANNUAL_RETURNS
from market_pipeline.datasets.price_features import PRICE_FEATURES
from market_pipeline.providers.messages import Window
from market_pipeline.sessions import Sessions
from market_pipeline.storage.database import Connection
from market_pipeline.storage.upsert import Written, column_types, total, upsert
from market_pipeline.tracking.freshness import Refresh, as_of, record_freshness


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
        rows = _feature_rows(bars, splits, timeframe).assign(symbol=symbol, timeframe=timeframe, split_basis=basis)
        due = rows if full else rows[rows["bar_start"] >= since]
        computed = Computed(_store(connection, PRICE_FEATURES, due, now, run_id), Counter(due["session"]))
    _note_freshness(
        connection, PRICE_FEATURES, symbol, timeframe, as_of(PRICE_FEATURES, within, now, sessions), sessions, now
    )
    return computed


def features_by_session(
    connection: Connection, series: Sequence[tuple[str, str]], days: Sequence[date]
) -> dict[date, int]:
    """The features that stand in the table of series (symbol and bar length), by session; those without any are left out."""
    rows = connection.execute(
        """
        SELECT session, count(*) FROM price_features JOIN unnest(%s::text[], %s::text[]) AS one (symbol, timeframe)
        USING (symbol, timeframe) WHERE session = ANY (%s) GROUP BY session ORDER BY session
        """,
        [[symbol for symbol, _ in series], [timeframe for _, timeframe in series], list(days)],
    ).fetchall()
    return dict(rows)


def compute_annual_returns(
    connection: Connection, symbol: str, *, sessions: Sessions, now: datetime, run_id: str
) -> Computed:
    """Compute the returns of every year that a symbol has daily bars of.  Raises UnusableBars, and psycopg.Error.

    Dividends in another currency than the prices are as good as unknown.  `connection` has to be in autocommit mode.
    """
    splits = splits_of(connection, symbol, sessions)
    bars = on_one_basis(read_bars(connection, symbol, "1d"), splits)
    dividends = read_dividends(connection, symbol)
    if dividends is not None:
        payments = shares_of_today(dividends["ex_date"], dividends, splits)
        dividends = dividends.assign(amount=dividends["amount"] / payments)
        foreign = set(dividends["currency"].dropna()) - set(bars["currency"].dropna())
        dividends = None if foreign and bars["currency"].notna().any() else dividends
    years = {day.year for day in bars["session"]}
    year_ends = {year: sessions.last_of_year(year) for one in years for year in (one - 1, one)}
    rows = annual_returns(bars, dividends, year_ends).assign(symbol=symbol)
    written = _store(connection, ANNUAL_RETURNS, rows, now, run_id)
    _note_freshness(connection, ANNUAL_RETURNS, symbol, "", now, sessions, now)
    return Computed(written)


def _feature_rows(bars: pd.DataFrame, splits: Sequence[Split], timeframe: str) -> pd.DataFrame:
    """Features beside what they say of their bars.  Pure."""
    adjusted = on_one_basis(bars, splits)
    vendors = pd.Series([sorted(bars["provider"].unique())] * len(bars), index=bars.index, dtype=object)
    told = adjusted[["bar_start", "session", "close"]].assign(bar_fetched_at=bars["fetched_at"], providers=vendors)
    return told.join(price_features(adjusted, timeframe))


def _store(connection: Connection, data_type: Derived, rows: pd.DataFrame, now: datetime, run_id: str) -> Written:
    columns, shared = column_types(connection, data_type.name), {"computed_at": now, "run_id": run_id}
    values = rows.reindex(columns=[name for name in columns if name not in shared]).astype(object)
    plain = map(list, values.where(values.notna(), None).itertuples(index=False, name=None))
    return total(upsert(connection, data_type.name, data_type.key, columns, plain, shared))


def _note_freshness(
    connection: Connection,
    data_type: Derived,
    symbol: str,
    timeframe: str,
    at: datetime,
    sessions: Sessions,
    now: datetime,
) -> None:
    """Write down that a series is up to date, and how many rows it has."""
    query = sql.SQL("SELECT count(*) FROM {} WHERE symbol = %s AND {} = %s").format(
        sql.Identifier("public", data_type.name), sql.Identifier("timeframe") if timeframe else sql.Literal("")
    )
    row = connection.execute(query, [symbol, timeframe]).fetchone()
    refresh = Refresh(symbol=symbol, as_of=at, data_points=0 if row is None else row[0])
    record_freshness(connection, data_type, [refresh], timeframe=timeframe, sessions=sessions, now=now)
