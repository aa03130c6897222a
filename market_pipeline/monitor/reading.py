"""The monitor's way to the database: a small pool of connections that can only read.

Here belongs how one reads; what is read belongs to `market_pipeline.tracking`.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import TypeVar

import psycopg
from fastapi.concurrency import contextmanager_in_threadpool, run_in_threadpool
from psycopg_pool import ConnectionPool, PoolTimeout

from market_pipeline.storage.database import Connection, Database
from market_pipeline.storage.errors import DatabaseUnavailable

Answer = TypeVar("Answer")
POOL_SIZE = 8  # connections; 200 readers at once wait a few milliseconds for one of them
PATIENCE = 3.0  # seconds for a connection, so that a database that is down is a quick 503
SLOWEST = 5000  # milliseconds of one statement: a reader never holds the database up
READER = "market_pipeline_reader"
"""The role that reads; it is created by a migration where the database's owner may create roles."""


class Reader:
    """Read-only connections.  Use as a context manager; `connection` may be used from several threads."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._turns = asyncio.Semaphore(POOL_SIZE)
        self._pool: ConnectionPool[Connection] = ConnectionPool(
            database.url,
            min_size=1,
            max_size=POOL_SIZE,
            open=False,
            kwargs={**database.parameters("monitor"), "autocommit": True},  # a round trip a question, not three
            configure=_only_reads,
            check=ConnectionPool.check_connection,  # finds connections that a restarted server has dropped
            timeout=PATIENCE,
            reconnect_timeout=PATIENCE,  # else its pauses double, and readers wait though the database is back
        )

    def open(self) -> None:
        self._pool.open()

    def close(self) -> None:
        self._pool.close()

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[Connection]:
        """As `connection`, for a request: who waits for one takes no thread from those who have one and need to get on."""
        async with self._turn(), contextmanager_in_threadpool(self.connection()) as connection:
            yield connection

    async def ask(self, question: Callable[[Connection], Answer]) -> Answer:
        """What a connection answers to one question: in one go, for what is asked hundreds of times a second."""
        async with self._turn():
            return await run_in_threadpool(self._ask, question)

    def _ask(self, question: Callable[[Connection], Answer]) -> Answer:
        with self.connection() as connection:
            return question(connection)

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(PATIENCE):
                await self._turns.acquire()
        except TimeoutError:
            raise DatabaseUnavailable("the database has more readers than it can serve") from None
        try:
            yield
        finally:
            self._turns.release()

    @contextmanager
    def connection(self) -> Iterator[Connection]:
        """A connection for one answer.  Raises DatabaseUnavailable."""
        try:
            with self._pool.connection() as connection:
                yield connection
        except (PoolTimeout, psycopg.OperationalError) as error:
            raise DatabaseUnavailable("the database cannot be reached at the moment") from error


def _only_reads(connection: Connection) -> None:
    connection.execute(f"SET statement_timeout = {SLOWEST}")
    if connection.execute(
        "SELECT 1 FROM pg_roles WHERE rolname = %s AND pg_has_role(oid, 'MEMBER')", [READER]
    ).fetchone():
        connection.execute(f"SET ROLE {READER}")
    connection.execute("SET default_transaction_read_only = on")
