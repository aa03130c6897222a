"""How Polygon's dialect wraps what it tells: status and request id, pages with a cursor, refusals, Unix times.

What is wrapped belongs to market.py, options.py and companies.py.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from datetime import date, datetime, time
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qsl, urlencode

from market_pipeline.simulator.dialect import NEW_YORK, Call, Reply

PRICING = "https://massive.com/pricing"


def envelope(call: Call, status: str = "OK") -> dict[str, Any]:
    asked = f"{call.path}?{urlencode(call.params)} {call.now}"
    return {"status": status, "request_id": sha256(asked.encode()).hexdigest()[:32]}


def error(call: Call, status: int, text: str) -> Reply:
    return Reply({**envelope(call, "ERROR"), "error": text}, status)


def not_authorized(call: Call, text: str) -> Reply:
    """A refusal by plan: its words are in `message`, unlike those of other errors."""
    return Reply({**envelope(call, "NOT_AUTHORIZED"), "message": f"{text} Please upgrade your plan at {PRICING}"}, 403)


def ticker_not_found(call: Call) -> Reply:
    return Reply({**envelope(call, "NOT_FOUND"), "message": "Ticker not found."}, 404)


def question(call: Call) -> Mapping[str, str]:
    """The parameters of a call, or of the one whose page this is the next of."""
    cursor = call.params.get("cursor")
    return call.params if cursor is None else dict(parse_qsl(urlsafe_b64decode(cursor).decode()))


def page(call: Call, rows: list[dict[str, Any]], default: int, most: int, **rest: Any) -> Reply:
    """As many rows as `limit` says, with the address of the others."""
    asked = question(call)
    start, limit = int(asked.get("offset", "0")), min(int(asked.get("limit", default)), most)
    body = {"results": rows[start : start + limit], **envelope(call), **rest}
    if start + limit < len(rows):
        following = urlencode({**asked, "offset": start + limit})
        body["next_url"] = f"{call.base_url}{call.path}?cursor={urlsafe_b64encode(following.encode()).decode()}"
    return Reply(body)


def milliseconds(moment: datetime) -> int:
    return int(moment.timestamp()) * 1000


def nanoseconds(moment: datetime) -> int:
    return int(moment.timestamp()) * 1_000_000_000


def midnight(session: date) -> datetime:
    return datetime.combine(session, time.min, NEW_YORK)
