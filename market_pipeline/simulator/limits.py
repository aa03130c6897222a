"""A vendor's documented limits as sliding windows: who gets in, how long the others wait, how close a client came.

Here belongs the counting only; time is passed in, in seconds of a monotonic clock.  The wording of a refusal is the
dialect's, and how much a request costs is the endpoint's.
"""

import math
from collections import deque

from market_pipeline.providers.base import Rate

_MEASURED = 10  # times the limit up to which arrivals are told apart; more is only known to be more


class SlidingWindow:
    """At most `rate.calls` tokens in any `rate.seconds`.  `factor` scales the limit; None measures without refusing."""

    def __init__(self, rate: Rate, factor: float | None = 1.0) -> None:
        self.rate = rate
        self.limit = None if factor is None else max(1, math.floor(rate.calls * factor))
        self.most = 0
        """The most tokens that were asked for in one window, refused ones included."""
        self._admitted: deque[float] = deque()
        self._arrived: deque[float] = deque(maxlen=_MEASURED * rate.calls)

    def wait(self, now: float, tokens: int) -> float:
        """Seconds until so many tokens are free, 0.0 when they are; notes the arrival.

        A request that costs more than the whole limit gets in once the window is empty.
        """
        self._arrived.extend([now] * tokens)
        _forget(self._arrived, now - self.rate.seconds)
        self.most = max(self.most, len(self._arrived))
        if self.limit is None:
            return 0.0
        _forget(self._admitted, now - self.rate.seconds)
        surplus = len(self._admitted) + tokens - self.limit
        if surplus <= 0 or not self._admitted:
            return 0.0
        return self._admitted[min(surplus, len(self._admitted)) - 1] + self.rate.seconds - now

    def admit(self, now: float, tokens: int) -> None:
        """Counts tokens as used."""
        if self.limit is not None:
            self._admitted.extend([now] * tokens)


class Limits:
    """All windows of one vendor: a request needs its tokens in every one of them."""

    def __init__(self, rates: tuple[Rate, ...], factor: float | None = 1.0) -> None:
        if factor is not None and not 0 < factor < math.inf:
            raise ValueError(f"rate limits can be scaled by a positive factor, not by {factor}; None switches them off")
        self._windows = [SlidingWindow(rate, factor) for rate in rates]

    def take(self, now: float, tokens: int = 1) -> float:
        """Seconds to wait; 0.0 when the request got in.  A refused request uses no tokens."""
        wait = max((window.wait(now, tokens) for window in self._windows), default=0.0)
        if wait == 0.0:
            for window in self._windows:
                window.admit(now, tokens)
        return wait

    def most(self) -> dict[str, int]:
        """The most tokens asked for in one window, as {"60 per 60 s": 12}, by documented limit whatever the factor."""
        return {f"{window.rate.calls} per {window.rate.seconds:g} s": window.most for window in self._windows}


def _forget(times: deque[float], until: float) -> None:
    while times and times[0] <= until:
        times.popleft()
