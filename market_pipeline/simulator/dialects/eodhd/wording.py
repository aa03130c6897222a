"""How EODHD's dialect writes: tickers with an exchange, tables as JSON or CSV, refusals in plain text.

What is written belongs to market.py, companies.py, fundamentals.py and feeds.py.
"""

import csv
import io
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from market_pipeline.simulator.dialect import NEW_YORK, Call, Reply

US = "US"
CSV = "application/csv"
Table = list[dict[str, Any]]


def plain(message: str, status: int, headers: Mapping[str, str] | None = None) -> Reply:
    return Reply(message, status, headers or {}, "text/html; charset=UTF-8")


def of_symbol(handler: Callable[[Call, str], Reply]) -> Callable[[Call], Reply]:
    """The handler's reply about the ticker in the path; 404 for an unknown one."""

    def answer(call: Call) -> Reply:
        symbol = canonical(call.values["symbol"])
        return handler(call, symbol) if call.market.knows(symbol) else plain("Ticker Not Found.", 404)

    return answer


def table(call: Call, rows: Table, columns: str) -> Reply:
    """Rows as JSON where `fmt` asks for it, else these columns as CSV."""
    return Reply(rows) if call.params.get("fmt") == "json" else Reply(as_csv(rows, columns), content_type=CSV)


def as_csv(rows: Table, columns: str) -> str:
    """The columns of a table under these names, which differ from the names in JSON by capitals only."""
    body = io.StringIO()
    writer = csv.writer(body, lineterminator="\n")
    writer.writerow(columns.split(","))
    plainly = [{name.lower(): value for name, value in row.items()} for row in rows]
    writer.writerows([row[column.lower()] for column in columns.split(",")] for row in plainly)
    return body.getvalue()


def canonical(spelling: str) -> str:
    """The market's symbol of a ticker; what is listed elsewhere is unknown."""
    ticker, dot, exchange = spelling.strip().upper().rpartition(".")
    if not dot:
        ticker, exchange = exchange, US
    return ticker.replace("-", ".") if exchange == US else spelling


def spelled(symbol: str) -> str:
    return f"{symbol.replace('.', '-')}.{US}"


def asked(call: Call, parameter: str) -> list[str]:
    """The symbols of the market in a parameter; the vendor leaves the others out."""
    found = (canonical(one) for one in call.params.get(parameter, "").split(",") if one)
    return [symbol for symbol in dict.fromkeys(found) if call.market.knows(symbol)]


def days(call: Call, back: int, ahead: int) -> tuple[date, date]:
    """The days `from` and `to`, or what is answered without them: so many days around today."""
    today = call.now.astimezone(NEW_YORK).date()
    start, end = call.params.get("from"), call.params.get("to")
    return (
        today - timedelta(days=back) if start is None else date.fromisoformat(start),
        today + timedelta(days=ahead) if end is None else date.fromisoformat(end),
    )


def figure(value: Decimal | float | None, decimals: int = 4) -> str | None:
    """Figures of fundamentals are text: ratios with four decimals, amounts with two."""
    return None if value is None else f"{value:.{decimals}f}"
