"""The order in which vendors are asked: pure functions of the strategy, the default order and each vendor's recent record.

Every strategy falls back to the next vendor; here is decided only who comes first, and who is tried out.  Where records
come from belongs to `tracking.standings`.
"""

import math
from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass

from market_pipeline.datasets import Strategy
from market_pipeline.fetching.planner import is_bargain

# What is assumed of a vendor nobody knows, as if so many calls had been made before the first one.  It is what remains
# when a record has faded: one that failed long ago is as good as a new one.
ASSUMED_CALLS, ASSUMED_SUCCESSES, ASSUMED_MS = 10, 9, 500.0
Z = 1.645  # standard deviations of the lower bound: with 95 % confidence a vendor is at least as reliable
FAILURE_MS = 1000.0  # what a failure costs beside its own time: the symbols go to somebody else
EQUAL = 0.1  # vendors whose lower bounds are no further apart are as good as each other
STEADY = 0.05  # a reliability counts as unchanged until it has moved by more than that, …
STEADY_FACTOR = 1.25  # … a time until it has changed by more than this factor: noise changes no order
KNOWN = 10.0  # recent calls from which on a vendor counts as known
TRIED_OUT = 0.05  # share of the symbols that a vendor hardly known is asked for first


@dataclass(frozen=True, slots=True)
class Recent:
    """A vendor's recent calls for one data type; older ones count less, so that counts are no whole numbers."""

    calls: float = 0.0
    successes: float = 0.0
    response_ms: float = 0.0
    """Of all calls together."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What a vendor is thought of, for one data type."""

    calls: float
    """Recent ones."""
    reliability: float
    """Lower bound of the share of good answers."""
    expected_ms: float
    """Time until a good answer, failures counted in."""


def reliability(recent: Recent) -> float:
    """Lower end of the Wilson score interval of the share of good answers (Wilson 1927): few calls prove little."""
    calls = recent.calls + ASSUMED_CALLS
    share = (recent.successes + ASSUMED_SUCCESSES) / calls
    spread = Z * math.sqrt(share * (1 - share) / calls + Z**2 / (4 * calls**2))
    return (share + Z**2 / (2 * calls) - spread) / (1 + Z**2 / calls)


def expected_ms(recent: Recent) -> float:
    """Milliseconds until a good answer, if the vendor were asked until it gives one; each failure costs FAILURE_MS more."""
    calls = recent.calls + ASSUMED_CALLS
    share = (recent.successes + ASSUMED_SUCCESSES) / calls
    average = (recent.response_ms + ASSUMED_MS * ASSUMED_CALLS) / calls
    return (average + (1 - share) * FAILURE_MS) / share


def judged(recent: Recent, earlier: Standing | None) -> Standing:
    """What to think of a vendor now: what was thought `earlier` where that is still about right (hysteresis)."""
    reliable, expected = reliability(recent), expected_ms(recent)
    if earlier is not None:
        if abs(reliable - earlier.reliability) <= STEADY:
            reliable = earlier.reliability
        if max(expected / earlier.expected_ms, earlier.expected_ms / expected) <= STEADY_FACTOR:
            expected = earlier.expected_ms
    return Standing(recent.calls, reliable, expected)


UNKNOWN = judged(Recent(), None)


def order(
    strategy: Strategy,
    vendors: Sequence[str],
    standings: Mapping[str, Standing],
    *,
    quota: Mapping[str, int],
    turn: int = 0,
) -> tuple[str, ...]:
    """`vendors` (in their default order, which breaks ties) as `strategy` wants them.

    `quota` is what each would take for all that is asked; `turn` rotates ROUND_ROBIN.
    """
    match strategy:
        case Strategy.FALLBACK_CHAIN:
            return tuple(vendors)
        case Strategy.ROUND_ROBIN:
            start = turn % len(vendors) if vendors else 0
            return (*vendors[start:], *vendors[:start])
        case Strategy.MOST_RELIABLE:
            return _most_reliable(vendors, standings, quota)
        case Strategy.FASTEST_FIRST:
            return tuple(sorted(vendors, key=lambda name: standings.get(name, UNKNOWN).expected_ms * quota[name]))


def _most_reliable(
    vendors: Sequence[str], standings: Mapping[str, Standing], quota: Mapping[str, int]
) -> tuple[str, ...]:
    """The best first; of those as good as the best a bargain, else who comes first by default, which is by quality."""
    usual = quota[vendors[0]] if vendors else 0
    reliable = {name: standings.get(name, UNKNOWN).reliability for name in vendors}
    left, found = list(vendors), list[str]()
    while left:
        best = max(reliable[name] for name in left)
        equals = [name for name in left if reliable[name] >= best - EQUAL]
        found.append(next((name for name in equals if is_bargain(quota[name], usual)), equals[0]))
        left.remove(found[-1])
    return tuple(found)


def tried_out(
    strategy: Strategy,
    ordered: Sequence[str],
    standings: Mapping[str, Standing],
    symbols: Sequence[str],
    *,
    quota: Mapping[str, int],
    scarce: Set[str],
    chance: Callable[[], float],
) -> dict[str, str]:
    """Symbols that are asked for first at a vendor hardly known, so that it gets a record: symbol → vendor.

    A TRIED_OUT share of `symbols` goes to one such vendor, once there is a known vendor in front of it that costs about as
    much: where one answer serves the whole market, or where the order is given, nobody is tried out.  `scarce` vendors are
    not: what they allow is kept for when others fail.  `chance` gives random numbers from 0 up to 1.
    """
    if strategy not in (Strategy.MOST_RELIABLE, Strategy.FASTEST_FIRST) or not ordered:
        return {}
    first, *others = ordered
    strangers = [
        name
        for name in others
        if standings.get(name, UNKNOWN).calls < KNOWN
        and name not in scarce
        and not is_bargain(quota[first], quota[name])
    ]
    if standings.get(first, UNKNOWN).calls < KNOWN or not strangers:
        return {}
    stranger = strangers[int(chance() * len(strangers))]
    count = int(TRIED_OUT * len(symbols) + chance())  # of ten symbols one, every other time
    start = int(chance() * len(symbols))
    return {symbols[(start + place) % len(symbols)]: stranger for place in range(count)}
