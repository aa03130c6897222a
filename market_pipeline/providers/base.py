"""The contract of a vendor: an endpoint builds requests and parses answers, and only somebody else does the I/O.

Here belong the three steps (build request → HTTP → parse) and what vendors share: matching an address to an endpoint,
reading status codes, telling a parser's stumble as `MalformedResponse`.  What a vendor calls things belongs to its own
file; sending, retrying and choosing belong to `fetching`.
"""

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import ClassVar
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from market_pipeline.datasets import MARKET_WIDE
from market_pipeline.providers.errors import (
    AuthenticationFailed,
    MalformedResponse,
    NotEntitled,
    ProviderError,
    RateLimited,
    Unavailable,
    UnknownSymbol,
)
from market_pipeline.providers.messages import SAMPLE, Answer, Ask, Parsed, Request, retry_after


class Endpoint(ABC):
    """One kind of request a vendor answers, for one data type.  Pure: builds requests, parses answers."""

    data_type: ClassVar[str]
    path: ClassVar[str]
    """Relative to the base address; `{symbol}` stands for the vendor's spelling of the symbol."""
    fixed: ClassVar[Mapping[str, str]] = {}
    """Query parameters that are always the same; they tell endpoints with one path apart."""
    symbols_in: ClassVar[str | None] = None
    """The query parameter that carries the symbols, separated by commas."""
    batch: ClassVar[int] = 1
    """Symbols that one request can carry."""
    market_wide: ClassVar[bool] = False
    """Whether one request answers for all symbols, however many were asked for."""
    needs_window: ClassVar[bool] = False
    """Whether it answers about a span of days only."""
    timeframes: ClassVar[tuple[str, ...]] = ()
    """Bar lengths it serves; () for data types without bars."""
    handshake: ClassVar[bool] = False
    cost: ClassVar[int] = 1
    """Units of the vendor's quota that a request costs."""
    cost_per_symbol: ClassVar[bool] = False
    """Whether it costs as much for each symbol that it carries."""

    @property
    def name(self) -> str:
        """What attempts and the gate call it: `stock_quotes/Quote`."""
        return f"{self.data_type}/{type(self).__name__}"

    def spell(self, symbol: str) -> str:
        """The vendor's spelling of a canonical symbol."""
        return symbol

    def unspell(self, spelling: str) -> str:
        """The canonical symbol of the vendor's spelling."""
        return spelling.upper()

    def serves(self, ask: Ask) -> bool:
        """Whether this endpoint can answer such a question at all."""
        in_time = ask.timeframe is None or ask.timeframe in self.timeframes
        return ask.data_type == self.data_type and in_time and (ask.window is not None or not self.needs_window)

    def price(self, ask: Ask) -> int:
        """Units of the vendor's quota that one request for `ask` costs."""
        return self.cost * len(ask.symbols) if self.cost_per_symbol else self.cost

    def params(self, ask: Ask) -> Mapping[str, str]:
        """Query parameters besides `fixed` and the symbols: the window, the timeframe, limits."""
        return {}

    def requests(self, ask: Ask) -> tuple[Request, ...]:
        """The requests that answer `ask`; usually one."""
        path, params = self.path, {**self.fixed, **self.params(ask)}
        if "{symbol}" in path:
            path = path.replace("{symbol}", quote(self.spell(ask.symbol), safe="^="))
        if self.symbols_in is not None:
            params[self.symbols_in] = ",".join(self.spell(symbol) for symbol in ask.symbols)
        return (Request(path=path, params=params, handshake=self.handshake),)

    @abstractmethod
    def parse(self, answer: Answer, ask: Ask) -> Parsed:
        """Rows named like the record's fields.  Raises a ProviderError; may stumble over drift, see `read`."""

    def read(self, answer: Answer, ask: Ask) -> Parsed:
        """`parse`, with every stumble over an unexpected shape told as MalformedResponse."""
        try:
            return self.parse(answer, ask)
        except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError, RecursionError) as error:
            stumble = f"{type(self).__name__} could not read the answer: {type(error).__name__}: {error}"
            raise MalformedResponse(stumble[:SAMPLE], sample=answer.sample) from error

    def match(self, path: str, params: Mapping[str, str], now: datetime) -> Ask | None:
        """The ask that a request for `path` (relative) and `params` came from; None where it is not this endpoint's."""
        found = re.fullmatch(re.escape(self.path).replace(r"\{symbol\}", "(?P<symbol>[^/]+)"), path)
        if found is None or any(params.get(name) != value for name, value in self.fixed.items()):
            return None
        spelled = found.groupdict().get("symbol") or params.get(self.symbols_in or "") or ""
        symbols = tuple(self.unspell(unquote(one)) for one in spelled.split(",") if one)
        return Ask(
            data_type=self.data_type,
            symbols=symbols or (MARKET_WIDE,),
            now=now,
            timeframe=self.timeframes[0] if self.timeframes else None,
        )


