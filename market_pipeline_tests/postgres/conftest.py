"""What tests of the gate's functions share."""

from collections.abc import Iterator

import pytest

from market_pipeline.storage.database import Database
from market_pipeline_tests.postgres.gate_calls import GateCalls


@pytest.fixture
def gate(database: Database) -> Iterator[GateCalls]:
    """The gate of a vendor whose limits are not met."""
    with database.connect(autocommit=True) as connection:
        yield GateCalls(connection)
