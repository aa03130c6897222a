"""The gate beside a small model of it, through any sequence of asks, outcomes and pauses; and what must always hold."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count

import psycopg
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from psycopg.rows import TupleRow

from market_pipeline.storage.database import Database
from market_pipeline_tests.postgres.gate_calls import NOON, GateCalls

LIMITS = ((6, 2.0), (30, 60.0), (200, 3600.0))
SLOTS = 4
HOLDERS, SCOPES = st.sampled_from(["one", "two", "three"]), st.sampled_from(["stock_quotes/Quote", "news/News"])
MINUTE = timedelta(seconds=60)


@dataclass
class Permit:
    """Calls of a process that it may make, from when it was let through until it said that they have ended."""

    holder: str
    tokens: int
    told_at: datetime
    ended_at: datetime | None = None

    def may_arrive_after(self, moment: datetime) -> bool:
        """A process that has not been heard of for 290 seconds makes no calls any more."""
        return (self.ended_at or self.told_at + timedelta(seconds=290)) > moment


@dataclass
class Breaker:
    """What an endpoint's breaker should be, in the plainest words."""

    state: str = "closed"
    until: datetime = NOON
    opened_at: datetime = NOON
    closed_at: datetime | None = None
    recent: list[bool] = field(default_factory=list)
    last: datetime | None = None
    in_a_row: int = 0
    refusals: int = 0
    ejections: int = 0
    prober: str | None = None

    def move(self, state: str, now: datetime, seconds: float = 0) -> None:
        self.state, self.until = state, now + timedelta(seconds=seconds)
        self.recent, self.in_a_row, self.refusals, self.prober = [], 0, 0, None
        if state == "closed":
            self.closed_at = now
        elif state != "half_open":
            self.opened_at = now

    def closed_to(self, now: datetime, last_resort: bool) -> bool:
        if self.state == "cooldown" and last_resort:
            return min(self.until, self.opened_at + MINUTE) > now
        return self.state != "closed" and self.until > now

    def let_through(self, holder: str, now: datetime) -> None:
        if self.state != "closed":
            if self.state != "half_open":
                self.move("half_open", now)
            self.prober, self.until = holder, now + MINUTE

    def note(self, outcomes: list[bool], now: datetime) -> None:
        stale = self.last is None or self.last < now - 10 * MINUTE
        self.recent, self.last = (([] if stale else self.recent) + outcomes)[-20:], now

    def succeed(self, times: int, holder: str, now: datetime) -> None:
        self.note([False] * times, now)
        self.in_a_row = self.refusals = 0
        if self.state == "half_open" and self.prober == holder:
            self.move("closed", now)

    def fail(self, holder: str, now: datetime) -> None:
        self.note([True], now)
        self.in_a_row += 1
        if self.state == "half_open":
            if self.prober == holder:
                self.eject(now)
        elif self.state == "closed":
            if self.in_a_row >= 5:
                self.eject(now)
            elif len(self.recent) >= 10 and sum(self.recent) * 2 >= len(self.recent):
                self.move("open", now, 60)

    def eject(self, now: datetime) -> None:
        forgiven = (now - self.closed_at) // (10 * MINUTE) if self.state == "closed" and self.closed_at else 0
        earlier = max(0, self.ejections - forgiven)
        self.move("cooldown", now, min(3600, 60 * 2**earlier))
        self.ejections = min(earlier + 1, 6)

    def refuse(self, holder: str, now: datetime) -> None:
        self.give_probe_back(holder, now)
        self.refusals += 1
        if self.state != "not_entitled" and self.refusals >= 3:
            self.move("not_entitled", now, 86_400)

    def give_probe_back(self, holder: str, now: datetime) -> None:
        if self.prober == holder:
            self.prober, self.until = None, now


