"""The address of the vendors for the settings' world: None for the real ones, else a simulator that answers."""

from collections.abc import Iterator
from contextlib import contextmanager

from market_pipeline.settings import Settings


@contextmanager
def simulator_for(settings: Settings) -> Iterator[str | None]:
    """The simulator's address in a simulated world, None in the live one.

    A simulator that listens on the settings' port is used; without one, this process serves its own while it is needed,
    so that a run needs nothing started beforehand.
    """
    if settings.data_world == "live":
        yield None
        return
    # imported here: a live pipeline never loads the simulator
    from market_pipeline.simulator.control import SimulatorControl, SimulatorUnreachable
    from market_pipeline.simulator.process import HOST, RunningSimulator
    from market_pipeline.simulator.server import SimulatorSettings

    there = SimulatorControl(f"http://{HOST}:{settings.simulator_port}")
    try:
        if there.world() == settings.world:
            yield there.url
            return
    except SimulatorUnreachable:
        pass
    own = SimulatorSettings(port=0, seed=settings.simulator_seed, faults=settings.simulator_faults)
    with RunningSimulator(own) as running:
        yield running.control.url
