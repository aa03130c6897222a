"""Finviz's pages: what stands beside a label, below a header, in a link; dates without their year.

Here belongs finding things by the words that a reader sees, because classes, ids and positions change every year or so
(pages of 2020, 2021, 2022 and 2026 differ in all of them).  What the words mean belongs to the endpoints.
"""

import re
from collections.abc import Collection, Iterator
from datetime import date

from selectolax.lexbor import LexborHTMLParser, LexborNode

from market_pipeline.providers.dates import month
from market_pipeline.providers.messages import Answer

Page = LexborHTMLParser
Node = LexborNode


def page_of(answer: Answer) -> Page:
    return LexborHTMLParser(answer.text)


def words(node: Node | None) -> str:
    """The visible text, with single spaces."""
    return "" if node is None else " ".join(node.text(separator=" ").split())


def cells(row: Node) -> list[Node]:
    """The cells of a table row, without those of tables inside of it."""
    return [child for child in row.iter() if child.tag in ("td", "th")]


def labelled(page: Page, labels: Collection[str]) -> dict[str, str]:
    """What stands in the cell behind each of `labels`; the first one where a label comes twice."""
    found: dict[str, str] = {}
    for row in page.css("tr"):
        side_by_side = cells(row)
        for label, value in zip(side_by_side[::2], side_by_side[1::2], strict=False):
            name = words(label)
            if name in labels:
                found.setdefault(name, words(value))
    return found


def tables(page: Page, *headers: str) -> Iterator[tuple[list[str], list[list[Node]]]]:
    """Every table with a row of these headers: all headers of that row, and the rows below that are as wide."""
    for head in page.css("tr"):
        names = [words(cell) for cell in cells(head)] if len(cells(head)) >= len(headers) else []
        table = _table_around(head)
        if table is None or not set(headers) <= set(names):
            continue
        rows = table.css("tr")
        below = rows[[row.mem_id for row in rows].index(head.mem_id) + 1 :]
        yield names, [cells(row) for row in below if len(cells(row)) == len(names)]


def _table_around(row: Node) -> Node | None:
    around = row.parent
    while around is not None and around.tag != "table":
        around = around.parent
    return around


def link(page: Page, pattern: str) -> Node | None:
    """The first link whose address matches."""
    return next((one for one in page.css("a") if re.search(pattern, address(one))), None)


def address(node: Node | None) -> str:
    """Where the first link of a node leads; "" where it has none."""
    found = None if node is None else node.css_first("a")
    return "" if found is None else found.attributes.get("href") or ""


def day_near(written: str, around: date) -> date | None:
    """The day of "Mon Jan 17" or "Oct 30 AMC", of the year that brings it nearest to `around`; None without one."""
    found = re.search(r"\b([A-Z][a-z]{2}) (\d{1,2})\b", written)
    if found is None:
        return None
    possible = []
    for year in (around.year - 1, around.year, around.year + 1):
        try:
            possible.append(date(year, month(found[1]), int(found[2])))
        except ValueError:  # Feb 29
            continue
    return min(possible, key=lambda one: abs(one - around), default=None)
