"""Whether a vendor may be called now: the client of the gate that all processes share, whose state is in PostgreSQL.

Here belongs what makes asking cheap and safe: leases of several calls, outcomes told in batches, and what is done while
the database cannot be asked.  The decisions are the functions gate_* in sql/functions.  Which vendor is asked first
belongs to `strategies`; what is done with a "not now" belongs to the router.
"""

import logging
import os
import random
import socket
import threading
import time
import uuid
from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from math import inf

import psycopg
from psycopg.rows import TupleRow

from market_pipeline.fetching.local_gate import LocalGate, NotNow
from market_pipeline.fetching.vendors import Vendor
from market_pipeline.providers.base import Rate
from market_pipeline.providers.errors import NoData, ProviderError, RateLimited, UnknownSymbol

BATCH = 100  # calls leased at once at most: with 32 in flight 3 of 100 calls wait for the database, with 20 it was 11
LEASE = 0.25  # seconds in which a leased call is made; as many are leased as were made in that time lately
ASK_AGAIN = 30.0  # seconds until a database that could not be asked is asked again
CAUTION = 4  # part of a vendor's rates that one process takes while it knows nothing of the others
REMEMBERED = 1000  # outcomes kept for a database that cannot be told; older ones are forgotten
MESSAGE = 200  # characters of a vendor's words that are kept as the reason of a change

SETTINGS = """
    SELECT set_config('synchronous_commit', 'off', false), -- 0.11 instead of 0.24 ms; a crash may cost the last moment
        set_config('lock_timeout', '1s', false), set_config('statement_timeout', '5s', false)
"""
_REGISTER = "SELECT gate_register(%s, %s, %s, %s::integer[], %s::double precision[], %s)"
_ASK = "SELECT tokens, slots, wait, reason, paced, limits_only FROM gate_ask(%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"
_REPORT = "SELECT gate_report(%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"
log = logging.getLogger(__name__)


@dataclass
class _Scope:
    """What this process has of one endpoint: calls leased, outcomes to tell."""

    cost: int = 1
    leased: int = 1
    """Calls of the last lease."""
    tokens: int = 0
    """Of them those that may still be made, as long as the lease is younger than LEASE."""
    leased_at: float = 0.0
    outcomes: deque[ProviderError | None] = field(default_factory=lambda: deque(maxlen=REMEMBERED))


@dataclass
class _Held:
    """What this process has of one vendor."""

    vendor: Vendor
    slots: int = 0
    peak: int = 0
    """Most calls at once since the database was last asked: as many slots are asked for again."""
    in_flight: int = 0
    units: int = 0
    """What the calls in flight cost."""
    ended: int = 0
    """What calls cost that have ended since the database was last told."""
    told: tuple[int, int] | None = (0, 0)
    """Slots and units that are this process' by the database; None where a message may have been lost."""
    scopes: defaultdict[str, _Scope] = field(default_factory=lambda: defaultdict(_Scope))

    @property
    def kept(self) -> int:
        """Units that the vendor may still be asked for without asking the database."""
        return self.units + sum(scope.tokens * scope.cost for scope in self.scopes.values())