class GateBesideModel(RuleBasedStateMachine):
    connection: psycopg.Connection[TupleRow]
    numbers = count()

    @initialize()
    def register(self) -> None:
        self.gate = GateCalls(self.connection, *LIMITS, provider=f"vendor {next(self.numbers)}", slots=SLOTS)
        self.breakers: dict[str, Breaker] = {}
        self.away_until = NOON
        self.leases: dict[str, tuple[int, datetime]] = {}
        self.permits: list[Permit] = []

    @rule(milliseconds=st.one_of(st.integers(0, 3_000), st.integers(0, 90_000), st.integers(0, 5_400_000)))
    def pause(self, milliseconds: int) -> None:
        self.gate.later(milliseconds=milliseconds)

    @rule(scope=SCOPES, milliseconds=st.sampled_from([-1, 0, 1]))
    def pause_until_about_the_end_of_what_is_in_the_way(self, scope: str, milliseconds: int) -> None:
        end = max(self.away_until, self.breakers.get(scope, Breaker()).until) + timedelta(milliseconds=milliseconds)
        self.gate.now = max(self.gate.now, end)

    @rule(scope=SCOPES, holder=HOLDERS, slots=st.integers(1, 5), tokens=st.integers(1, 10), last_resort=st.booleans())
    def ask(self, scope: str, holder: str, slots: int, tokens: int, last_resort: bool) -> None:
        answer = self.gate.ask(scope, holder=holder, slots=slots, tokens=tokens, last_resort=last_resort)
        now, breaker = self.gate.now, self.breakers.setdefault(scope, Breaker())
        free = SLOTS - sum(held for other, (held, until) in self.leases.items() if other != holder and until > now)
        if self.away_until > now or breaker.closed_to(now, last_resort) or free <= 0:
            assert answer.tokens == 0
        elif answer.tokens == 0:
            assert "calls are spent" in (answer.reason or ""), "nothing but the rates could have refused"
        if answer.tokens == 0:
            assert answer.reason
            assert answer.wait is not None
            assert answer.wait > 0
            return
        assert answer.tokens <= (tokens if breaker.state == "closed" else 1)
        assert answer.slots == min(slots, free)
        breaker.let_through(holder, now)
        self.leases[holder] = (answer.slots, now + timedelta(seconds=300))
        for permit in self.permits:
            if permit.holder == holder and permit.ended_at is None:
                permit.told_at = now
        self.permits.append(Permit(holder, answer.tokens, now))
        for calls, seconds in LIMITS:
            start = now - timedelta(seconds=seconds)
            assert sum(permit.tokens for permit in self.permits if permit.may_arrive_after(start)) <= calls

    @rule(scope=SCOPES, holder=HOLDERS, successes=st.integers(0, 12), slots=st.sampled_from([0, 0, 1]))
    def report_success(self, scope: str, holder: str, successes: int, slots: int) -> None:
        self._report(scope, holder, successes, None, slots)

    @rule(scope=SCOPES, holder=HOLDERS, times=st.integers(1, 5), failure=st.sampled_from(["unavailable", "malformed"]))
    def report_failures(self, scope: str, holder: str, times: int, failure: str) -> None:
        for _ in range(times):
            self._report(scope, holder, 0, failure, 0)

    @rule(scope=SCOPES, holder=HOLDERS, retry_after=st.sampled_from([None, 0, 30]))
    def report_throttled(self, scope: str, holder: str, retry_after: float | None) -> None:
        self._report(scope, holder, 0, "rate_limited", 0, retry_after)

    @rule(scope=SCOPES, holder=HOLDERS)
    def report_not_entitled(self, scope: str, holder: str) -> None:
        self._report(scope, holder, 0, "not_entitled", 0)

    def _report(
        self, scope: str, holder: str, successes: int, failure: str | None, slots: int, retry_after: float | None = None
    ) -> None:
        given, until = self.leases.get(holder, (0, NOON))
        slots = min(slots, given if until > self.gate.now else 0)  # nobody has more than it was given, nor for longer
        self.gate.report(failure, scope, holder=holder, slots=slots, successes=successes, retry_after=retry_after)
        now, breaker = self.gate.now, self.breakers.setdefault(scope, Breaker())
        self._hold(holder, slots)
        if successes:
            breaker.succeed(successes, holder, now)
        match failure:
            case "rate_limited":
                breaker.give_probe_back(holder, now)
                seconds = 60 if retry_after is None else min(3600, max(1, retry_after))
                self.away_until = max(self.away_until, now + timedelta(seconds=seconds))
            case "not_entitled":
                breaker.refuse(holder, now)
            case "unavailable" | "malformed":
                breaker.fail(holder, now)

    def _hold(self, holder: str, slots: int) -> None:
        for permit in self.permits:
            if permit.holder == holder and permit.ended_at is None:
                permit.ended_at = self.gate.now
        self.leases.pop(holder, None)
        if slots:
            self.leases[holder] = (slots, self.gate.now + timedelta(seconds=300))

    @invariant()
    def breakers_are_as_the_model_has_them(self) -> None:
        found = self.connection.execute(
            "SELECT scope, state, probe_holder, failures_in_a_row, ejections FROM provider_scopes WHERE provider = %s",
            [self.gate.provider],
        ).fetchall()
        for scope, *actual in found:
            model = self.breakers[scope]
            assert actual == [model.state, model.prober, model.in_a_row, model.ejections]

    @invariant()
    def never_more_calls_are_in_flight_than_there_are_slots(self) -> None:
        held = self.connection.execute(
            "SELECT coalesce(sum(slots), 0) FROM provider_leases WHERE provider = %s AND expires_at > %s",
            [self.gate.provider, self.gate.now],
        ).fetchone()
        assert held is not None
        assert held[0] <= SLOTS

    def teardown(self) -> None:
        """However it went: a day later, with a probe answered, everything is let through again."""
        self.gate.later(days=2)
        self.gate.ask(holder="late")  # what killed processes held counts as spent from now on
        self.gate.later(hours=2)
        for scope in self.breakers:
            assert self.gate.ask(scope, holder="late", slots=SLOTS).slots == SLOTS
            self.gate.report(scope=scope, holder="late", successes=1)
            assert self.gate.ask(scope, holder="late", slots=SLOTS).tokens == 1


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    asks=st.lists(st.tuples(st.integers(0, 1_500), st.integers(1, 10)), min_size=30, max_size=60),
    phase=st.integers(0, 60_000),
)
def test_no_window_wherever_it_begins_holds_more_permits_than_its_limit(
    database: Database, asks: list[tuple[int, int]], phase: int
) -> None:
    limits = ((5, 1.0), (12, 7.0))
    permits = []
    with database.connect(autocommit=True) as connection:
        connection.execute("DELETE FROM provider_gates")
        gate = GateCalls(connection, *limits)
        gate.later(milliseconds=phase)
        for pause, tokens in asks:
            gate.later(milliseconds=pause)
            permits.append((gate.now, gate.ask(tokens=tokens).tokens))
            gate.report()
    for calls, seconds in limits:
        for start, _ in permits:
            end = start + timedelta(seconds=seconds)
            assert sum(tokens for at, tokens in permits if start <= at < end) <= calls
    assert sum(tokens for _, tokens in permits) >= 5, "the whole of the smaller limit"


def test_the_gate_does_what_the_model_does_and_never_lets_too_many_through(database: Database) -> None:
    with database.connect(autocommit=True) as connection:
        machine = type("Machine", (GateBesideModel,), {"connection": connection})
        run_state_machine_as_test(  # type: ignore[no-untyped-call]
            machine, settings=settings(max_examples=100, stateful_step_count=50, deadline=None)
        )
