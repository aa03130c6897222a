"""What came of a fetch, symbol by symbol, and what the errors that are left mean for asking again.

Here belong counting and judging; pure.  Who is asked, and when again, is decided by the router.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from market_pipeline.fetching.calls import Attempt, NotAsked
from market_pipeline.fetching.local_gate import LONGEST, UNTOLD_RETRY_AFTER
from market_pipeline.providers.errors import (
    AuthenticationFailed,
    NotEntitled,
    ProviderError,
    RateLimited,
    UnknownSymbol,
)

Errors = dict[str, ProviderError]  # by vendor


@dataclass(slots=True)
class Report:
    """What came of a fetch.  Counts are of symbols unless they say otherwise."""

    requested: int
    answered: dict[str, str] = field(default_factory=dict)
    """The vendor that settled each symbol."""
    failed: dict[str, Errors] = field(default_factory=dict)
    """Why each vendor did not, for symbols that none of them settled."""
    kept_back: dict[str, datetime] = field(default_factory=dict)
    """When a vendor may be asked, for failed symbols that nobody who could answer would be asked for."""
    fallbacks: int = 0
    """Symbols that were settled by a vendor after another one had failed for them."""
    attempts: int = 0
    answers: int = 0
    """Attempts that a vendor answered, be it with no data."""
    records: int = 0
    rejected: int = 0
    units: Counter[str] = field(default_factory=Counter)
    """What the attempts cost of each vendor's quota."""
    seconds: float = 0.0
    least_seconds: float = 0.0
    """The least time in which the limits of the vendors that were asked allow so many units, see `pace`."""

    def count(self, attempts: Sequence[Attempt]) -> None:
        self.attempts += len(attempts)
        self.answers += sum(attempt.answered for attempt in attempts)
        self.records += sum(len(attempt.records) for attempt in attempts)
        self.rejected += sum(len(attempt.rejected) for attempt in attempts)
        for attempt in attempts:
            self.units[attempt.provider] += attempt.cost

    def settle(self, vendor: str, verdicts: Mapping[str, ProviderError | None], open_: dict[str, Errors]) -> None:
        """Take symbols that `vendor` has answered for out of `open_`, and note there why it has not for others."""
        for symbol, error in verdicts.items():
            if error is not None:
                open_[symbol][vendor] = error
            else:
                self.fallbacks += any(name != vendor for name in open_.pop(symbol))
                self.answered[symbol] = vendor

    @property
    def vendors(self) -> dict[str, int]:
        """Settled symbols by vendor, most first."""
        return dict(Counter(self.answered.values()).most_common())

    @property
    def unknown(self) -> set[str]:
        """Symbols that every vendor which was asked says do not exist."""
        return {symbol for symbol, errors in self.failed.items() if nobody_knows(errors)}

    @property
    def pace(self) -> float | None:
        """The time it took ÷ the least time that limits allow, 1 being perfect; None where no limit was in the way."""
        return self.seconds / self.least_seconds if self.least_seconds > 0 else None

    @property
    def retry_at(self) -> datetime | None:
        """The earliest moment at which another fetch gets further; None where all who could answer have been asked."""
        return min(self.kept_back.values(), default=None)


def nobody_knows(errors: Errors) -> bool:
    """Whether every vendor that looked the symbol up does not know it; who refuses us says nothing about it."""
    looked = [
        error for error in errors.values() if not isinstance(error, NotAsked | NotEntitled | AuthenticationFailed)
    ]
    return bool(looked) and all(isinstance(error, UnknownSymbol) for error in looked)


def kept_back_until(errors: Errors, now: datetime) -> datetime | None:
    """When the first vendor that could answer may be asked; None where one has been, or where none can."""
    times = [_again_at(error, now) for error in errors.values() if not _never_answers(error)]
    return min((time for time in times if time is not None), default=None) if None not in times else None


def paced_until(errors: Errors, now: datetime) -> datetime | None:
    """When the first vendor may be asked that only its limits keep from answering; None where there is none."""
    paced = [error for error in errors.values() if isinstance(error, RateLimited) or _waits(error, paced=True)]
    times = [time for error in paced if (time := _again_at(error, now)) is not None]
    return None if nobody_knows(errors) else min(times, default=None)


def is_away(errors: Errors) -> bool:
    """Whether a vendor was not asked only because it has failed again and again."""
    return any(_waits(error, paced=False) for error in errors.values())


def _waits(error: ProviderError, *, paced: bool) -> bool:
    return isinstance(error, NotAsked) and error.until is not None and error.paced == paced


def _never_answers(error: ProviderError) -> bool:
    """Whether time mends nothing: the vendor refuses us."""
    return isinstance(error, NotEntitled | AuthenticationFailed) or (
        isinstance(error, NotAsked) and error.until is None
    )


def _again_at(error: ProviderError, now: datetime) -> datetime | None:
    """When a vendor that has not looked may be asked again; None where it has."""
    match error:
        case NotAsked():
            return error.until
        case RateLimited():
            seconds = UNTOLD_RETRY_AFTER if error.retry_after is None else min(error.retry_after, LONGEST)
            return now + timedelta(seconds=seconds)
        case _:
            return None
