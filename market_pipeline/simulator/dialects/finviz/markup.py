"""Finviz's markup, as far as all of its pages share it, and how it abbreviates figures.

Here belong tags and formats; what a page tells belongs to its own module.
"""

from collections.abc import Iterable
from decimal import Decimal
from html import escape

from market_pipeline.simulator.dialect import Reply

ABSENT = "-"
SIZES = (("B", 1_000_000_000), ("M", 1_000_000), ("K", 1_000))


def page(title: str, body: str, status: int = 200) -> Reply:
    """A whole page; `body` is markup."""
    head = f'<head>\n<title>{escape(title)}</title>\n<meta charset="UTF-8">\n</head>'
    whole = f'<!DOCTYPE html>\n<html lang="en">\n{head}\n<body>\n{body}\n</body>\n</html>\n'
    return Reply(whole, status, content_type="text/html; charset=utf-8")


def link(address: str, text: str, kind: str = "tab-link") -> str:
    return f'<a href="{escape(address)}" class="{kind}">{escape(text)}</a>'


def row(cells: Iterable[str]) -> str:
    return f"<tr>{''.join(cells)}</tr>"


def abbreviated(amount: float | Decimal) -> str:
    """2403.01B, 36.59M, 659.39K"""
    plain = float(amount)
    for unit, size in SIZES:
        if abs(plain) >= size:
            return f"{plain / size:.2f}{unit}"
    return f"{plain:.2f}"


def ratio(value: float | Decimal | None) -> str:
    return ABSENT if value is None else f"{value:.2f}"


def percent(fraction: float | Decimal | None) -> str:
    """0.0123 as 1.23%"""
    return ABSENT if fraction is None else f"{fraction:.2%}"
