"""What all of EODHD's endpoints share: tickers with an exchange, tables as JSON or CSV, objects instead of lists.

What single answers hold belongs to `market`, `companies` and `fundamentals`, errors to the package.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from market_pipeline.providers.base import Endpoint
from market_pipeline.providers.exchanges import US, listed_symbol
from market_pipeline.providers.messages import Answer, Ask, rows_of
from market_pipeline.providers.normalise import canonical_symbol, dashed_symbol

SUFFIXES: Mapping[str, str] = {
    "US": US,
    "LSE": ".L", "IR": ".IR", "XETRA": ".DE", "F": ".F", "BE": ".BE", "DU": ".DU", "MU": ".MU", "STU": ".SG", "HM": ".HM",
    "HA": ".HA", "PA": ".PA", "AS": ".AS", "BR": ".BR", "LS": ".LS", "MC": ".MC", "MI": ".MI", "SW": ".SW", "VI": ".VI",
    "WAR": ".WA", "AT": ".AT", "BUD": ".BD", "PR": ".PR", "IS": ".IS", "TA": ".TA", "JSE": ".JO", "ST": ".ST", "OL": ".OL",
    "CO": ".CO", "HE": ".HE", "IC": ".IC", "TO": ".TO", "V": ".V", "NEO": ".NE", "MX": ".MX", "SA": ".SA", "BA": ".BA",
    "SN": ".SN", "AU": ".AX", "HK": ".HK", "SHG": ".SS", "SHE": ".SZ", "TSE": ".T", "KO": ".KS", "KQ": ".KQ", "TW": ".TW",
    "TWO": ".TWO", "NSE": ".NS", "BSE": ".BO", "JK": ".JK", "KLSE": ".KL", "BK": ".BK", "SR": ".SR",
}  # fmt: skip
"""EODHD's codes of exchanges with the suffix that our symbols carry for them."""
_CODES = {suffix: code for code, suffix in SUFFIXES.items() if suffix != US}
_PAIR = re.compile(r"[A-Z0-9]{2,8}-[A-Z]{3,4}")


class EodhdEndpoint(Endpoint):
    """BRK.B is BRK-B.US, OCDO.L is OCDO.LSE, ^GSPC is GSPC.INDX, BTC-USD is BTC-USD.CC, EURUSD=X is EURUSD.FOREX."""

    def spell(self, symbol: str) -> str:
        if symbol.startswith("^"):
            return f"{symbol[1:]}.INDX"
        if symbol.endswith("=X"):
            return f"{symbol.removesuffix('=X')}.FOREX"
        if _PAIR.fullmatch(symbol):
            return f"{symbol}.CC"
        ticker, dot, suffix = dashed_symbol(symbol).rpartition(".")
        code = _CODES.get(dot + suffix)
        return f"{dashed_symbol(symbol)}.US" if code is None else f"{ticker}.{code}"

    def unspell(self, spelling: str) -> str:
        return symbol_of(spelling) or spelling.upper()

    def params(self, ask: Ask) -> Mapping[str, str]:
        return {"fmt": "json"}


def symbol_of(spelling: str) -> str | None:
    """Our symbol for a ticker with its exchange; None where we cannot name it.  A bare ticker is a US one."""
    ticker, dot, exchange = spelling.strip().upper().rpartition(".")
    match exchange if dot else "":
        case "":
            return canonical_symbol(exchange)
        case "INDX":
            return f"^{ticker}"
        case "FOREX":
            return f"{ticker}=X"
        case "CC":
            return ticker
        case _:
            return listed_symbol(ticker, SUFFIXES.get(exchange))


def table(answer: Answer, *columns: str) -> list[Mapping[str, Any]]:
    """An answer's rows by lower-case names.  CSV may come whatever was asked for, after an empty line, with a footer."""
    body = answer.body.lstrip()
    if body[:1] in (b"[", b"{"):
        payload = answer.json()
        return [_lowered(row) for row in rows_of(payload if isinstance(payload, list) else [payload], "table")]
    rows = replace(answer, body=body).csv(*columns)
    return [_lowered(row) for row in rows if len([cell for cell in row.values() if cell]) > 1]


def _lowered(row: Mapping[str, Any]) -> Mapping[str, Any]:
    return {name.lower(): value for name, value in row.items()}


def objects(found: Any) -> Iterable[Mapping[str, Any]]:
    """The objects of a list that comes as an object with keys that do not matter, and as [] where it is empty."""
    return rows_of(list(found.values()) if isinstance(found, Mapping) else found or [], "list")
