"""Values read straight from a recorded body, without a line of the adapters' code: what records are held against.

A place is written `quoteResponse|result|0|bid` in JSON, `0|close` in CSV (line, column), and is a regular expression
with one group in HTML and in text.  A reading turns a body into what `conformance.same` compares a record's value with.
"""

import csv
import io
import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from market_pipeline_tests.recordings import Recording

NEW_YORK = ZoneInfo("America/New_York")
Reading = Callable[[Any], Any]


def raw_body(recording: Recording) -> Any:
    """The JSON of a body, the lines of a table by column, or else its text."""
    text = recording.body.decode("utf-8")
    match recording.body_file.suffix:
        case ".json":
            return json.loads(text)
        case ".csv":
            return list(csv.DictReader(io.StringIO(text.lstrip())))
        case _:
            return text


def at(place: str) -> Reading:
    """What stands at a place, as it stands there.  Raises LookupError where nothing does."""

    def found(body: Any) -> Any:
        if isinstance(body, str):
            match = re.search(place, body, re.DOTALL)
            if match is None:
                raise LookupError(f"nothing in the body matches {place}")
            return match[1].strip()
        for step in place.split("|"):
            body = body[int(step)] if isinstance(body, list) else body[step]
        return body

    return found


def number(place: str, times: float = 1) -> Reading:
    """A displayed number such as `$1,234.5`, `(0.12)`, `3.4%` or `1.2B`, times a factor that changes its unit."""
    scales = {"K": 1e3, "M": 1e6, "B": 1e9, "T": 1e12}

    def found(body: Any) -> float:
        shown = str(at(place)(body)).strip()
        sign = -1 if shown.startswith("(") else 1
        scale = scales.get(shown[-1:], 1)
        return sign * float(re.sub(r"[$,%()KMBT]", "", shown)) * scale * times

    return found


def seconds(place: str, unit: float = 1) -> Reading:
    """ISO text of the UTC time that stands there as seconds since 1970; `unit` is 1e-3 for milliseconds and so on."""

    def found(body: Any) -> str:
        microseconds = int(Decimal(str(at(place)(body))) * Decimal(str(unit)) * 1_000_000)
        return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=microseconds)).isoformat()

    return found


def local_day(place: str, zone: ZoneInfo = NEW_YORK) -> Reading:
    """ISO text of the day that seconds since 1970 fall on at an exchange."""
    return lambda body: datetime.fromtimestamp(float(at(place)(body)), zone).date().isoformat()


def day(place: str, written: str = "%Y-%m-%d") -> Reading:
    """ISO text of a day, from the first characters that such a day takes."""

    def found(body: Any) -> str:
        shown = at(place)(body)
        length = len(datetime(2026, 11, 20, tzinfo=UTC).strftime(written))
        return datetime.strptime(shown[:length], written).replace(tzinfo=UTC).date().isoformat()

    return found


def moment(place: str, written: str, zone: ZoneInfo = NEW_YORK) -> Reading:
    """ISO text of a local time written in the format."""
    return lambda body: datetime.strptime(at(place)(body), written).replace(tzinfo=zone).isoformat()


READINGS: dict[str, Callable[..., Reading]] = {
    reading.__name__: reading for reading in (number, seconds, local_day, day, moment)
}
