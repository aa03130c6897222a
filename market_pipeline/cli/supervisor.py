"""Parts that are kept running: one that has ended, or no longer answers, is started again and a person is told.

Here belong the waiting and the back-off.  What a part is made of is its own business (`parts`).
In production an orchestrator does this (compose, Kubernetes), by the same rules.
"""

import signal
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from types import FrameType, TracebackType
from typing import Protocol, Self

from market_pipeline.storage.errors import StorageError

SIGNALS = (signal.SIGTERM, signal.SIGINT)
LOOK_SECONDS = 1.0
LONGEST_DELAY = 60.0  # seconds between two starts of a part that does not stay: cheap enough to go on for ever
STOP_SECONDS = 20.0  # for all parts to end, from the signal on: whoever sent it kills after 30
STAYED = 60.0  # seconds after which a part counts as running well, and the next failure as its first one


class Part(Protocol):
    """Something that is kept running."""

    @property
    def name(self) -> str: ...

    def start(self) -> None:
        """Start it, or start it again.  Raises OSError, RuntimeError or StorageError where that is not possible now."""

    def ready(self) -> bool:
        """Whether the parts after it may start."""

    def trouble(self) -> str | None:
        """Why it has to be started again; None while all is well, or while it is still starting."""

    def stop(self, seconds: float) -> None:
        """End it and whatever it has left behind, in an orderly way if that takes no longer; returns when it has ended."""


def delay(failures: int) -> float:
    """Seconds before a part is started again that has failed so often without having run well in between.  Pure."""
    return min(2.0 ** min(failures - 1, 6), LONGEST_DELAY)


@dataclass
class _Watched:
    part: Part
    failures: int = 0
    started_at: float = 0.0
    due: float | None = None
    """When it is started again; None while it runs."""


@dataclass
class Supervisor:
    """For `with`: from the start of it signals are noted, at its end the parts stop, the last one first."""

    parts: Sequence[Part]
    say: Callable[[str], object]
    clock: Callable[[], float] = time.monotonic
    _watched: list[_Watched] = field(default_factory=list, init=False)
    _told_to_stop: threading.Event = field(default_factory=threading.Event, init=False)
    _told_at: float | None = field(default=None, init=False)

    def __enter__(self) -> Self:
        for number in SIGNALS:
            signal.signal(number, self._stop)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        until = (self.clock() if self._told_at is None else self._told_at) + STOP_SECONDS
        while self._watched:
            self._watched.pop().part.stop(max(0.0, until - self.clock()))
        for number in SIGNALS:  # nothing is left to end: Python itself, on its way out, would die of a second one
            signal.signal(number, signal.SIG_IGN)

    def run(self) -> None:
        """Starts the parts and keeps them running until SIGTERM or SIGINT.  Raises as `start` does."""
        self.start()
        while not self._told_to_stop.wait(LOOK_SECONDS):
            self.look()

    def start(self) -> None:
        """Starts the parts in order, each when the one before is ready.  Raises what a part does that cannot be started."""
        for part in self.parts:
            if self._told_to_stop.is_set():
                return
            self._watched.append(_Watched(part, started_at=self.clock()))
            part.start()
            while not part.ready() and not self._told_to_stop.wait(LOOK_SECONDS):
                self.look()

    def look(self) -> None:
        """Starts again what has to be by now."""
        for one in self._watched:
            if one.due is None:
                trouble = one.part.trouble()
                if trouble is not None:
                    self._failed(one, trouble)
            elif self.clock() >= one.due:
                self._start(one)

    def _start(self, one: _Watched) -> None:
        one.due, one.started_at = None, self.clock()
        try:
            one.part.start()
        except (OSError, RuntimeError, StorageError) as error:
            self._failed(one, f"could not be started: {error}")
        else:
            self.say(f"{one.part.name} has been started again")

    def _failed(self, one: _Watched, trouble: str) -> None:
        now = self.clock()
        one.failures = 1 if now - one.started_at > STAYED else one.failures + 1
        seconds = delay(one.failures)
        one.due = now + seconds
        self.say(f"{one.part.name} {trouble}; it is started again in {seconds:.0f} s")

    def _stop(self, number: int, frame: FrameType | None) -> None:
        """Only noted: neither a start nor the orderly end may break off."""
        self._told_at = self.clock() if self._told_at is None else self._told_at
        self._told_to_stop.set()
