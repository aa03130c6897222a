"""Statements that wait for locks only briefly."""

import psycopg
import pytest

from market_pipeline.storage.database import Database
from market_pipeline.storage.locks import impatient


def test_a_lock_is_waited_for_briefly_and_afterwards_for_ever_again(database: Database) -> None:
    with database.connect(autocommit=True) as connection, database.connect() as holder:
        holder.execute("LOCK TABLE rejected_records")
        with pytest.raises(psycopg.errors.LockNotAvailable), impatient(connection):
            connection.execute("DELETE FROM rejected_records")
        assert connection.execute("SHOW lock_timeout").fetchone() == ("0",)


def test_a_run_that_is_stopped_in_the_middle_of_a_statement_is_told_that_and_nothing_else(database: Database) -> None:
    def stopped(connection: psycopg.Connection) -> None:
        with impatient(connection):
            connection.pgconn.send_query(b"SELECT pg_sleep(1)")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), database.connect(autocommit=True) as connection:
        stopped(connection)
