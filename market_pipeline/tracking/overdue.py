"""What is stale or missing (or aging, if asked), and nobody is on to it yet.

Here belongs the reading of what a refresh would be for.  How stale everything is, for people, belongs to other modules.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from psycopg.rows import class_row

from market_pipeline.storage.database import Connection

ONBOARDING_TAKES = timedelta(hours=1)  # new symbols have nothing because they are being fetched
RESTS = timedelta(days=1)  # for what has failed: no sooner than that is it asked for beside its retries


@dataclass(frozen=True, slots=True, kw_only=True)
class Overdue:
    """A symbol's data of one type that should be refreshed."""

    data_type: str
    timeframe: str
    symbol: str
    last_computed_at: datetime | None
    """As of when it is; None where it was never fetched."""


def overdue(connection: Connection, aging: Sequence[str] = ()) -> list[Overdue]:
    """All that is stale or missing, of the data types `aging` also what is aging, the oldest first.

    Not what has failed lately: that has its retries.
    """
    with connection.cursor(row_factory=class_row(Overdue)) as cursor:
        return cursor.execute(
            """
            SELECT kept.data_type, kept.timeframe, kept.symbol, kept.last_computed_at
            FROM current_freshness AS kept LEFT JOIN tracked_symbols AS tracked USING (symbol)
            WHERE (kept.status IN ('stale', 'missing') OR kept.status = 'aging' AND kept.data_type = ANY (%(aging)s))
                AND coalesce(tracked.tracked_since < now() - %(onboarding)s::interval, true)
                AND NOT EXISTS (
                    SELECT FROM failed_symbols AS failed
                    WHERE failed.data_type = kept.data_type AND failed.symbol = kept.symbol
                        AND failed.timeframe = kept.timeframe
                        AND (failed.state = 'waiting' OR failed.last_failed_at > now() - %(rests)s::interval)
                )
            ORDER BY kept.last_computed_at NULLS FIRST, kept.data_type, kept.timeframe, kept.symbol
            """,
            {"aging": list(aging), "onboarding": ONBOARDING_TAKES, "rests": RESTS},
        ).fetchall()
