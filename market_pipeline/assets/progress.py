"""How far a fetch has come, for the run's log: told now and then, with a guess at how long the rest takes."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

EVERY = 10.0  # seconds between two lines: a backfill of an hour makes 360, and whoever watches sees it move


@dataclass
class Progress:
    """Tells `log` about symbols that are settled; `clock` gives seconds."""

    log: Callable[[str], None]
    clock: Callable[[], float] = time.monotonic
    _started: float = field(init=False)
    _told: float = field(init=False)

    def __post_init__(self) -> None:
        self._started = self._told = self.clock()

    def tell(self, settled: int, total: int) -> None:
        """Log a line if the last one is long enough ago.  The rest of the total is taken to go as fast as what is done."""
        now = self.clock()
        if now - self._told < EVERY or settled == 0:
            return
        self._told, taken = now, now - self._started
        left = taken / settled * (total - settled)
        self.log(f"{settled} of {total} symbols settled in {_shown(taken)}, about {_shown(left)} to go")


def _shown(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"
