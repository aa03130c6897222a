"""The walk over vendors until no symbol is left: who is asked for which symbols, in batches, a few at a time.

Here belongs the order of events of one fetch.  The plan belongs to `planner`, a single call to `calls`, the order of vendors
to `strategies`, what came of it to `report`; storing what comes back belongs to whoever passes `deliver`.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from math import inf
from queue import Empty, SimpleQueue

from market_pipeline.fetching.calls import SHORTEST_WAIT, Attempt, Call, Called, Caller, NotAsked, Patience, verdicts
from market_pipeline.fetching.pace import least_seconds, supply_of
from market_pipeline.fetching.planner import Leg, Planner, Wanted
from market_pipeline.fetching.report import Errors, Report, is_away, kept_back_until, paced_until
from market_pipeline.fetching.vendors import Vendor
from market_pipeline.providers.errors import NotEntitled, ProviderError, RateLimited

GATHERING = 0.05  # seconds that answers wait for others: one write of 30 rows takes hardly longer than one of 1
Deliver = Callable[[Sequence[Attempt], Sequence[str]], Mapping[str, ProviderError]]
"""Takes a vendor's attempts, and the symbols they settle; says of which of these the answer is none after all, and why."""


@dataclass(frozen=True, slots=True)
class _Walk:
    """What the rounds of one fetch have in common."""

    wanted: Wanted
    legs: Sequence[Leg]
    open: dict[str, Errors]
    """Symbols that nobody has settled yet, with what each vendor said."""
    report: Report
    deliver: Deliver
    progress: Callable[[], None]
    patience: Patience


