"""The order in which vendors are asked: a pure function of the strategy, the default order and each vendor's record.

Every strategy falls back to the next vendor; here is decided only who comes first.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from market_pipeline.datasets import Strategy
from market_pipeline.fetching.planner import is_bargain


@dataclass(frozen=True, slots=True)
class Standing:
    """A vendor's record for one data type, from `provider_stats`."""

    attempts: int
    successes: int
    average_response_ms: float

    @property
    def reliability(self) -> float:
        """Share of good answers, as if nine of ten calls before the first had been good: a new vendor is tried."""
        return (self.successes + 9) / (self.attempts + 10)


UNTRIED = Standing(attempts=0, successes=0, average_response_ms=0.0)


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
        case (
            Strategy.MOST_RELIABLE
        ):  # in bands of a tenth: between equals a bargain comes first, then the order decides
            usual = quota[vendors[0]] if vendors else 0
            return tuple(
                sorted(vendors, key=lambda name: (-_band(standings, name), not is_bargain(quota[name], usual)))
            )
        case Strategy.FASTEST_FIRST:
            return tuple(sorted(vendors, key=lambda name: _expected_ms(standings.get(name, UNTRIED)) * quota[name]))


def _band(standings: Mapping[str, Standing], name: str) -> float:
    return round(standings.get(name, UNTRIED).reliability, 1)


def _expected_ms(standing: Standing) -> float:
    """Time until a good answer: a vendor that fails every other call takes twice as long."""
    return standing.average_response_ms / standing.reliability
