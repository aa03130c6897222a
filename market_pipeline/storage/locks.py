"""How long statements wait for locks: for ever where rows are stored, briefly where a fetch can do without.

Whoever holds a table of tracking, such as a VACUUM FULL or a forgotten transaction, must not hold up a fetch.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg.rows import TupleRow


@contextmanager
def impatient(connection: psycopg.Connection[TupleRow]) -> Iterator[None]:
    """Statements on this connection, in autocommit mode, raise psycopg.errors.LockNotAvailable after a second's wait."""
    connection.execute("SET lock_timeout = '1s'")
    try:
        yield
    finally:
        if not connection.closed:
            connection.execute("RESET lock_timeout")
