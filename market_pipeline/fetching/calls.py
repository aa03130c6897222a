"""One call to one vendor's endpoint: ask the gate, send, classify, parse, check; what came of it as one frozen value.

Here belongs everything about a single call, its follow-up pages and its retries.  Which vendor is called for which
symbols, and what happens next, belongs to the router.
"""

import math
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from tenacity import RetryCallState, Retrying, retry_if_result, wait_random_exponential
from tenacity.wait import wait_base

from market_pipeline.datasets import MARKET_WIDE, Dataset, Record, Rejected
from market_pipeline.fetching.gate import Gate
from market_pipeline.fetching.local_gate import NotNow
from market_pipeline.fetching.vendors import Vendor
from market_pipeline.providers.base import Endpoint
from market_pipeline.providers.errors import MalformedResponse, NoData, ProviderError, Unavailable, UnknownSymbol
from market_pipeline.providers.messages import Answer, Ask, Parsed, Request, Window

TRIES = 3
RETRY_SHARE = (
    0.2  # of a fetch's calls may be retries: while everybody is down a thousand symbols do not become three thousand
)
FREE_RETRIES = TRIES - 1  # are allowed in any case, so that a fetch of one call gets its tries
MAX_PAGES = 60  # follow-ups of one ask: a whole chain has about 20 expirations, a paged one about 40 pages
LONGEST_TURN = 2.0  # seconds a call may wait for its turn: enough for per-second limits, not for per-minute ones
SHORTEST_WAIT = 0.01  # seconds between two questions whether it is a call's turn


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One request to a vendor and what came of it: a row of `fetch_attempts`, and the records of one answer."""

    provider: str
    endpoint: str
    ask: Ask
    cost: int
    """Units of the vendor's quota."""
    started_at: datetime
    response_ms: float
    status: int | None = None
    error: ProviderError | None = None
    records: tuple[Record, ...] = ()
    rejected: tuple[Rejected, ...] = ()
    beside: frozenset[str] = frozenset()
    """Symbols that the answer had records of for other days than those asked for."""
    symbol_errors: dict[str, ProviderError] = field(default_factory=dict)
    more: tuple[Request, ...] = ()

    @property
    def answered(self) -> bool:
        """Whether the vendor works; it may have nothing to tell."""
        return self.error is None or isinstance(self.error, NoData | UnknownSymbol)


class NotAsked(ProviderError):
    """The gate kept a call back; nothing was sent.  Kept beside the vendors' errors so that a report can say why."""

    outcome = "not_asked"

    def __init__(self, refusal: NotNow, at: datetime) -> None:
        super().__init__(f"not asked: {refusal.reason}")
        self.until = None if refusal.wait == math.inf else at + timedelta(seconds=refusal.wait)
        """When to ask again; None where time mends nothing, such as a rejected key."""
        self.paced = refusal.paced
        """Whether the call is let through then: only limits are in its way, not a vendor that is down."""


@dataclass(frozen=True, slots=True)
class Called:
    """All attempts of one ask, in order; `refused` when the gate stopped it before the end."""

    ask: Ask
    attempts: tuple[Attempt, ...]
    refused: NotAsked | None = None
    repeated: tuple[Attempt, ...] = ()
    """Attempts that failed and were made again, which say nothing about the symbols."""


class Patience:
    """How often and how long one fetch tries again; for any thread.  No sleep of the fetch ends after `deadline`."""

    def __init__(self, clock: Callable[[], datetime], deadline: datetime) -> None:
        self._clock = clock
        self._deadline = deadline
        self._lock = threading.Lock()
        self._calls = 0
        self._retries = 0

    def lasts(self, seconds: float) -> bool:
        """Whether a sleep of so many seconds, from now on, ends before the deadline."""
        return seconds <= (self._deadline - self._clock()).total_seconds()

    def count(self) -> None:
        """One more call, be it a first try or a retry."""
        with self._lock:
            self._calls += 1

    def grants(self, seconds: float) -> bool:
        """Whether one more retry may be made, after so many seconds; if so it is counted."""
        with self._lock:
            granted = self._retries < max(FREE_RETRIES, RETRY_SHARE * self._calls) and self.lasts(seconds)
            self._retries += granted
            return granted


