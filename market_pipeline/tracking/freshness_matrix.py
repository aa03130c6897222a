"""Freshness as a map: symbols down, data types across, one state a cell.  Reading only."""

from dataclasses import dataclass

from market_pipeline.storage.database import Connection


@dataclass(frozen=True, slots=True)
class MatrixRow:
    """A symbol and the worst state of each of its data types, by name (bars of several lengths are one data type here)."""

    symbol: str
    sector: str | None
    states: dict[str, str]


def freshness_matrix(
    connection: Connection,
    limit: int,
    *,
    after: str = "",
    sector: str | None = None,
    status: str | None = None,
) -> list[MatrixRow]:
    """Symbols in their order, from the one behind `after`; with `status` those that have a data type in that state."""
    rows = connection.execute(_MATRIX, {"limit": limit, "after": after, "sector": sector, "status": status}).fetchall()
    return [MatrixRow(symbol, sector, states) for symbol, sector, states in rows]


def sectors(connection: Connection) -> list[str]:
    rows = connection.execute(
        "SELECT DISTINCT sector FROM tracked_symbols WHERE active AND sector IS NOT NULL ORDER BY sector"
    ).fetchall()
    return [sector for (sector,) in rows]


_MATRIX = """
    WITH states AS (
        SELECT symbol, data_type,
            (array_agg(status ORDER BY array_position(ARRAY['missing', 'stale', 'aging', 'fresh'], status)))[1] AS status
        FROM current_freshness WHERE symbol > %(after)s GROUP BY symbol, data_type
    )
    SELECT symbol, max(sector), jsonb_object_agg(data_type, states.status)
    FROM states LEFT JOIN tracked_symbols USING (symbol)
    WHERE %(sector)s::text IS NULL OR sector = %(sector)s
    GROUP BY symbol HAVING %(status)s::text IS NULL OR bool_or(states.status = %(status)s)
    ORDER BY symbol LIMIT %(limit)s
"""
