"""What is asked of whom, in which order and in which batches, before anybody is asked: quotas are scarce.

Pure: counts what endpoints would send.  Carrying it out belongs to the router, how long it takes to `plan`.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from market_pipeline.datasets import Dataset, Strategy
from market_pipeline.fetching.vendors import Vendor
from market_pipeline.providers.base import Endpoint
from market_pipeline.providers.messages import Ask, Window


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
    deadline: datetime
    """Until when a wait may last."""


@dataclass(frozen=True, slots=True)
class Leg:
    """One stretch of the walk: a vendor's endpoint, for the open symbols among `only` (all of them when None)."""

    vendor: Vendor
    endpoint: Endpoint
    only: frozenset[str] | None = None

    def takes(self, symbol: str) -> bool:
        return self.only is None or symbol in self.only


@dataclass(frozen=True, slots=True)
class Planner:
    """Cuts fetches into calls of at most `batch_size` symbols."""

    batch_size: int
    clock: Callable[[], datetime]

    def legs(self, wanted: Wanted, vendors: Sequence[Vendor]) -> list[Leg]:
        """Whoever is to be asked first for some symbols; ROUND_ROBIN deals the others out; then everybody for what is left."""
        stations = [(vendor, endpoint) for vendor in vendors for endpoint in self._endpoints(wanted, vendor)]
        shares = {
            vendor.name: frozenset(symbol for symbol in wanted.symbols if wanted.asked_first.get(symbol) == vendor.name)
            for vendor, _ in stations
        }
        if wanted.strategy is Strategy.ROUND_ROBIN:
            others = [symbol for symbol in wanted.symbols if wanted.asked_first.get(symbol) not in shares]
            for turn, name in enumerate(shares):
                shares[name] |= frozenset(others[turn :: len(shares)])
        dealt = [Leg(vendor, endpoint, shares[vendor.name]) for vendor, endpoint in stations if shares[vendor.name]]
        return dealt + [Leg(vendor, endpoint) for vendor, endpoint in stations]

    def asks(self, wanted: Wanted, endpoint: Endpoint, symbols: Sequence[str]) -> Iterator[Ask]:
        """What an endpoint is asked about `symbols`, a call each."""
        size = batch_of(endpoint, self._ask(wanted, symbols), self.batch_size)
        return (self._ask(wanted, symbols[at : at + size]) for at in range(0, len(symbols), size))

    def quota_needed(self, wanted: Wanted, vendor: Vendor) -> int | None:
        """Quota that a vendor's first way to answer takes, pages aside; None where it has no way to answer."""
        endpoints = self._endpoints(wanted, vendor)
        return quota_needed(endpoints[0], self._ask(wanted, wanted.symbols), self.batch_size) if endpoints else None

    def _endpoints(self, wanted: Wanted, vendor: Vendor) -> Sequence[Endpoint]:
        question = self._ask(wanted, wanted.symbols)
        return in_order(vendor.provider.endpoints_for(question.data_type), question, self.batch_size)

    def _ask(self, wanted: Wanted, symbols: Sequence[str]) -> Ask:
        return Ask(
            data_type=wanted.dataset.name,
            symbols=tuple(symbols),
            now=self.clock(),
            window=wanted.window,
            timeframe=wanted.timeframe,
        )


def batch_of(endpoint: Endpoint, ask: Ask, batch_size: int) -> int:
    """Symbols that one call carries: as many as the vendor takes, within our own `batch_size`; all in a market-wide one."""
    return max(1, len(ask.symbols) if endpoint.market_wide else min(endpoint.batch, batch_size))


def cost_of(endpoint: Endpoint, ask: Ask) -> int:
    """Units of the vendor's quota that one call takes, follow-up pages aside; mostly one a request."""
    return len(endpoint.requests(ask)) * endpoint.price(ask)


def quota_needed(endpoint: Endpoint, ask: Ask, batch_size: int) -> int:
    """Units of the vendor's quota that the whole of `ask` takes, follow-up pages aside."""
    if not ask.symbols:
        return 0
    full, rest = divmod(len(ask.symbols), size := batch_of(endpoint, ask, batch_size))
    first, last = (replace(ask, symbols=ask.symbols[:count]) for count in (size, rest))
    return len(endpoint.requests(first)) * (full * endpoint.price(first) + (endpoint.price(last) if rest else 0))


def in_order(endpoints: Iterable[Endpoint], ask: Ask, batch_size: int) -> Sequence[Endpoint]:
    """The endpoints of a vendor that serve `ask`: bargains first, else in the vendor's own order, which is by quality."""
    needs = {endpoint: quota_needed(endpoint, ask, batch_size) for endpoint in endpoints if endpoint.serves(ask)}
    usual = next(iter(needs.values()), 0)
    return sorted(needs, key=lambda endpoint: not is_bargain(needs[endpoint], usual))


def is_bargain(quota: int, usual: int) -> bool:
    """Whether asking costs so much less than usual that it outweighs the default order, which is by quality.

    A fiftieth: one answer about the whole market instead of one for each of at least 50 symbols.
    """
    return quota * 50 <= usual
