"""A vendor's documented limits: who gets in, how long the others wait, how close a client came.

Rates are sliding windows, quotas of a day are new at midnight UTC.  Here belongs the counting only; time is passed in, in
seconds since 1970.  The wording of a refusal is the dialect's, and how much a request costs is the endpoint's.
"""

import math
from collections import deque

from market_pipeline.providers.base import Rate

_DAY = 86_400
_MEASURED = 10  # times the limit up to which arrivals are told apart; more is only known to be more


class LimitWindow:
    """At most `rate.calls` tokens in any `rate.seconds`, or by day.  `factor` scales; None measures without refusing."""

    def __init__(self, rate: Rate, factor: float | None = 1.0) -> None:
        self.rate = rate
        self.limit = None if factor is None else max(1, math.floor(rate.calls * factor))
        self.most = 0
        """The most tokens that were asked for in one window, refused ones included."""
        self._admitted: deque[float] = deque()
        """When each token in the window leaves it."""
        self._arrived: deque[float] = deque(maxlen=_MEASURED * rate.calls)

    def wait(self, now: float, tokens: int) -> float:
        """Seconds until so many tokens are free, 0.0 when they are; notes the arrival.

        A request that costs more than the whole limit gets in once the window is empty.
        """
        _forget(self._arrived, now)
        self._arrived.extend([self._end(now)] * tokens)
        self.most = max(self.most, len(self._arrived))
        if self.limit is None:
            return 0.0
        _forget(self._admitted, now)
        surplus = len(self._admitted) + tokens - self.limit
        if surplus <= 0 or not self._admitted:
            return 0.0
        return self._admitted[min(surplus, len(self._admitted)) - 1] - now

    def admit(self, now: float, tokens: int) -> None:
        """Counts tokens as used."""
        if self.limit is not None:
            self._admitted.extend([self._end(now)] * tokens)

    def _end(self, now: float) -> float:
        """When what arrives now leaves the window."""
        return now + self.rate.seconds if self.rate.seconds < _DAY else now - now % _DAY + _DAY


class Limits:
    """All windows of one vendor: a request needs its tokens in every one of them."""

    def __init__(self, rates: tuple[Rate, ...], factor: float | None = 1.0) -> None:
        if factor is not None and not 0 < factor < math.inf:
            raise ValueError(f"rate limits can be scaled by a positive factor, not by {factor}; None switches them off")
        self._windows = [LimitWindow(rate, factor) for rate in rates]

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


def _forget(ends: deque[float], now: float) -> None:
    while ends and ends[0] <= now:
        ends.popleft()
