"""The checks of what is computed: whether each series has rows, reaches as far as its prices, and holds figures that can be.

Here belong questions about rows of our own making, so that none is about vendors.  What a figure may be is declared on its
field; how checks of fetched data are made, and what a finding is, belongs to `findings`.
"""

from collections.abc import Mapping

from psycopg import sql

from market_pipeline.datasets import Derived, PartitionedBy, bounds_of
from market_pipeline.datasets.historical_prices import HISTORICAL_PRICES
from market_pipeline.tracking.findings import SAMPLE, Finding, Inspection, Verdict, of_missing

Look = Inspection[Derived]
OPERATORS = {"ge": ">=", "gt": ">", "le": "<=", "lt": "<"}


def series_without_rows(look: Look) -> Finding:
    """Active symbols, and lengths of their bars, of which nothing was computed."""
    rows = look.connection.execute(
        sql.SQL(
            "SELECT symbol, timeframe, EXISTS (SELECT FROM {table} AS kept WHERE kept.symbol = expected.symbol {same_bars})"
            " FROM data_freshness AS expected WHERE data_type = %s ORDER BY symbol, timeframe"
        ).format(table=look.table, same_bars=_same_bars(look)),
        [look.dataset.name],
    ).fetchall()
    missing = [f"{symbol} {timeframe}".strip() for symbol, timeframe, has_rows in rows if not has_rows]
    return of_missing(
        missing,
        len(rows),
        "series have rows",
        f"Have prices of the others? If so, run {look.dataset.name}_job; what went wrong before is in"
        " feature_computation_failures and in the run's log.",
    )


def behind_prices(look: Look) -> Finding:
    """Series whose newest row is of an earlier session than the newest bar that it is computed from."""
    rows = look.connection.execute(
        sql.SQL(_REACHES).format(
            table=look.table, reaches=sql.Identifier(look.dataset.reaches), same_bars=_same_bars(look)
        ),
        {"data_type": look.dataset.name, "usual": HISTORICAL_PRICES.timeframes[0]},
    ).fetchall()
    behind = [one for one in rows if one[2] > one[3]]
    return Finding(
        Verdict.WARN if behind else Verdict.PASSED,
        f"{len(behind)} of {len(rows)} series end before their prices do.",
        f"Run {look.dataset.name}_job. If they stay behind, its log says what cannot be computed.",
        count=len(behind),
        sample=[f"{symbol} {bars}: {own}, prices {newest}" for symbol, bars, newest, own in behind[:SAMPLE]],
    )


_REACHES = """
    SELECT symbol, bars.timeframe, bars.newest, kept.newest
    FROM data_freshness AS expected
    CROSS JOIN LATERAL (
        SELECT timeframe, session AS newest FROM historical_prices AS bar
        WHERE bar.symbol = expected.symbol AND bar.timeframe = coalesce(nullif(expected.timeframe, ''), %(usual)s)
        ORDER BY bar_start DESC LIMIT 1
    ) AS bars
    CROSS JOIN LATERAL (
        SELECT max({reaches}) AS newest FROM {table} AS kept WHERE kept.symbol = expected.symbol {same_bars}
    ) AS kept
    WHERE expected.data_type = %(data_type)s AND kept.newest IS NOT NULL
    ORDER BY kept.newest, symbol
"""


def impossible_values(look: Look) -> Finding:
    """Figures that cannot be: outside of the bounds of their field, infinite, or no number."""
    wrong = {name: _impossible(name, bounds) for name, bounds in bounds_of(look.dataset.record).items()}
    counts = look.connection.execute(
        sql.SQL("SELECT {counts} FROM {table} WHERE {lately}").format(
            counts=sql.SQL(", ").join(sql.SQL("count(*) FILTER (WHERE {})").format(one) for one in wrong.values()),
            table=look.table,
            lately=_lately(look),
        )
    ).fetchone()
    found = {name: count for name, count in zip(wrong, counts or (), strict=True) if count}
    return Finding(
        Verdict.ERROR if found else Verdict.PASSED,
        f"{sum(found.values())} figures cannot be.",
        f"Look at the bars of those rows. If they are right, the formula is not: fix it, and run {look.dataset.name}_job with"
        " `full: true`.",
        count=sum(found.values()),
        sample=[f"{name}: {count} rows" for name, count in found.items()],
    )


def holes(look: Look) -> Finding:
    """Figures that are missing although the same series had them before: averages that have warmed up do not cool down."""
    *series, order = map(sql.Identifier, look.dataset.key)
    figures = [
        name for name in bounds_of(look.dataset.record) if not look.dataset.record.model_fields[name].is_required()
    ]
    known = sql.SQL(", ").join(
        sql.SQL("min({order}) FILTER (WHERE {figure} IS NOT NULL) AS {figure}").format(
            order=order, figure=sql.Identifier(name)
        )
        for name in figures
    )
    missing = sql.SQL(" OR ").join(
        sql.SQL("(kept.{figure} IS NULL AND kept.{order} > first.{figure})").format(
            order=order, figure=sql.Identifier(name)
        )
        for name in figures
    )
    rows = look.connection.execute(
        sql.SQL(
            "WITH first AS (SELECT {series}, {known} FROM {table} WHERE {lately} GROUP BY {series})"
            " SELECT concat_ws(' ', {series}), count(*) FROM {table} AS kept JOIN first USING ({series})"
            " WHERE {lately} AND ({missing}) GROUP BY {series} ORDER BY 1"
        ).format(
            series=sql.SQL(", ").join(series), known=known, table=look.table, lately=_lately(look), missing=missing
        )
    ).fetchall()
    count = sum(rows for _, rows in rows)
    return Finding(
        Verdict.WARN if rows else Verdict.PASSED,
        f"{count} rows of {len(rows)} series lack a figure that an earlier row has.",
        "Look at the bars before them for a volume or a price that is missing.",
        count=count,
        sample=[f"{name}: {rows} rows" for name, rows in rows[:SAMPLE]],
    )


def _impossible(name: str, bounds: Mapping[str, float]) -> sql.Composable:
    """The condition under which a figure cannot be.  NaN is greater than every number for PostgreSQL."""
    column = sql.Identifier(name)
    wrong = [sql.SQL("{} IN ('NaN', 'Infinity', '-Infinity')").format(column)]
    wrong += [sql.SQL("NOT {} {} {}").format(column, sql.SQL(OPERATORS[kind]), limit) for kind, limit in bounds.items()]
    return sql.SQL(" OR ").join(wrong)


def _lately(look: Look) -> sql.Composable:
    """The rows that are looked at: lately where they are kept by session, else all."""
    by_session = look.dataset.partitioned_by is PartitionedBy.SESSION
    return sql.SQL("session >= {}").format(look.since) if by_session else sql.SQL("true")


def _same_bars(look: Look) -> sql.SQL:
    return sql.SQL("AND kept.timeframe = expected.timeframe" if look.dataset.timeframes else "")
