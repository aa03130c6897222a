"""Dagster's own storage, kept in our database: named in dagster.yaml, created by Dagster.

Belongs here: telling dagster-postgres which database. Does not: anything about runs and events.

dagster.yaml holds no address and no secret, and neither does what Dagster passes on to its run workers: every process
finds the database for itself, by the same settings as the rest of market_pipeline.
"""

from collections.abc import Mapping
from typing import Any, Self

from dagster._serdes import ConfigurableClassData
from dagster_postgres import DagsterPostgresStorage
from sqlalchemy import create_engine
from sqlalchemy.engine import make_url

from market_pipeline.settings import load_settings
from market_pipeline.storage.database import Database, normalise_url, open_database

SCHEMA = "dagster"
LOCK = "select pg_advisory_lock(hashtextextended('market_pipeline.dagster_storage', 0))"


class MarketPipelineStorage(DagsterPostgresStorage):
    """Runs, events, schedules and sensors in schema `dagster` of the market database.

    Starts the private server when there is no DATABASE_URL. Raises DatabaseUnavailable, InvalidDatabaseUrl.
    """

    def __init__(self, inst_data: ConfigurableClassData | None = None) -> None:
        settings = load_settings()
        database = open_database(settings.database_address, settings.home)
        with database.connect(autocommit=True, name="dagster storage") as connection:
            if connection.execute("select to_regclass(%s)", [f"{SCHEMA}.job_ticks"]).fetchone() == (None,):
                connection.execute(LOCK)  # the webserver and the daemon start together: one creates, the other waits
                connection.execute(f"create schema if not exists {SCHEMA}")
            super().__init__(postgres_url=_url(database), inst_data=inst_data)
        self._keep_connections()

    def _keep_connections(self) -> None:
        """Let each storage keep one connection: dagster-postgres connects anew for every statement, half of an event's cost.

        The ping finds a connection that a restarted server has dropped.
        """
        for storage in (self.event_log_storage, self.run_storage, self.schedule_storage):
            storage._engine = create_engine(  # type: ignore[union-attr]
                self.postgres_url, isolation_level="AUTOCOMMIT", pool_size=1, max_overflow=20, pool_pre_ping=True
            )

    @classmethod
    def config_type(cls) -> dict[str, Any]:
        return {}

    @classmethod
    def from_config_value(cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]) -> Self:
        return cls(inst_data)


def _url(database: Database) -> str:
    url = make_url(normalise_url(database.url, "+psycopg2"))
    options = f"{url.query.get('options', '')} -c search_path={SCHEMA} -c timezone=UTC".strip()
    return url.update_query_dict({"options": options}).render_as_string(hide_password=False)
