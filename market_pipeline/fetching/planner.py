"""How much of a quota a plan takes: quotas are scarce, so the cheapest way to ask is found before anybody is asked.

Pure: counts what endpoints would send.  The walk over vendors belongs to the router.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from market_pipeline.providers.base import Endpoint
from market_pipeline.providers.messages import Ask


def batch_of(endpoint: Endpoint, ask: Ask, batch_size: int) -> int:
    """Symbols that one call carries: as many as the vendor takes, within our own `batch_size`; all in a market-wide one."""
    return max(1, len(ask.symbols) if endpoint.market_wide else min(endpoint.batch, batch_size))


def quota_needed(endpoint: Endpoint, ask: Ask, batch_size: int) -> int:
    """Units of the vendor's quota that the whole of `ask` takes, follow-up pages aside; mostly one a request."""
    if not ask.symbols:
        return 0
    size = batch_of(endpoint, ask, batch_size)
    parts = [replace(ask, symbols=ask.symbols[at : at + size]) for at in range(0, len(ask.symbols), size)]
    return len(endpoint.requests(parts[0])) * sum(endpoint.price(part) for part in parts)


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
