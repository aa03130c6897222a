"""The members of indices over time: what a complete list says of those before it.

Here belongs SQL over `index_constituents` and `index_changes`; the rows of a list are written like those of any data type.
"""

from collections.abc import Sequence, Set
from datetime import datetime

from market_pipeline.storage.database import Connection

MOST_REMOVED = 0.2
"""Part of the members that one list may leave out: no index that is kept changes so much at once, a broken page does."""


class ImplausibleList(Exception):
    """A list of members that leaves out too many of those known; the message has the figures."""


def record_members(
    connection: Connection, index: str, members: Set[str], *, now: datetime, run_id: str
) -> dict[str, list[str]]:
    """Take `members`, whose rows are written, for all there are; the others have left.  What changed: `added`, `removed`.

    Raises ImplausibleList, and changes nothing, for a list that leaves out more than MOST_REMOVED of the members.
    """
    known = current_members(connection, index)
    missing = known - members
    if len(missing) > max(1, MOST_REMOVED * len(known)):
        raise ImplausibleList(
            f"it lists {len(members)} members and leaves out {len(missing)} of the {len(known)} known"
        )
    rows = connection.execute(
        "SELECT member, change FROM record_index_members(%s, %s, %s, %s) ORDER BY member",
        [index, sorted(members), now, run_id],
    ).fetchall()
    return {kind: [member for member, change in rows if change == kind] for kind in ("added", "removed")}


def track_members(connection: Connection, indices: Sequence[str]) -> list[str]:
    """Track the members of indices (by name) that are no symbols yet.  Those that were added, by name.

    One that somebody has removed from the universe stays out of it.
    """
    rows = connection.execute(
        """
        INSERT INTO tracked_symbols (symbol, name, sector, industry, indices)
        SELECT member, max(name), max(sector), max(industry), array_agg(index_name ORDER BY index_name)
        FROM index_constituents
        WHERE index_name = ANY (%s) AND first_seen_at IS NOT NULL AND removed_at IS NULL
        GROUP BY member
        ON CONFLICT (symbol) DO NOTHING
        RETURNING symbol
        """,
        [list(indices)],
    ).fetchall()
    connection.commit()
    return sorted(symbol for (symbol,) in rows)


def current_members(connection: Connection, index: str) -> set[str]:
    """The members that the latest complete list of an index had."""
    rows = connection.execute(
        "SELECT member FROM index_constituents WHERE symbol = %s AND first_seen_at IS NOT NULL AND removed_at IS NULL",
        [index],
    ).fetchall()
    return {member for (member,) in rows}
