"""The simulator's idea of now: real time, or a moment that was set, standing still or running at its own speed.

Only what the synthetic market is asked for follows this clock.  Latency, outages and rate limits are about the client
and always run in real time.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Annotated

from pydantic import AwareDatetime, ConfigDict, Field
from pydantic.dataclasses import dataclass

SystemTime = Callable[[], datetime]


def system_time() -> datetime:
    """The real time, in UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class ClockSetting:
    """How the clock runs from the moment that it is set; the default is real time."""

    at: AwareDatetime | None = None
    """What it shows then; None is the real time."""
    offset: Annotated[float, Field(allow_inf_nan=False)] = 0.0
    """Seconds added to that, negative into the past."""
    speed: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 1.0
    """Simulated seconds in a real one; 0 stands still."""


class SimulatorClock:
    """A clock that can be set."""

    def __init__(self, setting: ClockSetting | None = None, system: SystemTime = system_time) -> None:
        self._system = system
        self.set(setting if setting is not None else ClockSetting())

    def set(self, setting: ClockSetting) -> None:
        """Starts over with `setting`.  Raises ValueError where that leads out of the calendar."""
        self._since = self._system()
        try:
            self._start = (setting.at or self._since).astimezone(UTC) + timedelta(seconds=setting.offset)
        except OverflowError as error:
            raise ValueError(f"an offset of {setting.offset} seconds leads out of the calendar") from error
        self.setting = setting

    def now(self) -> datetime:
        """The simulated time, in UTC."""
        return self._start + (self._system() - self._since) * self.setting.speed
