"""Which world a database holds: the real market or a simulated one.  The two are never mixed."""

from market_pipeline.storage.database import Connection
from market_pipeline.storage.errors import StorageError


class WrongWorld(StorageError):
    """The database holds another world than the settings want."""


def claim_world(connection: Connection, world: str) -> bool:
    """Mark a new database as holding `world` (`live` or `simulated:SEED`), or see that it does; whether it was new.

    Raises WrongWorld when it holds another one.
    """
    with connection.transaction():
        claimed = connection.execute(
            "INSERT INTO database_world (world) VALUES (%s) ON CONFLICT DO NOTHING", [world]
        ).rowcount
        found = connection.execute("SELECT world FROM database_world").fetchone()
    if found is not None:
        refuse_other_world("This database", found[0], world)
    return claimed == 1


def refuse_other_world(holder: str, held: str, world: str) -> None:
    """Raises WrongWorld unless what `holder` names holds `world`."""
    if held != world:
        raise WrongWorld(
            f"{holder} holds {held} data and the settings want {world} (DATA_WORLD, SIMULATOR_SEED)."
            " Simulated and real data are never mixed: set them to what it holds, point DATABASE_URL at"
            " another database, or throw the data away with `market-pipeline db reset`."
        )
