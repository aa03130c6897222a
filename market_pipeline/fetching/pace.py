"""How fast calls can be made at best: by the vendors' limits alone, as if answers took no time.

Pure.  What a run takes is compared with it, because the limits and not the code decide how long a large one takes.
Keeping to the limits belongs to the gate; how many calls there are belongs to `planner`.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from math import inf

from market_pipeline.fetching.vendors import Vendor


@dataclass(frozen=True, slots=True)
class Allowance:
    """What one limit of a vendor allows: so much at once, and so much more in every second after that."""

    at_once: float
    per_second: float


Supply = Sequence[Allowance]  # all the limits of one vendor: the tightest one counts; none for a vendor without


def supply_of(vendor: Vendor) -> Supply:
    """What a vendor allows that has not been asked for a while, in units of its quota."""
    allowances = [Allowance(rate.calls, rate.calls / rate.seconds) for rate in vendor.limits]
    if vendor.interval > 0:
        allowances.append(Allowance(1, 1 / vendor.interval))
    return allowances


def amount_by(supply: Supply, seconds: float) -> float:
    """How much a vendor allows within so many seconds."""
    return min((one.at_once + one.per_second * seconds for one in supply), default=inf)


def least_seconds(needed: float, supplies: Collection[Supply]) -> float:
    """The least time in which vendors allow so much together; infinity where they never do.

    With one limit each it is (needed − Σ at_once) ÷ Σ per_second.  A vendor with several is at each moment as slow as the
    tightest of them, so what all allow grows in straight pieces, ever more slowly: steps along the piece that holds now
    never go too far, and there are only as many as there are pieces.
    """
    seconds = 0.0
    while (missing := needed - sum(amount_by(supply, seconds) for supply in supplies)) > 1e-6:
        tightest = [
            min(supply, key=lambda one: (one.at_once + one.per_second * seconds, one.per_second)) for supply in supplies
        ]
        growth = sum(one.per_second for one in tightest)
        if growth == 0:
            return inf
        seconds += missing / growth
    return seconds
