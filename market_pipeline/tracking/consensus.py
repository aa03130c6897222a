"""Comparing what is kept with what a second vendor tells: whose turn it is, our figures, and how far two vendors are apart.

Here belong the sample, within a budget, and the measure.  Asking the second vendor belongs to `ingestion.market_data`, what
is remembered of it to `quality`.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from statistics import median

from psycopg import sql

from market_pipeline.datasets import Dataset, Record
from market_pipeline.storage.database import Connection

DISAGREEMENT = 1.0  # percent between two vendors from which on they do not agree at all; closes differ by hundredths
DAY = timedelta(days=1)

Figures = Mapping[tuple[object, ...], float]
"""The compared figure by the rows' key."""


@dataclass(frozen=True, slots=True)
class Ours:
    """What is kept of a symbol, from the vendor that its newest row is from."""

    provider: str
    figures: Figures


@dataclass(frozen=True, slots=True)
class Comparison:
    """What came of asking a second vendor about a symbol: percent between the two; None, by nobody: no comparable answer."""

    symbol: str
    provider: str | None = None
    deviation: float | None = None


def deviation(ours: Figures, theirs: Figures) -> float | None:
    """How far apart two vendors are: median of the differences in percent of ours; None without a common row.  Pure."""
    apart = [abs(theirs[key] / ours[key] - 1) * 100 for key in ours.keys() & theirs.keys() if ours[key] != 0]
    return median(apart) if apart else None


def figures_of(dataset: Dataset, records: Iterable[Record]) -> dict[str, dict[tuple[object, ...], float]]:
    """The compared figures of records, by symbol and key.  Pure."""
    found: dict[str, dict[tuple[object, ...], float]] = {}
    for record in records:
        figure = getattr(record, str(dataset.compared))
        if figure is not None:
            key = tuple(getattr(record, name) for name in dataset.key[1:])
            found.setdefault(record.symbol, {})[key] = float(figure)
    return found


def due_for_comparison(connection: Connection, dataset: Dataset, *, budget: int, now: datetime) -> list[str]:
    """The symbols whose turn it is, when `budget` of them are compared a day: those that differed, then the longest waiting."""
    rows = connection.execute(
        """
        WITH measured AS (
            SELECT quality.* FROM data_quality AS quality JOIN tracked_symbols AS tracked USING (symbol)
            WHERE quality.data_type = %(data_type)s AND tracked.active
        )
        SELECT symbol FROM measured WHERE compared_at IS NULL OR compared_at <= %(yesterday)s
        ORDER BY coalesce(deviation, 0) < %(disagreement)s, compared_at NULLS FIRST, symbol
        LIMIT greatest(0, %(budget)s - (SELECT count(*) FROM measured WHERE compared_at > %(yesterday)s))
        """,
        {"data_type": dataset.name, "yesterday": now - DAY, "disagreement": DISAGREEMENT, "budget": budget},
    )
    return [symbol for (symbol,) in rows]


def our_figures(
    connection: Connection, dataset: Dataset, symbols: Sequence[str], days: Sequence[date]
) -> dict[str, Ours]:
    """What is kept of symbols for some sessions, of the usual bars where there are several lengths."""
    usual = sql.SQL("AND timeframe = {}").format(dataset.timeframes[0]) if dataset.timeframes else sql.SQL("")
    rows = connection.execute(
        sql.SQL(
            "SELECT symbol, provider, {figure}::double precision, {key} FROM {table}"
            " WHERE symbol = ANY (%s) AND session = ANY (%s) AND {figure} IS NOT NULL {usual} ORDER BY fetched_at"
        ).format(
            figure=sql.Identifier(str(dataset.compared)),
            key=sql.SQL(", ").join(map(sql.Identifier, dataset.key[1:])),
            table=sql.Identifier("public", dataset.name),
            usual=usual,
        ),
        [list(symbols), list(days)],
    ).fetchall()
    homes = {symbol: provider for symbol, provider, *_ in rows}
    return {
        home: Ours(
            vendor,
            {tuple(key): figure for symbol, provider, figure, *key in rows if (symbol, provider) == (home, vendor)},
        )
        for home, vendor in homes.items()
    }
