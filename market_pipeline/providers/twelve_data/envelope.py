"""What all of Twelve Data's answers share: errors in the body, one object for each symbol of a batch, spellings.

What single answers hold belongs to `market`, `companies` and `fundamentals`.
"""

import re
from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any, ClassVar

from market_pipeline.providers.base import Endpoint, Wordings, by_status, by_wording
from market_pipeline.providers.errors import (
    AuthenticationFailed,
    MalformedResponse,
    NoData,
    NotEntitled,
    ProviderError,
    RateLimited,
    UnknownSymbol,
)
from market_pipeline.providers.messages import Answer, Ask, Parsed, Row, first_text

INDICES = {"^GSPC": "SPX", "^IXIC": "IXIC", "^DJI": "DJI", "^NDX": "NDX", "^RUT": "RUT", "^VIX": "VIX"}
_CANONICAL = {spelling: symbol for symbol, spelling in INDICES.items()}
_PAIR = re.compile(r"([A-Z0-9]{2,6})-([A-Z]{3,4})")

WORDINGS: Wordings = (
    (r"run out of api credits|api calls limit", RateLimited),  # first: it also advertises plans
    (r"available (exclusively|starting) with|consider upgrading|with your plan", NotEntitled),  # under 403, 400 or 404
    (r"\*\*apikey\*\*|api key", AuthenticationFailed),
    (r"no data|data (is )?not (found|available)", NoData),
    (r"not found|\*\*symbol\*\*.* (missing|invalid)", UnknownSymbol),
)


class TwelveDataEndpoint(Endpoint):
    """Indices go by their own names, pairs by a slash: ^GSPC is SPX, BTC-USD is BTC/USD; BRK.B is as ours."""

    symbols_in: ClassVar[str | None] = "symbol"

    def spell(self, symbol: str) -> str:
        return INDICES.get(symbol, _PAIR.sub(r"\1/\2", symbol))

    def unspell(self, spelling: str) -> str:
        ticker, _, _ = spelling.strip().upper().partition(":")  # BTC/USD:Huobi names the exchange
        return _CANONICAL.get(ticker) or ticker.replace("/", "-")


class SymbolEndpoint(TwelveDataEndpoint):
    """One whose answer is an object about the symbol or, where several are asked for, one for each of them.

    A symbol costs as much in a batch as alone (https://support.twelvedata.com/en/articles/5615854-credits).
    """

    cost_per_symbol = True

    def parse(self, answer: Answer, ask: Ask) -> Parsed:
        rows: list[Row] = []
        errors: dict[str, ProviderError] = {}
        for symbol, found in self.by_symbol(answer.json(), ask).items():
            error = error_in(found, answer)
            if error is None:
                rows += self.rows(symbol, found, answer)
            else:
                errors[symbol] = error
        return Parsed(rows, errors=errors)

    def by_symbol(self, payload: Any, ask: Ask) -> Mapping[str, Any]:
        if len(ask.symbols) == 1:
            return {ask.symbol: payload}
        parts = {self.unspell(name): part for name, part in payload.items()}
        return {symbol: parts[symbol] for symbol in ask.symbols}

    @abstractmethod
    def rows(self, symbol: str, found: Any, answer: Answer) -> list[Row]:
        """What the object about one symbol says."""


def error_in(payload: Any, answer: Answer) -> ProviderError | None:
    """The error that an object is: {"code": …, "message": …, "status": "error"}, under any HTTP status."""
    if not isinstance(payload, Mapping):
        return None
    if payload.get("status") != "error" and not {"code", "message"} <= payload.keys():
        return None
    said, code = first_text(payload, "message") or "", payload.get("code")
    told = f"{code}: {said}"
    meaning = by_wording(WORDINGS, said)
    if meaning is RateLimited:
        return RateLimited(told, retry_after=_wait(said, answer))
    if meaning is not None:
        return meaning(told)
    coded = by_status(replace(answer, status=code), said) if isinstance(code, int) else None
    return coded or MalformedResponse(told, sample=answer.sample)


def _wait(said: str, answer: Answer) -> float:
    """Seconds until the next minute, or the next day (UTC): credits come back with either, and no header tells."""
    now = answer.received_at
    this = now.replace(second=0, microsecond=0)
    if "for the day" in said:
        return (this.replace(hour=0, minute=0) + timedelta(days=1) - now).total_seconds()
    return (this + timedelta(minutes=1) - now).total_seconds()
