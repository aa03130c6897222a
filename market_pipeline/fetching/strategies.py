"""The order in which vendors are asked: a pure function of the strategy, the default order and each vendor's record.

Every strategy falls back to the next vendor; here is decided only who comes first.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from market_pipeline.datasets import Strategy


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
    strategy: Strategy, vendors: Sequence[str], standings: Mapping[str, Standing], *, turn: int = 0
) -> tuple[str, ...]:
    """`vendors` (in their default order, which breaks ties) as `strategy` wants them; `turn` rotates ROUND_ROBIN."""
    match strategy:
        case Strategy.FALLBACK_CHAIN:
            return tuple(vendors)
        case Strategy.ROUND_ROBIN:
            start = turn % len(vendors) if vendors else 0
            return (*vendors[start:], *vendors[:start])
        case Strategy.MOST_RELIABLE:  # in bands of a tenth, so that the default order decides between equals
            return tuple(sorted(vendors, key=lambda name: -round(standings.get(name, UNTRIED).reliability, 1)))
        case Strategy.FASTEST_FIRST:
            return tuple(sorted(vendors, key=lambda name: _expected_ms(standings.get(name, UNTRIED))))


def _expected_ms(standing: Standing) -> float:
    """Average time until a good answer: a vendor that fails every other call is as slow as one of twice its latency."""
    return standing.average_response_ms / standing.reliability
