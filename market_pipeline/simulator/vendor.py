"""One simulated vendor: which route answers, who is refused, and what has been asked so far.

Here belongs what happens to a call when it comes: key, plan, limit, route, and the counting.  The market's answer belongs
to the dialect, sending it and waiting to the server.  Everything runs in the event loop's one thread.
"""

import logging
import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import unquote, urlencode

from market_pipeline.providers.base import Endpoint, Provider
from market_pipeline.providers.messages import Ask
from market_pipeline.simulator.dialect import Call, Dialect, Reply, Route
from market_pipeline.simulator.faults import Kind
from market_pipeline.simulator.limits import Limits
from market_pipeline.simulator.spoiling import garbled, lie, web_page

logger = logging.getLogger(__name__)

WRONG_KEY = "invalid"
_THROTTLED = 1.0  # seconds that a refusal without a cause asks to wait

Matched = tuple[Endpoint, Ask]


@dataclass(slots=True)
class Counts:
    """What a vendor was asked and what became of it."""

    requests: int = 0
    statuses: Counter[int] = field(default_factory=Counter)
    rate_limited: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    served: defaultdict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    """How often each symbol was answered honestly, by data type."""
    unknown_paths: Counter[str] = field(default_factory=Counter)
    unexpected_errors: int = 0
    abandoned: int = 0
    """Requests whose client left before the answer."""


class SimulatedVendor:
    """A dialect behind its provider's documented limits."""

    def __init__(self, dialect: Dialect, provider: Provider, rate_limits: float | None) -> None:
        self.dialect = dialect
        self.counts = Counts()
        self._provider = provider
        self._limits = Limits(provider.limits, rate_limits)
        self._routes = [(route, _pattern(route.path)) for route in dialect.routes]

    def route(self, path: str, params: dict[str, str]) -> tuple[Route, dict[str, str]] | None:
        """The first route that a path (as sent, percent-encoded) and its parameters select, and its placeholders."""
        for route, pattern in self._routes:
            found = pattern.fullmatch(path or "/")
            if found is not None and all(params.get(name) == value for name, value in route.fixed.items()):
                return route, {name: unquote(value) for name, value in found.groupdict().items()}
        return None

    def answer(self, call: Call, route: Route | None, now: float, fault: Kind | None, garbage: Sequence[str]) -> Reply:
        """The reply to a call, encoded, faults included; an exception in the dialect is a 500, logged and counted."""
        try:
            reply = self._faulty(call, fault) or self._honest(call, route, now, fault, garbage)
            body, content_type = reply.encoded()
            return replace(reply, body=body, content_type=content_type)
        except Exception:
            logger.exception("%s: the simulator failed at %s", self.dialect.name, call.path)
            self.counts.unexpected_errors += 1
            return Reply(f"The simulator of {self.dialect.name} failed at {call.path}; its log says why.", 500)

    def sent(self, reply: Reply) -> None:
        """Count a reply whose client has waited for it."""
        self.counts.statuses[reply.status] += 1
        if reply.serves is not None:
            self.counts.served[reply.serves.data_type].update(reply.serves.symbols)

    def _faulty(self, call: Call, fault: Kind | None) -> Reply | None:
        """What a call gets without being looked at."""
        match fault:
            case Kind.OUTAGE | Kind.ERROR:
                return self.dialect.unavailable(call)
            case Kind.THROTTLE:
                return self.dialect.rate_limited(call, _THROTTLED)
            case Kind.HTML:
                return web_page()
            case Kind.LYING:
                return lie(self.dialect, call, self.counts.requests)
            case _:
                return None

    def _honest(self, call: Call, route: Route | None, now: float, fault: Kind | None, garbage: Sequence[str]) -> Reply:
        path = "" if route is None else route.path
        if path not in self.dialect.keyless and self.dialect.key_of(call) in (None, WRONG_KEY):
            return self.dialect.unauthenticated(call)
        if path in self.dialect.premium:
            return self.dialect.not_entitled(call)
        matched = self._provider.match(f"{self._provider.base_url}{call.path}?{urlencode(call.params)}", call.now)
        wait = self._limits.take(now, 1 if matched is None else matched[0].price(matched[1]))
        if wait > 0:
            self.counts.rate_limited += 1
            return self.dialect.rate_limited(call, wait)
        if route is None:
            self.counts.unknown_paths[call.path] += 1
            return self.dialect.not_found(call)
        reply = route.handler(call)
        if matched is None or reply.status >= 400 or fault is Kind.TRUNCATED:
            return reply
        return replace(self._garbled(reply, matched, garbage), serves=matched[1])

    def _garbled(self, reply: Reply, matched: Matched, garbage: Sequence[str]) -> Reply:
        endpoint, ask = matched
        if not garbage or not (endpoint.market_wide or set(ask.symbols) & set(garbage)):
            return reply
        body, content_type = reply.encoded()
        spoiled = garbled(body, [endpoint.spell(symbol) for symbol in garbage], whole=set(ask.symbols) <= set(garbage))
        if spoiled != body:
            self.counts.faults[Kind.GARBAGE] += 1
        return replace(reply, body=spoiled, content_type=content_type)

    def state(self) -> dict[str, Any]:
        """The counts as JSON."""
        return {
            "requests": self.counts.requests,
            "statuses": {str(status): times for status, times in sorted(self.counts.statuses.items())},
            "rate_limited": self.counts.rate_limited,
            "faults": dict(self.counts.faults),
            "served": {data_type: dict(symbols) for data_type, symbols in self.counts.served.items()},
            "unknown_paths": dict(self.counts.unknown_paths),
            "unexpected_errors": self.counts.unexpected_errors,
            "abandoned": self.counts.abandoned,
            "most_per_window": self._limits.most(),
        }


def _pattern(path: str) -> re.Pattern[str]:
    """`/quote/{symbol}` as an expression in which a placeholder is one segment, or part of one."""
    escaped = re.escape(path or "/")
    return re.compile(re.sub(r"\\{(\w+)\\}", r"(?P<\1>[^/]+)", escaped))
