"""Which world a database holds: the real market or a simulated one.  The two are never mixed."""

import psycopg
from psycopg.rows import TupleRow

from market_pipeline.storage.errors import StorageError


class WrongWorld(StorageError):
    """The database holds another world than the settings want."""


def claim_world(connection: psycopg.Connection[TupleRow], world: str) -> bool:
    """Mark a new database as holding `world` (`live` or `simulated:SEED`), or see that it does; whether it was new.

    Raises WrongWorld when it holds another one.
    """
    with connection.transaction():
        claimed = connection.execute(
            "INSERT INTO database_world (world) VALUES (%s) ON CONFLICT DO NOTHING", [world]
        ).rowcount
        found = connection.execute("SELECT world FROM database_world").fetchone()
    if found is not None and found[0] != world:
        raise WrongWorld(
            f"This database holds {found[0]} data and the settings want {world} (DATA_WORLD, SIMULATOR_SEED)."
            " Simulated and real data are never mixed: set them to what the database holds, point DATABASE_URL at"
            " another database, or throw the data away with `market-pipeline db reset`."
        )
    return claimed == 1
