"""How long statements wait for locks: for ever where rows are stored, briefly where a fetch can do without.

Whoever holds a table of tracking, such as a VACUUM FULL or a forgotten transaction, must not hold up a fetch.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from market_pipeline.storage.database import Connection

_RESET = "RESET lock_timeout"


@contextmanager
def impatient(connection: Connection) -> Iterator[None]:
    """Statements on this connection, in autocommit mode, raise psycopg.errors.LockNotAvailable after a second's wait.

    An interruption passes untouched: in the middle of a statement the connection takes no other, and that it says so would be
    raised in its place, as an error that those who can do without live with.
    """
    connection.execute("SET lock_timeout = '1s'")
    try:
        yield
    except Exception:
        if not connection.closed:
            connection.execute(_RESET)
        raise
    connection.execute(_RESET)
