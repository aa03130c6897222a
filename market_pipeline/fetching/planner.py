"""How many requests a plan takes: quotas are what is scarce, so the cheapest way to ask is found before anybody is asked.

Pure: counts what endpoints would send.  The walk over vendors belongs to the router.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace

from market_pipeline.providers.base import Endpoint
from market_pipeline.providers.messages import Ask


def batch_of(endpoint: Endpoint, ask: Ask, batch_size: int) -> int:
    """Symbols that one call carries: as many as the vendor takes, within our own `batch_size`; all in a market-wide one."""
    return max(1, len(ask.symbols) if endpoint.market_wide else min(endpoint.batch, batch_size))


def requests_needed(endpoint: Endpoint, ask: Ask, batch_size: int) -> int:
    """Requests that `endpoint` would send for the whole of `ask`, follow-up pages aside."""
    size = batch_of(endpoint, ask, batch_size)
    calls = math.ceil(len(ask.symbols) / size)
    sample = replace(ask, symbols=ask.symbols[:size])
    return calls * len(endpoint.requests(sample)) if calls else 0


def cheapest_first(endpoints: Iterable[Endpoint], ask: Ask, batch_size: int) -> Sequence[Endpoint]:
    """The endpoints that serve `ask`, by the requests they need; the vendor's own order decides between equals."""
    serving = [endpoint for endpoint in endpoints if endpoint.serves(ask)]
    return sorted(serving, key=lambda endpoint: requests_needed(endpoint, ask, batch_size))


def magnitude(requests: int) -> int:
    """Requests in orders of magnitude: 0 up to 9, 1 up to 99, …  A tenth of the requests outweighs the default order."""
    return len(str(max(1, requests))) - 1
