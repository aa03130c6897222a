"""Several payments on one ex-date, as vendors list them, made one row."""

from collections.abc import Iterable
from typing import Any


def add_up_dividends(rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """One row for a symbol and ex-date: different amounts (regular and special) are added, equal ones are copies.

    A sum keeps the dates of its first part and says neither kind nor frequency.  A row without an amount is left
    out: it is announced and not set yet, and comes back with one.
    """
    payments: dict[tuple[Any, Any], dict[Any, dict[str, Any]]] = {}
    for row in rows:
        if row["amount"] is not None:
            payments.setdefault((row["symbol"], row["ex_date"]), {}).setdefault(row["amount"], row)
    return [_added_up(list(parts.values())) for parts in payments.values()]


def _added_up(parts: list[dict[str, Any]]) -> dict[str, Any]:
    if len(parts) == 1:
        return parts[0]
    return {**parts[0], "amount": sum(part["amount"] for part in parts), "kind": None, "frequency": None}