@dataclass(frozen=True, slots=True)
class Call:
    """What is asked of whom, and how hard to try."""

    vendor: Vendor
    endpoint: Endpoint
    dataset: Dataset
    ask: Ask
    patience: Patience
    last_resort: bool = False
    """No other vendor is left, so that Unavailable gets TRIES tries."""


class Caller:
    """Makes calls from any thread.  `observe` sees every attempt as it ends, also those that are tried again."""

    def __init__(
        self,
        gate: Gate,
        *,
        clock: Callable[[], datetime],
        sleep: Callable[[float], None] = time.sleep,
        observe: Callable[[Attempt], None],
        backoff: wait_base = wait_random_exponential(multiplier=1, max=60),  # noqa: B008 - immutable; full jitter
    ) -> None:
        self._gate = gate
        self._clock = clock
        self._sleep = sleep
        self._observe = observe
        self._backoff = backoff

    def call(self, call: Call) -> Called:
        """Ask and follow the pages."""
        attempts: list[Attempt] = []
        repeated: list[Attempt] = []
        waiting = deque(call.endpoint.requests(call.ask))
        while waiting and len(attempts) < MAX_PAGES:
            try:
                *vain, attempt = self._persist(call, waiting.popleft())
            except NotAsked as refused:
                return Called(call.ask, tuple(attempts), refused, tuple(repeated))
            repeated += vain
            attempts.append(attempt)
            if attempt.error is not None:
                break
            waiting.extend(attempt.more)
        return Called(call.ask, tuple(attempts), None, tuple(repeated))

    def settle(self, vendor: Vendor) -> None:
        """No more calls to a vendor follow for now: others may have what was kept ready for them."""
        self._gate.settle(vendor)

    def _persist(self, call: Call, request: Request) -> list[Attempt]:
        """One attempt, or several of which all but the last were unavailable.  Raises NotAsked where there is none."""
        first = self._attempt(call, request)
        if not _unavailable(first):  # as nearly all are, without the 60 µs that preparing retries takes
            return [first]
        made: list[Attempt] = []

        def attempt() -> Attempt:
            made.append(self._attempt(call, request) if made else first)
            return made[-1]

        def enough(state: RetryCallState) -> bool:
            tries = TRIES if call.last_resort else 1
            return state.attempt_number >= tries or not call.patience.grants(state.upcoming_sleep)

        retrying = Retrying(
            stop=enough,
            wait=self._backoff,
            retry=retry_if_result(_unavailable),
            retry_error_callback=lambda state: None,
            sleep=self._sleep,
        )
        with suppress(NotAsked):
            retrying(attempt)
        return made

    def _attempt(self, call: Call, request: Request) -> Attempt:
        cost = call.endpoint.price(call.ask) + call.vendor.client.requests_ahead(request)
        self._await_turn(call, cost)
        call.patience.count()
        attempt = self._exchange(call, request, cost)
        self._gate.report(call.vendor, call.endpoint.name, attempt.error, cost=cost)
        self._observe(attempt)
        return attempt

    def _await_turn(self, call: Call, cost: int) -> None:
        """Return when the gate lets the call through.

        Raises NotAsked when that would take more than LONGEST_TURN, and at once where the vendor is down or has asked to be
        left alone and somebody else can be asked meanwhile.
        """
        left = LONGEST_TURN
        while True:
            refusal = self._gate.ask(call.vendor, call.endpoint.name, cost=cost, last_resort=call.last_resort)
            if refusal is None:
                return
            wait = max(refusal.wait, SHORTEST_WAIT)
            worth_it = call.last_resort or refusal.limits_only
            if not worth_it or wait > left or not call.patience.lasts(wait):
                raise NotAsked(refusal, self._clock())
            left -= wait
            self._sleep(wait)

    def _exchange(self, call: Call, request: Request, cost: int) -> Attempt:
        vendor, endpoint, dataset, ask = call.vendor, call.endpoint, call.dataset, call.ask
        started_at, started = self._clock(), time.perf_counter()
        answer: Answer | None = None
        error: ProviderError | None = None
        parsed = Parsed([])
        try:
            answer = vendor.client.send(request)
            error = vendor.provider.classify(answer)
            if error is None:
                parsed = endpoint.read(answer, ask)
        except ProviderError as raised:
            error = raised
        if isinstance(error, UnknownSymbol) and (len(ask.symbols) > 1 or ask.symbols == (MARKET_WIDE,)):
            error = MalformedResponse(f"not found, which says nothing of any one symbol: {error}")
        elapsed_ms = (time.perf_counter() - started) * 1000
        checked = dataset.check(_asked_for(parsed.rows, ask))
        records = tuple(record for record in checked.records if _within(record, dataset, ask.window))
        return Attempt(
            provider=vendor.name,
            endpoint=endpoint.name,
            ask=ask,
            cost=cost,
            started_at=started_at,
            response_ms=elapsed_ms,
            status=None if answer is None else answer.status,
            error=error,
            records=records,
            rejected=tuple(checked.rejected),
            beside=frozenset(record.symbol for record in checked.records) - {record.symbol for record in records},
            symbol_errors=dict(parsed.errors),
            more=parsed.more,
        )


