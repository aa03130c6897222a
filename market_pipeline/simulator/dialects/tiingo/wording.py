"""How Tiingo's dialect writes: tickers in lower case with dashes, days as midnights of UTC, tables as JSON or CSV.

What is written belongs to market.py, companies.py and fundamentals.py.
"""

import csv
import io
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

from market_pipeline.simulator.dialect import NEW_YORK, Call, Reply

Table = list[dict[str, Any]]


def detail(message: str, status: int) -> Reply:
    return Reply({"detail": message}, status)


def of_ticker(handler: Callable[[Call, str], Any]) -> Callable[[Call], Reply]:
    """The handler's answer about the ticker in the path, as CSV where `format` asks for it; 404 for an unknown one."""

    def answer(call: Call) -> Reply:
        ticker = call.values["ticker"]
        symbol = canonical(ticker)
        if not call.market.knows(symbol):
            return detail(f"Error: Ticker '{ticker.upper()}' not found", 404)
        return table(call, handler(call, symbol))

    return answer


def table(call: Call, rows: Any) -> Reply:
    if call.params.get("format") != "csv" or not rows:
        return Reply(rows)
    body = io.StringIO()
    writer = csv.DictWriter(body, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return Reply(body.getvalue(), content_type="text/csv")


def canonical(ticker: str) -> str:
    return ticker.strip().upper().replace("-", ".")


def spelled(symbol: str) -> str:
    return symbol.replace(".", "-").lower()


def asked(call: Call) -> list[str]:
    """The symbols in `tickers` that the market has; the vendor leaves the others out."""
    found = map(canonical, call.params.get("tickers", "").split(","))
    return [symbol for symbol in found if call.market.knows(symbol)]


def midnight(day: date) -> str:
    return f"{day.isoformat()}T00:00:00.000Z"


def days(call: Call, back: int, start: str = "startDate", end: str = "endDate") -> tuple[date, date]:
    """The days of these two parameters; without them so many days back, up to today."""
    today = call.now.astimezone(NEW_YORK).date()
    first, last = call.params.get(start), call.params.get(end)
    return (today - timedelta(days=back) if first is None else _day(first), today if last is None else _day(last))


def _day(written: str) -> date:
    """Days come without leading zeros too: 2020-1-1."""
    return datetime.strptime(written[:10], "%Y-%m-%d").date()  # noqa: DTZ007 - a day has no zone
