"""How FRED words a refusal, and what its answers about releases and about series have in common."""

from datetime import date
from zoneinfo import ZoneInfo

from market_pipeline.simulator.dialect import Call, Reply

CENTRAL = ZoneInfo("America/Chicago")


def error(message: str, status: int = 400) -> Reply:
    return Reply({"error_code": status, "error_message": message}, status)


def today(call: Call) -> date:
    return call.now.astimezone(CENTRAL).date()


def asked_day(call: Call, name: str, default: date) -> date:
    """A date of the query.  Raises ValueError for text that is none."""
    written = call.params.get(name)
    return default if written is None else date.fromisoformat(written)
