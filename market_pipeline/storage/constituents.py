"""The members of indices over time: what a complete list says of those before it.

Here belongs SQL over `index_constituents` and `index_changes`; the rows of a list are written like those of any data type.
"""

from collections.abc import Set
from datetime import datetime

import psycopg
from psycopg.rows import TupleRow

Connection = psycopg.Connection[TupleRow]

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


def current_members(connection: Connection, index: str) -> set[str]:
    """The members that the latest complete list of an index had."""
    rows = connection.execute(
        "SELECT member FROM index_constituents WHERE symbol = %s AND first_seen_at IS NOT NULL AND removed_at IS NULL",
        [index],
    ).fetchall()
    return {member for (member,) in rows}
