"""Faults within HTTP: what a client gets instead of, or made of, an honest reply.

Pure functions over replies and bodies.  Whether a request suffers belongs to `faults`, broken connections to `wire`.
"""

import csv
import io
import re
from collections.abc import Collection
from typing import Any

import orjson

from market_pipeline.simulator.dialect import Call, Dialect, Reply

GARBAGE = -5_000_000_000_000_000_000
"""For every figure: below all that a record admits and inside 64 bits, so that it is read first and then refused."""

_FIGURE = r"[-+]?[$€£]?\d[\d,]*(?:\.\d+)?(?:[eE][-+]?\d+)?[%KMBT]?"
_WHOLE_FIGURE = re.compile(_FIGURE)
_FIGURE_IN_HTML = re.compile(rf"(?<=>)\s*{_FIGURE}\s*(?=<)")


def web_page() -> Reply:
    """What a proxy or a bot check puts in front of an API: a page, with status 200."""
    page = "<!DOCTYPE html><html><head><title>Just a moment...</title></head><body>Checking your browser.</body></html>"
    return Reply(page, content_type="text/html; charset=utf-8")


def lie(dialect: Dialect, call: Call, count: int) -> Reply:
    """Status 200 and no data: the vendor's own error body and an empty object, by turns."""
    return Reply({}) if count % 2 else Reply(dialect.unavailable(call).body)


def garbled(body: bytes, spellings: Collection[str], whole: bool) -> bytes:
    """A JSON, CSV or HTML body with senseless figures in what mentions one of `spellings`, or in all of it."""
    if body.lstrip()[:1] == b"<":
        return _html(body.decode(), spellings, whole).encode()
    try:
        return orjson.dumps(_json(orjson.loads(body), spellings, whole))
    except orjson.JSONDecodeError:
        return _csv(body.decode(), spellings, whole).encode()


def _json(value: Any, spellings: Collection[str], inside: bool) -> Any:
    if isinstance(value, dict):
        inside = inside or any(isinstance(item, str) and item in spellings for item in value.values())
        return {name: _json(item, spellings, inside or name in spellings) for name, item in value.items()}
    if isinstance(value, list):
        return [_json(item, spellings, inside) for item in value]
    if not inside or value is None or isinstance(value, bool):
        return value
    return _garbage_cell(value) if isinstance(value, str) else GARBAGE


def _csv(text: str, spellings: Collection[str], whole: bool) -> str:
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\r\n")
    for number, row in enumerate(csv.reader(io.StringIO(text))):
        meant = number > 0 and (whole or not set(spellings).isdisjoint(row))
        writer.writerow([_garbage_cell(cell) for cell in row] if meant else row)
    return written.getvalue()


def _html(text: str, spellings: Collection[str], whole: bool) -> str:
    def spoiled(row: str) -> str:
        meant = whole or any(f">{one}<" in row for one in spellings)
        return _FIGURE_IN_HTML.sub(str(GARBAGE), row) if meant else row

    return "".join(map(spoiled, re.split(r"(?=<tr)", text)))


def _garbage_cell(cell: str) -> str:
    """Figures are replaced, words and dates stay."""
    return str(GARBAGE) if _WHOLE_FIGURE.fullmatch(cell.strip()) else cell
