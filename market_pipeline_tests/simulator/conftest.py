"""A running simulator of Acme for the tests of the server."""

from collections.abc import Iterator

import pytest

from market_pipeline.simulator.control import SimulatorControl
from market_pipeline.simulator.process import RunningSimulator
from market_pipeline.simulator.server import SimulatorSettings
from market_pipeline_tests.simulator.acme import acme_simulator


@pytest.fixture(scope="module")
def _running() -> Iterator[SimulatorControl]:
    with RunningSimulator(SimulatorSettings(port=0, seed=3), acme_simulator) as running:
        yield running.control


@pytest.fixture
def acme(_running: SimulatorControl) -> SimulatorControl:
    """The simulator as it was started."""
    _running.reset()
    return _running
