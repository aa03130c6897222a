"""The address of the vendors for the settings' world: None for the real ones, else a simulator that answers."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from market_pipeline.settings import Settings
from market_pipeline.simulator.control import SimulatorControl, SimulatorUnreachable

if TYPE_CHECKING:
    from market_pipeline.simulator.server import SimulatorSettings


def simulator_settings(settings: Settings, *, port: int | None = None) -> "SimulatorSettings":
    """How a simulator of the settings' world starts; on their port unless another one is given."""
    # imported here: a live pipeline never loads the market and the server
    from market_pipeline.simulator.server import SimulatorSettings

    return SimulatorSettings(
        port=settings.simulator_port if port is None else port,
        seed=settings.simulator_seed,
        faults="" if settings.simulator_faults == "none" else settings.simulator_faults,
        rate_limits=settings.simulator_rate_factor,
    )


@contextmanager
def simulator_for(settings: Settings) -> Iterator[str | None]:
    """The simulator's address in a simulated world, None in the live one.

    A simulator that listens on the settings' port is used; without one, this process serves its own while it is needed,
    so that a run needs nothing started beforehand.
    """
    if settings.data_world == "live":
        yield None
        return
    from market_pipeline.simulator.process import HOST, RunningSimulator  # see simulator_settings

    there = SimulatorControl(f"http://{HOST}:{settings.simulator_port}")
    try:
        if there.world() == settings.world:
            yield there.url
            return
    except SimulatorUnreachable:
        pass
    with RunningSimulator(simulator_settings(settings, port=0)) as running:
        yield running.control.url