class Router:
    """Fetches by asking `vendors` in the order given; blocking.  Several threads may fetch at once: a fetch is all its own."""

    def __init__(
        self,
        caller: Caller,
        planner: Planner,
        *,
        clock: Callable[[], datetime],
        concurrency: int,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._caller = caller
        self._planner = planner
        self._clock = clock
        self._concurrency = concurrency
        self._sleep = sleep

    def fetch(
        self,
        wanted: Wanted,
        vendors: Sequence[Vendor],
        report: Report,
        deliver: Deliver,
        progress: Callable[[], None],
    ) -> None:
        """Walk the vendors until nobody is left to ask, and fill in `report`.

        In this thread, as answers arrive: `deliver` is called with those of one vendor that are there, then, when they are in
        the report, `progress`.  Never raises for what vendors do: that is in the report.  What these two raise ends the fetch.
        """
        started = time.perf_counter()
        walk = _Walk(
            wanted,
            self._planner.legs(wanted, vendors),
            {symbol: {} for symbol in wanted.symbols},
            report,
            deliver,
            progress,
            Patience(self._clock, wanted.deadline),
        )
        self._round(walk)
        self._try_those_that_cool_down(walk)
        while self._pause(walk):
            answers, attempts = report.answers, report.attempts
            self._round(walk, again=lambda errors: paced_until(errors, self._clock()) is not None)
            if report.answers == answers and report.attempts > attempts:
                break  # who has nothing but errors to tell is not asked until the deadline
        now = self._clock()
        report.failed = walk.open
        until = {symbol: kept_back_until(errors, now) for symbol, errors in walk.open.items()}
        report.kept_back = {symbol: time for symbol, time in until.items() if time is not None}
        asked = [supply_of(vendor) for vendor in vendors if vendor.name in report.units]
        report.least_seconds = least_seconds(report.units.total(), asked)
        report.seconds = time.perf_counter() - started

    def _round(self, walk: _Walk, *, again: Callable[[Errors], bool] | None = None, last_resort: bool = False) -> None:
        """Ask everybody once, in their order.  Later rounds are for symbols whose errors so far are worth asking `again`."""
        chosen = {symbol for symbol, errors in walk.open.items() if again is None or again(errors)}
        for position, leg in enumerate(walk.legs):
            symbols = [
                symbol
                for symbol, errors in walk.open.items()
                if symbol in chosen and _eligible(symbol, leg, errors.get(leg.vendor.name), again is not None)
            ]
            is_last = not any(later.vendor.name != leg.vendor.name for later in walk.legs[position + 1 :])
            with self._threads(leg.vendor) as pool:
                for ended in self._calls(pool, walk, leg, symbols, last_resort=last_resort or is_last):
                    self._take(walk, leg, ended)

    def _take(self, walk: _Walk, leg: Leg, ended: Sequence[Called]) -> None:
        """Hand on what calls have brought, and count it."""
        attempts = [attempt for called in ended for attempt in called.attempts]
        found = {symbol: error for one in ended for symbol, error in verdicts(walk.wanted.dataset, one).items()}
        walk.report.count([*attempts, *(attempt for called in ended for attempt in called.repeated)])
        found |= walk.deliver(attempts, [symbol for symbol, error in found.items() if error is None])
        walk.report.settle(leg.vendor.name, found, walk.open)
        walk.progress()

    def _try_those_that_cool_down(self, walk: _Walk) -> None:
        """Where nobody that could answer would be asked, a vendor that cools down is tried once in a minute."""
        now = self._clock()

        def stranded(errors: Errors) -> bool:
            return is_away(errors) and kept_back_until(errors, now) is not None

        answers = -1  # one call finds out whether a vendor works again, and another round makes the others
        while walk.report.answers > answers and any(stranded(errors) for errors in walk.open.values()):
            answers = walk.report.answers
            self._round(walk, again=stranded, last_resort=True)

    def _pause(self, walk: _Walk) -> bool:
        """Sleep until a vendor that was only limited may be asked again; False when there is none before the deadline."""
        now = self._clock()
        times = [paced_until(errors, now) for errors in walk.open.values()]
        seconds = min(((time - now).total_seconds() for time in times if time is not None), default=inf)
        if not walk.patience.lasts(seconds):
            return False
        self._sleep(max(seconds, SHORTEST_WAIT))
        return True

    @contextmanager
    def _threads(self, vendor: Vendor) -> Iterator[ThreadPoolExecutor]:
        """Threads for calls to a vendor.  Afterwards none is under way, unless the run is interrupted: an answer may take longer
        than a run that is told to stop has left, and what it has brought so far is still to be written down."""
        pool = ThreadPoolExecutor(self._workers(vendor), thread_name_prefix=vendor.name)
        interrupted = False
        try:
            yield pool
        except BaseException as error:
            interrupted = not isinstance(error, Exception)
            raise
        finally:
            pool.shutdown(wait=not interrupted, cancel_futures=True)
            self._caller.settle(vendor)

    def _workers(self, vendor: Vendor) -> int:
        return min(vendor.provider.concurrency, self._concurrency)

    def _calls(
        self, pool: ThreadPoolExecutor, walk: _Walk, leg: Leg, symbols: Sequence[str], *, last_resort: bool
    ) -> Iterator[list[Called]]:
        """Calls for `symbols` in batches, as they end; at most three per worker are under way: memory stays bounded.

        What the gate says to one call it would say to the next ones, so that these are not made.
        """
        asks = self._planner.asks(walk.wanted, leg.endpoint, symbols)
        ended = SimpleQueue[Future[Called]]()

        def begin(count: int) -> int:
            begun = 0
            for ask in islice(asks, count):
                call = Call(leg.vendor, leg.endpoint, walk.wanted.dataset, ask, walk.patience, last_resort)
                pool.submit(self._caller.call, call).add_done_callback(ended.put)
                begun += 1
            return begun

        refused: NotAsked | None = None
        under_way = begin(3 * self._workers(leg.vendor))
        while under_way:
            done = _gathered(ended, under_way)
            refused = next((called.refused for called in done if called.refused is not None), refused)
            under_way += (begin(len(done)) if refused is None else 0) - len(done)
            yield done
        if refused is not None and (kept_back := [Called(ask, (), refused) for ask in asks]):
            yield kept_back


def _gathered(ended: SimpleQueue[Future[Called]], under_way: int) -> list[Called]:
    """The next calls that end: of several under way those that end within a moment."""
    found = [ended.get().result()]
    until = time.monotonic() + GATHERING
    with suppress(Empty):
        while len(found) < under_way:
            found.append(ended.get(timeout=max(0.0, until - time.monotonic())).result())
    return found


def _eligible(symbol: str, leg: Leg, earlier: ProviderError | None, again: bool) -> bool:
    """Whether a leg may help a symbol, about which its vendor has said `earlier`.

    In the first round: unless the vendor has failed it, and not only at another endpoint.  Later: if it has not looked yet.
    """
    if not leg.takes(symbol):
        return False
    if again:
        return isinstance(earlier, NotAsked | RateLimited)
    return earlier is None or isinstance(earlier, NotEntitled | NotAsked)