def _unavailable(attempt: Attempt) -> bool:
    return isinstance(attempt.error, Unavailable)


def _asked_for(rows: Iterable[dict[str, object]], ask: Ask) -> list[dict[str, object]]:
    """Rows of the symbols that were asked for; a market-wide answer has thousands of others.

    A row without a usable symbol stays, so that the check can say what is wrong with it.
    """
    wanted = set(ask.symbols)
    return [row for row in rows if row.get("symbol", "*") in wanted or not isinstance(row.get("symbol", "*"), str)]


def _within(record: Record, dataset: Dataset, window: Window | None) -> bool:
    """Whether a record is of the days asked for: vendors send whole histories, and last week's quote of a halted share."""
    day = dataset.day_of(record)
    return window is None or day is None or day in window


def verdicts(dataset: Dataset, called: Called) -> dict[str, ProviderError | None]:
    """What a call means for each symbol it asked for: None where it is answered, else why not.  Pure."""
    failed = called.refused or next((one.error for one in called.attempts if one.error is not None), None)
    if isinstance(failed, NoData) and dataset.empty_is_answer:
        failed = None
    if failed is not None:
        return dict.fromkeys(called.ask.symbols, failed)
    answered = {record.symbol for one in called.attempts for record in one.records}
    beside = {symbol for one in called.attempts for symbol in one.beside} if dataset.live else set[str]()
    rejected = {row.row.get("symbol"): row.reason for one in called.attempts for row in one.rejected}
    errors = {symbol: error for one in called.attempts for symbol, error in one.symbol_errors.items()}
    return {symbol: _verdict(symbol, dataset, answered, beside, rejected, errors) for symbol in called.ask.symbols}


def _verdict(
    symbol: str,
    dataset: Dataset,
    answered: set[str],
    beside: set[str],
    rejected: dict[object, str],
    errors: dict[str, ProviderError],
) -> ProviderError | None:
    if symbol in answered:
        return None
    if symbol in beside:  # another session's state is no statement that there is nothing in this one
        return NoData("it tells of another session")
    if symbol in errors:
        return None if isinstance(errors[symbol], NoData) and dataset.empty_is_answer else errors[symbol]
    if symbol in rejected:
        return MalformedResponse(f"every row was rejected, the last because of {rejected[symbol]}")
    return None if dataset.empty_is_answer else NoData("the answer has nothing for it in the window asked for")
