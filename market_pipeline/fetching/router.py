"""The walk over vendors until no symbol is left: who is asked for which symbols, in batches, a few at a time.

Here belongs the order of events of one fetch and its report.  A single call belongs to `calls`, the order of vendors to
`strategies`; storing what comes back belongs to whoever passes `deliver`.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice

from market_pipeline.datasets import Dataset, Strategy
from market_pipeline.fetching.calls import Attempt, Called, Caller, NotAsked, verdicts
from market_pipeline.fetching.planner import batch_of, in_order, quota_needed
from market_pipeline.fetching.vendors import Vendor
from market_pipeline.providers.base import Endpoint
from market_pipeline.providers.errors import AuthenticationFailed, NotEntitled, ProviderError, UnknownSymbol
from market_pipeline.providers.messages import Ask, Window

Errors = dict[str, ProviderError]  # by vendor
Deliver = Callable[[Sequence[Attempt], Sequence[str]], Mapping[str, ProviderError]]
"""Takes a vendor's attempts, and the symbols they settle; says of which of these the answer is none after all, and why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """One fetch: symbols of one dataset, for a window and a timeframe where it has them."""

    dataset: Dataset
    symbols: tuple[str, ...]
    window: Window | None = None
    timeframe: str | None = None
    strategy: Strategy = Strategy.MOST_RELIABLE
    asked_first: Mapping[str, str] = field(default_factory=dict)
    """The vendor that is asked first for a symbol: the home of its series, or one that is tried out."""


@dataclass(slots=True)
class Report:
    """What came of a fetch, symbol by symbol.  Counts are of symbols unless they say otherwise."""

    requested: int
    answered: dict[str, str] = field(default_factory=dict)
    """The vendor that settled each symbol."""
    failed: dict[str, Errors] = field(default_factory=dict)
    """Why each vendor did not, for symbols that none of them settled."""
    fallbacks: int = 0
    """Symbols that were settled by a vendor after another one had failed for them."""
    attempts: int = 0
    records: int = 0
    rejected: int = 0
    seconds: float = 0.0

    def count(self, attempts: Sequence[Attempt]) -> None:
        self.attempts += len(attempts)
        self.records += sum(len(attempt.records) for attempt in attempts)
        self.rejected += sum(len(attempt.rejected) for attempt in attempts)

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
        return {symbol for symbol, errors in self.failed.items() if _nobody_knows(errors)}


def _nobody_knows(errors: Errors) -> bool:
    """Whether every vendor that looked the symbol up does not know it; who refuses us says nothing about it."""
    looked = [
        error for error in errors.values() if not isinstance(error, NotAsked | NotEntitled | AuthenticationFailed)
    ]
    return bool(looked) and all(isinstance(error, UnknownSymbol) for error in looked)


@dataclass(frozen=True, slots=True)
class _Leg:
    """One stretch of the walk: a vendor's endpoint, for the open symbols among `only` (all of them when None)."""

    vendor: Vendor
    endpoint: Endpoint
    only: frozenset[str] | None = None


