"""The errors of the storage package, and only those.

Every message says what was wrong, where, and what to do next; none ever contains a password.
"""


class StorageError(Exception):
    """Anything the storage package refuses or cannot do."""


class InvalidDatabaseUrl(StorageError):
    """DATABASE_URL is not a PostgreSQL URL with a database name: correct it."""


class DatabaseUnavailable(StorageError):
    """No connection can be had: the server cannot be started, reached or logged into."""


class MigrationError(StorageError):
    """The schema cannot be brought up to date: a file is wrong, or it does not fit what the database has recorded."""
