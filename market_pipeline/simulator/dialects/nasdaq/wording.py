"""How Nasdaq writes: its envelope, its refusals, its display strings.

Here belongs what answers about securities and about days have in common.
"""

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from market_pipeline.simulator.dialect import NEW_YORK, Call, Reply

_NO_SUCH_SYMBOL = 1001


def data(found: Any, message: str | None = None) -> Reply:
    """A good answer."""
    return Reply(
        {
            "data": found,
            "message": message,
            "status": {"rCode": 200, "bCodeMessage": None, "developerMessage": None},
        }
    )


def refusal(code: int, message: str, status: int = 400) -> Reply:
    """An answer without data; `status` is in the body, HTTP's own is 200."""
    complaint = {"code": code, "errorMessage": message}
    return Reply(
        {
            "data": None,
            "message": None,
            "status": {"rCode": status, "bCodeMessage": [complaint], "developerMessage": None},
        }
    )


def of_symbol(handler: Callable[[Call, str], Reply]) -> Callable[[Call], Reply]:
    """A handler that gets the canonical symbol, and the vendor's refusal where the market has none of that name."""

    def answer(call: Call) -> Reply:
        symbol = call.values["symbol"].upper().replace("%SL%", ".").replace("/", ".")
        if not call.market.knows(symbol):
            return refusal(_NO_SUCH_SYMBOL, "Symbol not exists.")
        return handler(call, symbol)

    return answer


def dollars(amount: Decimal | float) -> str:
    return f"${amount:,}" if amount >= 0 else f"(${-amount:,})"


def us_date(day: date) -> str:
    return f"{day:%m/%d/%Y}"


def short_us_date(day: date) -> str:
    """Without leading zeros: 7/23/2026."""
    return f"{day.month}/{day.day}/{day.year}"


def stamp(moment: datetime) -> str:
    """Sep 24, 2026 12:35 PM ET"""
    local = moment.astimezone(NEW_YORK)
    return f"{local:%b} {local.day}, {local.year} {local.hour % 12 or 12}:{local:%M %p} ET"


def labelled(label: str, value: Any) -> dict[str, Any]:
    return {"label": label, "value": value}


def surprise(actual: Decimal, estimate: Decimal) -> str:
    """Per cent of the estimate."""
    return "N/A" if estimate == 0 else str(round(100 * (actual - estimate) / abs(estimate), 2))