class Router:
    """Fetches by asking `vendors` in the order given; blocking, one fetch at a time per instance."""

    def __init__(self, caller: Caller, *, clock: Callable[[], datetime], batch_size: int, concurrency: int) -> None:
        self._caller = caller
        self._clock = clock
        self._batch_size = batch_size
        self._concurrency = concurrency

    def fetch(
        self,
        wanted: Wanted,
        vendors: Sequence[Vendor],
        report: Report,
        deliver: Deliver,
        progress: Callable[[], None],
    ) -> None:
        """Walk the vendors and fill in `report`.

        In this thread, as answers arrive: `deliver` is called with those of one vendor that are there, then, when they are in
        the report, `progress`.  Never raises for what vendors do: that is in the report.  What these two raise ends the fetch.
        """
        started = time.perf_counter()
        failed: dict[str, Errors] = {symbol: {} for symbol in wanted.symbols}
        legs = self._legs(wanted, vendors)
        for position, leg in enumerate(legs):
            symbols = [symbol for symbol in failed if _eligible(symbol, leg, failed[symbol])]
            is_last = not any(later.vendor.name != leg.vendor.name for later in legs[position + 1 :])
            for ended in self._calls(wanted, leg, symbols, last_resort=is_last):
                attempts = [attempt for called in ended for attempt in called.attempts]
                found = {symbol: error for one in ended for symbol, error in verdicts(wanted.dataset, one).items()}
                report.count(attempts)
                found |= deliver(attempts, [symbol for symbol, error in found.items() if error is None])
                report.settle(leg.vendor.name, found, failed)
                progress()
        report.failed = failed
        report.seconds = time.perf_counter() - started

    def quota_needed(self, wanted: Wanted, vendor: Vendor) -> int | None:
        """Quota that a vendor's first way to answer takes, pages aside; None where it has no way to answer."""
        question = self._ask(wanted, wanted.symbols)
        endpoints = self._endpoints(vendor, question)
        return quota_needed(endpoints[0], question, self._batch_size) if endpoints else None

    def _endpoints(self, vendor: Vendor, question: Ask) -> Sequence[Endpoint]:
        return in_order(vendor.provider.endpoints_for(question.data_type), question, self._batch_size)

    def _legs(self, wanted: Wanted, vendors: Sequence[Vendor]) -> list[_Leg]:
        """Whoever is to be asked first for some symbols; ROUND_ROBIN deals the others out; then everybody for what is left."""
        question = self._ask(wanted, wanted.symbols)
        stations = [(vendor, endpoint) for vendor in vendors for endpoint in self._endpoints(vendor, question)]
        shares = {
            vendor.name: frozenset(symbol for symbol in wanted.symbols if wanted.asked_first.get(symbol) == vendor.name)
            for vendor, _ in stations
        }
        if wanted.strategy is Strategy.ROUND_ROBIN:
            others = [symbol for symbol in wanted.symbols if wanted.asked_first.get(symbol) not in shares]
            for turn, name in enumerate(shares):
                shares[name] |= frozenset(others[turn :: len(shares)])
        dealt = [_Leg(vendor, endpoint, shares[vendor.name]) for vendor, endpoint in stations if shares[vendor.name]]
        return dealt + [_Leg(vendor, endpoint) for vendor, endpoint in stations]

    def _ask(self, wanted: Wanted, symbols: Sequence[str]) -> Ask:
        return Ask(
            data_type=wanted.dataset.name,
            symbols=tuple(symbols),
            now=self._clock(),
            window=wanted.window,
            timeframe=wanted.timeframe,
        )

    def _calls(self, wanted: Wanted, leg: _Leg, symbols: Sequence[str], *, last_resort: bool) -> Iterator[list[Called]]:
        """Calls for `symbols` in batches, as they end; at most two per worker are under way: memory stays bounded.

        Those that end while the caller is busy come together: one write of 16 rows takes hardly longer than one of 1.
        """
        size = batch_of(leg.endpoint, self._ask(wanted, symbols), self._batch_size)
        asks = (self._ask(wanted, symbols[at : at + size]) for at in range(0, len(symbols), size))
        workers = min(leg.vendor.provider.concurrency, self._concurrency)
        pool = ThreadPoolExecutor(max_workers=workers, thread_name_prefix=leg.vendor.name)
        pending: set[Future[Called]] = set()
        try:
            while True:
                for ask in islice(asks, 2 * workers - len(pending)):
                    pending.add(
                        pool.submit(
                            self._caller.call, leg.vendor, leg.endpoint, wanted.dataset, ask, last_resort=last_resort
                        )
                    )
                if not pending:
                    return
                done, pending = wait(pending, return_when=FIRST_COMPLETED)
                yield [future.result() for future in done]
        finally:
            pool.shutdown(wait=True, cancel_futures=True)
            self._caller.settle(leg.vendor)


def _eligible(symbol: str, leg: _Leg, errors: Errors) -> bool:
    """Whether a leg may help a symbol: its vendor has not failed it yet, or only another endpoint was refused."""
    earlier = errors.get(leg.vendor.name)
    return (leg.only is None or symbol in leg.only) and (earlier is None or isinstance(earlier, NotEntitled | NotAsked))
