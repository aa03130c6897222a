"""A database that is ready to use: started if it is ours, migrated, of the right world, with a universe and data types; and
one that is made so again from nothing.

Every way into the pipeline (command line, Dagster run, tests) goes through here, so that none needs another to go first.
"""

from market_pipeline.settings import Settings
from market_pipeline.storage.data_types import declare_data_types
from market_pipeline.storage.database import Database, open_database
from market_pipeline.storage.migrate import migrate
from market_pipeline.storage.universe import default_universe, track
from market_pipeline.storage.world import claim_world


def prepared_database(settings: Settings) -> Database:
    """Open, migrate and claim the settings' database; a new one starts with the default universe.

    Raises DatabaseUnavailable, InvalidDatabaseUrl, MigrationError or WrongWorld, each with what to do about it.
    """
    database = open_database(settings.database_address, settings.home)
    migrate(database)
    with database.connect(name="prepare") as connection:
        if claim_world(connection, settings.world):
            track(connection, default_universe())
        declare_data_types(connection)
    return database


def reset_database(database: Database, settings: Settings) -> None:
    """Delete everything but Dagster's history, and prepare the database anew.  Raises as `prepared_database` does."""
    with database.connect(name="reset") as connection:
        connection.execute("DROP SCHEMA public CASCADE")
        connection.execute("CREATE SCHEMA public")
    prepared_database(settings)
