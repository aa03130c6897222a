"""Whether a vendor may be called now, decided by one process alone: for the time in which no database can be asked.

Here belong the simplest rules that keep a vendor's limits and leave one alone that is down.  The gate that all processes
share is `gate`, whose client falls back to this one.
"""

import threading
from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass, field

from market_pipeline.fetching.vendors import Vendor
from market_pipeline.providers.base import Rate
from market_pipeline.providers.errors import (
    AuthenticationFailed,
    MalformedResponse,
    NotEntitled,
    ProviderError,
    RateLimited,
    Unavailable,
)

FAILURES_IN_A_ROW = 5
REFUSALS_IN_A_ROW = 3  # a plan may leave out single symbols; as many refusals without an answer mean the whole endpoint
COOLDOWN = 60.0  # seconds an endpoint cools down after FAILURES_IN_A_ROW: one process knows too little to do it longer
LONGEST = 3600.0  # seconds that a Retry-After is honoured at most
UNTOLD_RETRY_AFTER = 60.0  # seconds to wait for a vendor that is rate-limiting and does not say how long
FOR_THE_DAY = 86_400.0
SLACK = 0.25  # seconds added to a window: the vendor counts arrivals, and two calls can arrive closer than they left
SLACK_SHARE = 0.1  # of the window at most: a quarter of a second would cost limits per second a fifth of their calls


@dataclass(frozen=True, slots=True)
class NotNow:
    """Why a vendor must not be called, and for how many more seconds."""

    wait: float
    reason: str
    paced: bool
    """Whether the call will be let through then: only limits or the vendor's own Retry-After are in its way."""
    limits_only: bool = False
    """Whether the vendor itself has asked for nothing: it is this side that keeps to its limits."""


@dataclass
class _VendorState:
    spent: deque[tuple[float, int]] = field(default_factory=deque)
    """Time and cost of the calls in the longest window."""
    next_call_at: float = 0.0
    off: dict[str, tuple[float, str, bool]] = field(default_factory=dict)
    """Until when, why, and whether it is paced, by scope; `""` for the whole vendor."""
    failures: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    refusals: dict[str, int] = field(default_factory=lambda: defaultdict(int))


class LocalGate:
    """Asks and reports from any thread; `clock` is a monotonic one, in seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._vendors: dict[str, _VendorState] = defaultdict(_VendorState)

    def ask(self, vendor: Vendor, scope: str, *, cost: int) -> NotNow | None:
        """None: call now, it is counted.  Else why not and for how long; nothing is counted.

        `scope` is the part of the vendor that fails and cools down by itself: an endpoint.
        """
        with self._lock:
            state, now = self._vendors[vendor.name], self._clock()
            for part in ("", scope):
                until, reason, paced = state.off.get(part, (now, "", True))
                if until > now:
                    return NotNow(until - now, reason, paced)
            starts = max(now, state.next_call_at)
            for rate in vendor.limits:
                starts = max(starts, _earliest(state.spent, rate, cost, starts))
            if starts > now:
                reason = f"its plan's calls are spent for another {starts - now:.1f} s"
                return NotNow(starts - now, reason, paced=True, limits_only=True)
            state.next_call_at = now + vendor.interval
            self._spend(state, vendor, now, cost)
            return None

    def report(self, vendor: Vendor, scope: str, error: ProviderError | None) -> None:
        """What came of a call: errors put the vendor away as their class says, success forgives."""
        with self._lock:
            state, now = self._vendors[vendor.name], self._clock()
            match error:
                case RateLimited(retry_after=seconds):
                    wait = UNTOLD_RETRY_AFTER if seconds is None else min(seconds, LONGEST)
                    state.off[""] = (now + wait, f"it is rate-limiting: {error}", True)
                case AuthenticationFailed():
                    # a key does not get better by waiting; a vendor without one has sent us away for some other reason
                    wait = float("inf") if vendor.provider.needs_key else LONGEST
                    state.off[""] = (now + wait, f"it denies access: {error}", False)
                case NotEntitled():
                    state.refusals[scope] += 1
                    if state.refusals[scope] >= REFUSALS_IN_A_ROW:
                        state.off[scope] = (now + FOR_THE_DAY, f"its plan does not include this: {error}", False)
                case Unavailable() | MalformedResponse():
                    state.failures[scope] += 1
                    if state.failures[scope] >= FAILURES_IN_A_ROW:
                        state.failures[scope] = 0
                        state.off[scope] = (
                            now + COOLDOWN,
                            f"{FAILURES_IN_A_ROW} failures in a row, last: {error}",
                            False,
                        )
                case _:
                    state.failures[scope] = state.refusals[scope] = 0

    @staticmethod
    def _spend(state: _VendorState, vendor: Vendor, at: float, cost: int) -> None:
        horizon = max(map(stretched, vendor.limits), default=0.0)
        state.spent.append((at, cost))
        while state.spent and state.spent[0][0] <= at - horizon:
            state.spent.popleft()


def _earliest(spent: deque[tuple[float, int]], rate: Rate, cost: int, at: float) -> float:
    """The first moment from `at` on at which the calls of the window before it leave room for `cost`."""
    room = rate.calls - cost
    seconds = stretched(rate)
    in_window = [(when, paid) for when, paid in spent if when > at - seconds]
    used = sum(paid for _, paid in in_window)
    for when, paid in in_window:
        if used <= room:
            break
        used -= paid
        at = when + seconds
    return at


def stretched(rate: Rate) -> float:
    """The seconds of a window as this side keeps to them."""
    return rate.seconds + min(SLACK, SLACK_SHARE * rate.seconds)
