"""What checks find in price series: jumps, bars of foreign vendors, history that a split has overtaken.

Here belongs what only bars can be asked.  What all data types have in common is in `findings`.
"""

from psycopg import sql

from market_pipeline.datasets import Dataset
from market_pipeline.storage.splits import BEFORE_SPLIT
from market_pipeline.tracking.findings import SAMPLE, Finding, Inspection, Verdict

JUMP = 0.4  # from one daily close to the next: a split of 2 for 1 halves a price, a real day seldom moves it as far
FOREIGN = 0.05  # of a series, up to which bars of another vendor than its own are a filled gap and no alarm


def outliers(look: Inspection[Dataset]) -> Finding:
    """Daily closes that are JUMP away from the one before, with no split between them."""
    found = look.connection.execute(
        sql.SQL(_JUMPS).format(table=look.table),
        {"since": look.since, "jump": JUMP, "flag": BEFORE_SPLIT},
    ).fetchall()
    return Finding(
        Verdict.WARN if found else Verdict.PASSED,
        f"{len(found)} daily closes since {look.since} are {JUMP:.0%} or more away from the day before without a split.",
        "Compare them with another vendor. After a split that the vendor does not tell, fetch the symbol's history anew.",
        count=len(found),
        sample=[
            f"{symbol} {session} {provider}: {before} to {close}"
            for symbol, session, provider, before, close in found[:SAMPLE]
        ],
    )


# `before`: the bar before it in its calibre.  From flagged bars to others is where the shares change.
_JUMPS = """
    SELECT symbol, session, provider, before, close FROM (
        SELECT symbol, session, provider, close, flags, lag(close) OVER series AS before,
            lag(session) OVER series AS session_before, lag(flags) OVER series AS flags_before
        FROM {table} WHERE timeframe = '1d' AND session >= %(since)s
        WINDOW series AS (PARTITION BY symbol, adjustment ORDER BY bar_start)
    ) AS bar
    WHERE abs(close / before - 1) >= %(jump)s
        AND (%(flag)s = ANY (flags_before)) = (%(flag)s = ANY (flags))
        AND NOT EXISTS (
            SELECT FROM {table} AS split
            WHERE split.symbol = bar.symbol AND split.split_factor <> 1
                AND split.session > bar.session_before AND split.session <= bar.session
        )
    ORDER BY symbol, session
"""


def adjustment_mix(look: Inspection[Dataset]) -> Finding:
    """Series with too many bars from other vendors than the one that they belong to."""
    found = look.connection.execute(
        sql.SQL(
            "SELECT symbol, timeframe, count(*) FILTER (WHERE mixed), count(*) FROM {} WHERE session >= %s"
            " GROUP BY symbol, timeframe HAVING count(*) FILTER (WHERE mixed) > %s * count(*) ORDER BY symbol, timeframe"
        ).format(look.table),
        [look.since, FOREIGN],
    ).fetchall()
    return Finding(
        Verdict.WARN if found else Verdict.PASSED,
        f"{len(found)} series have more than {FOREIGN:.0%} of their bars since {look.since} from other vendors than their own.",
        "Fetch them anew from it: run config `providers` with the vendor in price_series, and `use_cache: false`.",
        count=len(found),
        sample=[f"{symbol} {timeframe}: {mixed} of {bars}" for symbol, timeframe, mixed, bars in found[:SAMPLE]],
    )


def overtaken_by_splits(look: Inspection[Dataset]) -> Finding:
    """Bars that are still in the shares of before a split.  They are fetched anew by the sensor that retries failures."""
    found = look.connection.execute(
        sql.SQL(
            "SELECT symbol, timeframe, count(*), min(session), max(session) FROM {} WHERE {} = ANY (flags)"
            " GROUP BY symbol, timeframe ORDER BY symbol, timeframe"
        ).format(look.table, BEFORE_SPLIT)  # a literal, for the partial index
    ).fetchall()
    bars = sum(count for _, _, count, _, _ in found)
    return Finding(
        Verdict.WARN if found else Verdict.PASSED,
        f"{bars} bars of {len(found)} series were fetched before a split that came since.",
        "They wait in failed_symbols to be fetched anew; where that was given up, run the range of sessions by hand.",
        count=bars,
        sample=[
            f"{symbol} {timeframe} {first} to {last}: {count}"
            for symbol, timeframe, count, first, last in found[:SAMPLE]
        ],
    )