@dataclass(frozen=True, slots=True)
class Rate:
    """At most `calls` in any `seconds`; as vendors document their plans."""

    calls: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Handshake:
    """Requests whose answers give tokens that other requests carry as query parameters (Yahoo's cookie and crumb)."""

    requests: tuple[Request, ...]
    read: Callable[[Answer], Mapping[str, str]]
    """Tokens from the last request's answer; raises a ProviderError where it holds none."""


class Provider(ABC):
    """A vendor: where it is, what it needs, how much it allows, which endpoints it has, how it words its errors."""

    name: ClassVar[str]
    title: ClassVar[str]
    homepage: ClassVar[str]
    base_url: ClassVar[str]
    hosts: ClassVar[Mapping[str, str]] = {}
    """Other addresses it uses, by the word that `Request.host` has for them."""
    needs_key: ClassVar[bool] = True
    headers: ClassVar[Mapping[str, str]] = {}
    limits: ClassVar[tuple[Rate, ...]] = ()
    """The documented free plan."""
    concurrency: ClassVar[int] = 5
    interval: ClassVar[float] = 0.0
    """Seconds between two requests that the vendor wants; 0 where it does not mind."""
    handshake: ClassVar[Handshake | None] = None
    endpoints: ClassVar[tuple[Endpoint, ...]]

    def authorise(self, request: Request, key: str) -> Request:
        """The request with the key where the vendor wants it; override where that is not a header of its own."""
        return request

    @abstractmethod
    def classify(self, answer: Answer) -> ProviderError | None:
        """The error that an answer is, by status and wording; None when it looks like data."""

    def endpoints_for(self, data_type: str) -> tuple[Endpoint, ...]:
        return tuple(endpoint for endpoint in self.endpoints if endpoint.data_type == data_type)

    def match(self, url: str, now: datetime) -> tuple[Endpoint, Ask] | None:
        """The endpoint that serves an address of this vendor (host and credentials aside), and what it was asked."""
        parts = urlsplit(url)
        path = parts.path.removeprefix(urlsplit(self.base_url).path)
        params = dict(parse_qsl(parts.query, keep_blank_values=True))
        for endpoint in self.endpoints:
            ask = endpoint.match(path, params, now)
            if ask is not None:
                return endpoint, ask
        return None


def with_param(request: Request, name: str, value: str) -> Request:
    return replace(request, params={**request.params, name: value})


def with_header(request: Request, name: str, value: str) -> Request:
    return replace(request, headers={**request.headers, name: value})


Wordings = Sequence[tuple[str, type[ProviderError]]]
"""What a vendor says, as a pattern in lower case, and what it means; the first that fits counts."""


def by_wording(wordings: Wordings, said: str) -> type[ProviderError] | None:
    """What a vendor's words mean; None where no wording fits."""
    return next((meaning for wording, meaning in wordings if re.search(wording, said.lower())), None)


def by_status(answer: Answer, message: str | None = None) -> ProviderError | None:
    """What the HTTP status alone says; vendors look at their own wording first.  None for 2xx."""
    if 200 <= answer.status < 300:
        return None
    said = f"HTTP {answer.status}" + (f": {message[:SAMPLE]}" if message else "")
    match answer.status:
        case 401:
            return AuthenticationFailed(said)
        case 402 | 403:
            return NotEntitled(said)
        case 404:
            return UnknownSymbol(said)
        case 429:
            return RateLimited(said, retry_after=retry_after(answer))
        case 408 | 425:
            return Unavailable(said)
        case status if status >= 500:
            return Unavailable(said)
        case _:
            return MalformedResponse(said, sample=answer.sample)
