"""What the vendor is asked for, and how it spells symbols and times."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

from market_pipeline.simulator.dialect import NEW_YORK, Call, Reply

TIME = "%Y-%m-%d %H:%M:%S"


def of_symbol(handler: Callable[[Call, str], list[dict[str, Any]]]) -> Callable[[Call], Reply]:
    """The list about the one symbol that is asked for; [] for a symbol that is unknown."""

    def answer(call: Call) -> Reply:
        symbol = canonical(call.params.get("symbol", ""))
        return Reply(handler(call, symbol) if call.market.knows(symbol) else [])

    return answer


def per_symbol(parameter: str, handler: Callable[[Call, str], dict[str, Any]]) -> Callable[[Call], Reply]:
    """One object for each symbol in `parameter`; unknown ones are left out."""

    def answer(call: Call) -> Reply:
        return Reply([handler(call, symbol) for symbol in known(call, parameter)])

    return answer


def known(call: Call, parameter: str) -> list[str]:
    asked = (canonical(symbol) for symbol in call.params.get(parameter, "").split(","))
    return [symbol for symbol in asked if call.market.knows(symbol)]


def canonical(spelling: str) -> str:
    return spelling.strip().upper().replace("-", ".")


def spelled(symbol: str) -> str:
    """The vendor's spelling of a share class: BRK-B."""
    return symbol.replace(".", "-")


def days(call: Call, back: int, ahead: int) -> tuple[date, date]:
    """The days `from` and `to`, or what is answered without them: so many days around today."""
    today = call.now.astimezone(NEW_YORK).date()
    try:
        return date.fromisoformat(call.params["from"]), date.fromisoformat(call.params["to"])
    except (KeyError, ValueError):
        return today - timedelta(days=back), today + timedelta(days=ahead)
