"""The contract of a dialect: how one vendor's HTTP API would tell what the synthetic market knows.

Here belong the values a dialect and the server exchange.  A dialect is pure: it turns a call and the market into a reply.
Latency, faults, rate limits and checking of keys belong to the server, which asks the dialect only how the vendor words them.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

import orjson

from market_pipeline.providers.messages import Ask
from market_pipeline.simulator.market import SyntheticMarket

NEW_YORK = ZoneInfo("America/New_York")  # whose clock most vendors tell times by


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A request as it reached the simulator; `path` is relative to the vendor's base address, header names lower case."""

    path: str
    params: Mapping[str, str]
    headers: Mapping[str, str]
    values: Mapping[str, str]
    """What the route's `{placeholders}` matched."""
    market: SyntheticMarket
    now: datetime
    base_url: str
    """The address the vendor has here, for links such as next_url."""


@dataclass(frozen=True, slots=True)
class Reply:
    """Status, body and headers; a body that is no bytes or str is sent as JSON."""

    body: Any
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    content_type: str | None = None
    serves: Ask | None = None
    """What it answers honestly."""

    def encoded(self) -> tuple[bytes, str]:
        """The body's bytes and its content type."""
        if isinstance(self.body, bytes):
            return self.body, self.content_type or "application/octet-stream"
        if isinstance(self.body, str):
            return self.body.encode(), self.content_type or "text/plain; charset=utf-8"
        plain = orjson.dumps(self.body, option=orjson.OPT_NON_STR_KEYS, default=float)  # Decimals as JSON numbers
        return plain, self.content_type or "application/json"


Handler = Callable[[Call], Reply]


@dataclass(frozen=True, slots=True)
class Route:
    """A path pattern (`/quote/{symbol}`) with the query parameters that select it, and who answers."""

    path: str
    handler: Handler
    fixed: Mapping[str, str] = field(default_factory=dict)


class Dialect(ABC):
    """One vendor's way of answering, its errors included.  `name` is the provider's name."""

    name: ClassVar[str]
    routes: tuple[Route, ...]
    keyless: ClassVar[frozenset[str]] = frozenset()
    """Route paths that need no key, for vendors that need one elsewhere."""
    premium: ClassVar[frozenset[str]] = frozenset()
    """Route paths that free keys are refused (the simulator's keys are free ones)."""

    def key_of(self, call: Call) -> str | None:
        """The credential a call carries; None when it carries none.  Vendors without keys answer ""."""
        return ""

    @abstractmethod
    def unauthenticated(self, call: Call) -> Reply:
        """What a missing or wrong key gets.  The server treats the key `invalid` as wrong and every other as good."""

    @abstractmethod
    def rate_limited(self, call: Call, wait: float) -> Reply:
        """What a call above the limit gets, `wait` seconds before the next one may succeed."""

    def not_entitled(self, call: Call) -> Reply:
        """What a call gets that the plan does not include."""
        return self.unauthenticated(call)

    def unavailable(self, call: Call) -> Reply:
        """What an outage looks like."""
        return Reply("upstream connect error or disconnect/reset before headers", 503)

    def not_found(self, call: Call) -> Reply:
        """What an address gets that the vendor does not have."""
        return Reply("Not Found", 404)