class Gate:
    """Asks and reports from any thread; one connection, because more of them only queue for the same rows.

    `connect` opens it in autocommit mode, or raises psycopg.Error.  `clock` is a monotonic one, in seconds; `chance` gives
    random numbers from 0 to 1; `at` the time by which the database decides, None for its own.  `close` gives everything back.
    """

    def __init__(
        self,
        connect: Callable[[], psycopg.Connection[TupleRow]],
        *,
        clock: Callable[[], float] = time.monotonic,
        chance: Callable[[], float] = random.random,
        at: Callable[[], datetime | None] = lambda: None,
    ) -> None:
        self._connect = connect
        self._clock = clock
        self._chance = chance
        self._at = at
        self._holder = f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:8]}"
        self._lock = threading.Lock()
        self._held: dict[str, _Held] = {}
        self._connection: psycopg.Connection[TupleRow] | None = None
        self._registered: set[str] = set()
        self._local = LocalGate(clock)
        self._ask_again_at: float | None = None
        self._closed = False

    def ask(self, vendor: Vendor, scope: str, *, cost: int, last_resort: bool) -> NotNow | None:
        """None: call now, and report what came of it.  Else why not and for how long; nothing is counted.

        `scope` is the part of the vendor that fails and cools down by itself: an endpoint.  `last_resort`: no other vendor
        could answer, so that an endpoint which has failed again and again is still tried every minute.  Never raises for
        the database: while it cannot be asked, this process decides alone and takes a CAUTION-th of the rates.
        """
        with self._lock:
            if self._closed:
                return NotNow(inf, "the run has ended", paced=False)
            held = self._held.setdefault(vendor.name, _Held(vendor))
            if not self._take_leased(held, held.scopes[scope], cost):
                refusal = self._decide(held, scope, cost, last_resort)
                if refusal is not None:
                    return refusal
            held.in_flight += 1
            held.units += cost
            held.peak = max(held.peak, held.in_flight)
            return None

    def report(self, vendor: Vendor, scope: str, error: ProviderError | None, *, cost: int) -> None:
        """What came of a call that `ask` let through at that cost.

        A failure is told at once.  So is a success where calls are leased one by one, because the vendor's window is
        measured from the end of a call; others are told in batches, or by `settle`.
        """
        with self._lock:
            if self._closed:
                return  # of a call that was given up: it counted as ended when the gate was closed
            held = self._held[vendor.name]
            part = held.scopes[scope]
            held.in_flight -= 1
            held.units -= cost
            held.ended += cost
            failure = None if isinstance(error, UnknownSymbol | NoData) else error  # the vendor works
            part.outcomes.append(failure)
            self._local.report(vendor, scope, error)  # so that it knows what is up when it has to decide
            if failure is not None:
                part.tokens = 0
            if failure is not None or len(part.outcomes) >= part.leased:
                try:
                    self._tell(self._database(), held, scope)
                except psycopg.Error as trouble:
                    self._degrade(trouble)

    def settle(self, vendor: Vendor) -> None:
        """No more calls follow for now: tell what is left to tell of the vendor, give slots and leased calls back."""
        with self._lock:
            if vendor.name in self._held:
                try:
                    self._tell_all(self._database(), self._held[vendor.name])
                except psycopg.Error as trouble:
                    self._degrade(trouble)

    def close(self) -> None:
        """Settle with every vendor and close the connection."""
        with self._lock:
            self._closed = True
            for held in self._held.values():  # also with calls that were given up, or ended in an error of ours
                held.ended += held.units
                held.in_flight = held.units = 0
            try:
                if self._held:
                    self._tell_all(self._database(at_once=True), *self._held.values())
            except psycopg.Error as error:
                self._degrade(error)
            self._disconnect()

    def _take_leased(self, held: _Held, part: _Scope, cost: int) -> bool:
        """Take one of the calls leased before, when there is one and a slot for it."""
        current = cost == part.cost and self._clock() - part.leased_at < LEASE
        usable = current and part.tokens > 0 and held.in_flight < held.slots
        part.tokens -= usable
        return usable

    def _decide(self, held: _Held, scope: str, cost: int, last_resort: bool) -> NotNow | None:
        try:
            return self._lease(self._database(), held, scope, cost, last_resort)
        except psycopg.Error as error:
            self._degrade(error)
        return self._local.ask(_cautious(held.vendor), scope, cost=cost)

    def _lease(
        self, connection: psycopg.Connection[TupleRow], held: _Held, scope: str, cost: int, last_resort: bool
    ) -> NotNow | None:
        """Ask the database, for as many calls as will probably be made in the time of a lease."""
        self._register(connection, held.vendor)
        part, now = held.scopes[scope], self._clock()
        made = part.leased - part.tokens
        for one in held.scopes.values():
            if one is part or now - one.leased_at >= LEASE:
                one.tokens = 0  # given back: what is kept is told as a whole
        growing = held.in_flight >= held.slots  # doubled, or each of the first calls would ask for a slot of its own
        slots = max(held.in_flight + 1, 2 * held.slots if growing else held.peak)
        wanted = min(BATCH, max(slots, round(made * LEASE / max(now - part.leased_at, 0.001))))
        row = connection.execute(
            _ASK,
            [
                *(held.vendor.name, scope, self._holder, held.in_flight, held.kept),
                *(slots, wanted, cost, last_resort, self._at()),
            ],
        ).fetchone()
        tokens, slots, wait, reason, paced, limits_only = row or (0, 0, 0.0, "", True, True)
        if tokens == 0:
            return NotNow(wait, reason, paced=paced, limits_only=limits_only)
        held.told = slots, held.kept + tokens * cost
        part.cost, part.leased, part.tokens, part.leased_at = cost, tokens, tokens - 1, now
        held.slots = slots
        held.peak = held.in_flight + 1
        return None

    def _tell(self, connection: psycopg.Connection[TupleRow], held: _Held, scope: str) -> None:
        """Tell what has ended and what is kept, and the outcomes of an endpoint in their order."""
        self._register(connection, held.vendor)
        outcomes = held.scopes[scope].outcomes
        if not held.in_flight:
            held.slots = held.peak = 0
        while outcomes or held.ended or held.told != (held.slots, held.kept):
            successes, failure = _next(outcomes)
            connection.execute(
                _REPORT,
                [
                    *(held.vendor.name, scope, self._holder, held.slots, held.kept, held.ended, successes),
                    *(*_failed(failure, self._chance()), self._at()),
                ],
            )
            held.told = held.slots, held.kept
            held.ended = 0
            for _ in range(successes + (failure is not None)):
                outcomes.popleft()

    def _tell_all(self, connection: psycopg.Connection[TupleRow], *vendors: _Held) -> None:
        for held in vendors:
            for part in held.scopes.values():
                part.tokens = 0
            for scope in held.scopes:
                self._tell(connection, held, scope)

    def _register(self, connection: psycopg.Connection[TupleRow], vendor: Vendor) -> None:
        if vendor.name not in self._registered:
            windows = _windows(vendor)
            calls, seconds = list(windows.values()), list(windows)
            connection.execute(
                _REGISTER, [vendor.name, vendor.client.key_hash, vendor.slots, calls, seconds, self._at()]
            )
            self._registered.add(vendor.name)

    def _database(self, *, at_once: bool = False) -> psycopg.Connection[TupleRow]:
        """The connection, made anew where it was lost; raises psycopg.Error, after a failure for ASK_AGAIN seconds."""
        if self._connection is None:
            away = self._ask_again_at is not None
            if self._ask_again_at is not None and self._clock() < self._ask_again_at and not at_once:
                raise psycopg.OperationalError("the database is asked again later")
            self._connection = self._connect()
            self._connection.execute(SETTINGS)
            self._tell_all(self._connection, *self._held.values())
            self._ask_again_at = None
            if away:
                log.warning("the gate's database answers again; it has been told what happened meanwhile")
        return self._connection

    def _degrade(self, error: psycopg.Error) -> None:
        """From now on this process decides alone; said once, however many calls find it so."""
        if self._ask_again_at is None and isinstance(error, psycopg.OperationalError | psycopg.InterfaceError):
            log.warning("the gate's database cannot be asked, this process decides alone meanwhile: %s", error)
        elif self._ask_again_at is None:  # a fault of ours, which should not look like one of the network's
            log.error("the gate failed (SQLSTATE %s), this process decides alone meanwhile: %s", error.sqlstate, error)
        if self._ask_again_at is None or self._clock() >= self._ask_again_at:
            self._ask_again_at = self._clock() + ASK_AGAIN
        self._disconnect()
        for held in self._held.values():
            held.told = None
            for part in held.scopes.values():
                part.tokens = 0

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._connection = None
        self._registered.clear()


def _next(outcomes: deque[ProviderError | None]) -> tuple[int, ProviderError | None]:
    """The successes that come first, and the failure after them."""
    for place, outcome in enumerate(outcomes):
        if outcome is not None:
            return place, outcome
    return len(outcomes), None


def _failed(failure: ProviderError | None, chance: float) -> tuple[str | None, str | None, float | None, float]:
    """A failure as gate_report takes it: kind, words, seconds to wait, random number."""
    if failure is None:
        return None, None, None, chance
    retry_after = failure.retry_after if isinstance(failure, RateLimited) else None
    return failure.outcome, str(failure)[:MESSAGE], retry_after, chance


def _windows(vendor: Vendor) -> dict[float, int]:
    """A vendor's limits as the gate counts them: calls by seconds.  Its interval is a window of one call."""
    windows: dict[float, int] = {}
    for rate in vendor.limits:
        windows[float(rate.seconds)] = min(rate.calls, windows.get(rate.seconds, rate.calls))
    if vendor.interval > 0:
        windows[vendor.interval] = 1
    return windows


def _cautious(vendor: Vendor) -> Vendor:
    return replace(vendor, limits=tuple(Rate(max(1, rate.calls // CAUTION), rate.seconds) for rate in vendor.limits))
