"""Symbols that somebody has asked for and of which nothing has been heard since.  Reading only."""

from collections.abc import Sequence
from datetime import datetime

from market_pipeline.providers.messages import Window
from market_pipeline.storage.database import Connection


def unheard_of(
    connection: Connection,
    data_type: str,
    symbols: Sequence[str],
    *,
    partition_key: str,
    timeframe: str | None,
    window: Window | None,
    since: datetime,
) -> list[str]:
    """Those of the symbols that no vendor has answered for, and that have not failed, since a moment."""
    heard = connection.execute(
        _HEARD,
        {
            "data_type": data_type,
            "symbols": list(symbols),
            "partition_key": partition_key,
            "timeframe": timeframe or "",
            "start": None if window is None else window.start,
            "end": None if window is None else window.end,
            "since": since,
        },
    ).fetchall()
    settled = {symbol for (symbol,) in heard}
    return [symbol for symbol in symbols if symbol not in settled]


_HEARD = """
    SELECT symbol FROM cached_answers
    WHERE data_type = %(data_type)s AND symbol = ANY(%(symbols)s) AND timeframe = %(timeframe)s AND answered_at >= %(since)s
    GROUP BY symbol
    HAVING range_agg(span) @> daterange(%(start)s, %(end)s, '[]')
    UNION
    SELECT symbol FROM failed_symbols
    WHERE data_type = %(data_type)s AND symbol = ANY(%(symbols)s) AND timeframe = %(timeframe)s
        AND partition_key = %(partition_key)s AND last_failed_at >= %(since)s
"""
