"""The gate's functions, called with a time of the test's choosing."""

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
from psycopg.rows import TupleRow

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


@dataclass(frozen=True)
class Answer:
    tokens: int
    slots: int
    wait: float | None
    reason: str | None


class GateCalls:
    """One vendor's gate; `now` moves only when a test moves it.  `units` are those of calls under way, by process."""

    def __init__(
        self,
        connection: psycopg.Connection[TupleRow],
        *limits: tuple[int, float],
        provider: str = "acme",
        slots: int = 10,
    ) -> None:
        self.connection = connection
        self.now = NOON
        self.provider = provider
        self.slots = slots
        self.limits = limits or ((1000, 60.0),)
        self.units = Counter[str]()
        self.register("key one")

    def limited(self, *limits: tuple[int, float], provider: str = "limited") -> "GateCalls":
        """The gate of another vendor, with limits of its own."""
        return GateCalls(self.connection, *limits, provider=provider)

    def register(self, key_hash: str | None) -> None:
        calls, seconds = [calls for calls, _ in self.limits], [seconds for _, seconds in self.limits]
        self.connection.execute(
            "SELECT gate_register(%s, %s, %s, %s, %s::float8[], %s)",
            [self.provider, key_hash, self.slots, calls, seconds, self.now],
        )

    def ask(
        self,
        scope: str = "stock_quotes/Quote",
        *,
        holder: str = "one",
        in_flight: int = 0,
        slots: int = 1,
        tokens: int = 1,
        cost: int = 1,
        last_resort: bool = False,
    ) -> Answer:
        row = self.connection.execute(
            "SELECT tokens, slots, wait, reason FROM gate_ask(%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
            [
                *(self.provider, scope, holder, in_flight, self.units[holder]),
                *(slots, tokens, cost, last_resort, self.now),
            ],
        ).fetchone()
        assert row is not None
        answer = Answer(*row)
        self.units[holder] += answer.tokens * cost
        return answer

    def report(
        self,
        failure: str | None = None,
        scope: str = "stock_quotes/Quote",
        *,
        holder: str = "one",
        slots: int = 0,
        successes: int = 0,
        retry_after: float | None = None,
        jitter: float = 0.5,
        kept: int = 0,
        unused: int = 0,
    ) -> None:
        """All of the process' calls have ended but those of `kept` units; of `unused` ones none was made."""
        spent = self.units[holder] - kept - unused
        self.units[holder] = kept
        self.connection.execute(
            "SELECT gate_report(%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
            [
                *(self.provider, scope, holder, slots, kept, spent, successes),
                *(failure, failure and f"said {failure}", retry_after, jitter, self.now),
            ],
        )

    def later(self, **units: float) -> None:
        self.now += timedelta(**units)

    def moves(self) -> list[tuple[Any, ...]]:
        """The transitions so far: scope, from, to."""
        return self.connection.execute(
            "SELECT scope, from_state, to_state FROM provider_events WHERE provider = %s ORDER BY event_id",
            [self.provider],
        ).fetchall()
