"""How Alpha Vantage's dialect writes: symbols with dashes, figures as text, tables as CSV, and its refusals.

What is written belongs to market.py and companies.py.
"""

import csv
import io
from collections.abc import Callable, Mapping
from typing import Any

from market_pipeline.simulator.dialect import Call, Reply

PLANS = "https://www.alphavantage.co/premium/"
KEYS = "https://www.alphavantage.co/support/#api-key"
DOCUMENTATION = "https://www.alphavantage.co/documentation/"


def of_symbol(handler: Callable[[Call, str], Reply], unknown: Callable[[Call], Reply]) -> Callable[[Call], Reply]:
    """The handler's reply for a symbol of the market, `unknown` for any other."""

    def answer(call: Call) -> Reply:
        symbol = canonical(call.params.get("symbol", ""))
        return handler(call, symbol) if call.market.knows(symbol) else unknown(call)

    return answer


def canonical(spelling: str) -> str:
    return spelling.upper().replace("-", ".")


def spelled(symbol: str) -> str:
    return symbol.replace(".", "-")


def written(value: Any) -> str:
    """A figure as text, ratios with four decimals; "None" where there is none."""
    return str(round(value, 4) if isinstance(value, float) else value)


def table(rows: list[dict[str, Any]], columns: str) -> Reply:
    """Rows as CSV, the header also where there are none."""
    body = io.StringIO()
    writer = csv.DictWriter(body, columns.split(","), lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(rows)
    return Reply(body.getvalue(), content_type="application/x-download")


def wants_csv(call: Call) -> bool:
    return call.params.get("datatype") == "csv"


def information(text: str) -> Reply:
    return Reply({"Information": f"Thank you for using Alpha Vantage! {text}"})


def error(text: str) -> Reply:
    return Reply({"Error Message": text})


def premium(_: Call) -> Reply:
    plans = f"You may subscribe to any of the premium plans at {PLANS} to instantly unlock all premium endpoints"
    return information(f"This is a premium endpoint. {plans}")


def premium_sample(endpoint: str, sample: Mapping[str, Any]) -> Callable[[Call], Reply]:
    """A notice with made-up data beside it, which nobody must take for an answer."""
    told = "This is a premium endpoint. ***THE SAMPLE DATA SCHEMA BELOW IS ARTIFICIAL AND FOR ILLUSTRATION PURPOSES ONLY***."
    body = {
        "endpoint": endpoint,
        "message": f"{told} To access the actual data, please subscribe: {PLANS}",
        "data": [sample],
    }
    return lambda call: Reply(body)


def invalid_call(call: Call) -> Reply:
    function = call.params.get("function", "")
    return error(f"Invalid API call. Please retry or visit the documentation ({DOCUMENTATION}) for {function}.")


def nothing(_: Call) -> Reply:
    """What most functions say about a symbol they do not know."""
    return Reply({})
