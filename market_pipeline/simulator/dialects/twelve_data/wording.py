"""How Twelve Data's dialect writes: figures as text, errors as objects with a code, one object for each symbol of a batch.

What is written belongs to market.py, companies.py and statements.py.
"""

from collections.abc import Callable, Iterable
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from market_pipeline.simulator.dialect import NEW_YORK, Call, Reply
from market_pipeline.simulator.market import Company

PRICING = "https://twelvedata.com/pricing"
REFERENCE_DATA = "https://twelvedata.com/docs#reference-data"
TIERS = {"NASDAQ": "XNGS", "NYSE": "XNYS"}  # Nasdaq's shares go by the segment, the Global Select Market


class NothingThere(LookupError):
    """The vendor calls it an error when a range has no data; the message is its own."""


def error(code: int, message: str) -> dict[str, Any]:
    return {"code": code, "message": message, "status": "error"}


def refusal(code: int, message: str) -> Reply:
    return Reply(error(code, message), code)


def each_symbol(handler: Callable[[Call, str], Any]) -> Callable[[Call], Reply]:
    """The handler's object for one symbol; for several, an object for each, errors among them, under HTTP 200."""

    def answer(call: Call) -> Reply:
        spelled = [one for one in call.params.get("symbol", "").split(",") if one]
        found = {one: _about(call, one, handler) for one in spelled}
        if len(found) > 1:
            return Reply(found)
        only = next(iter(found.values()), None) or _unknown("symbol")
        return Reply(only, only.get("code", 200))

    return answer


def _about(call: Call, spelling: str, handler: Callable[[Call, str], Any]) -> Any:
    symbol = spelling.strip().upper()
    if not call.market.knows(symbol):
        return _unknown(spelling)
    try:
        return handler(call, symbol)
    except NothingThere as nothing:
        return error(400, str(nothing))


def _unknown(spelling: str) -> dict[str, Any]:
    parameter = "**symbol** or **figi** parameter is missing or invalid"
    return error(404, f"{parameter}. Please provide a valid symbol according to API documentation: {REFERENCE_DATA}")


def figure(value: Decimal | float) -> str:
    """A price or a percentage: five decimals."""
    return f"{value:.5f}"


def days(call: Call, back: int, ahead: int) -> tuple[date, date]:
    """The days `start_date` and `end_date`, or what is answered without them: so many days around today."""
    today = call.now.astimezone(NEW_YORK).date()
    start, end = today - timedelta(days=back), today + timedelta(days=ahead)
    written = {"start_date": start.isoformat(), "end_date": end.isoformat()} | dict(call.params)
    try:
        return _day(written["start_date"]), _day(written["end_date"])
    except ValueError:
        return start, end


def _day(written: str) -> date:
    return datetime.fromisoformat(written).date()


def instrument(company: Company, *left_out: str) -> dict[str, Any]:
    """What answers about companies say of the share they are about."""
    said = {
        "symbol": company.symbol,
        "name": company.name,
        "currency": company.currency,
        "exchange": company.exchange,
        "mic_code": TIERS[company.exchange],
        "exchange_timezone": NEW_YORK.key,
        "type": "Common Stock",
    }
    return {name: value for name, value in said.items() if name not in left_out}


def listed(call: Call, found: Iterable[Any]) -> list[tuple[Any, Company]]:
    """Entries of a calendar, each with its company."""
    return [(one, call.market.company(one.symbol, as_of=call.now)) for one in found]
