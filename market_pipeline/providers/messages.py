"""What travels between the router, a vendor's endpoint and the HTTP client: asks, requests, answers, parsed rows.

Here belong these values and the reading of an answer's envelope (JSON, CSV, Retry-After).  What an answer means belongs
to the vendor's file.
"""

import csv
import io
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import orjson

from market_pipeline.providers.dates import NEW_YORK
from market_pipeline.providers.errors import MalformedResponse, ProviderError

Row = dict[str, Any]
SAMPLE = 500  # characters of an unreadable answer that are kept: enough to see an HTML title or a JSON envelope


@dataclass(frozen=True, slots=True)
class Window:
    """Exchange-local dates from `start` to `end`, both included."""

    start: date
    end: date

    def __contains__(self, found: date) -> bool:
        return self.start <= found <= self.end


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """What is wanted of one endpoint: canonical symbols (or MARKET_WIDE), and a window where time matters."""

    data_type: str
    symbols: tuple[str, ...]
    now: datetime
    window: Window | None = None
    timeframe: str | None = None

    @property
    def symbol(self) -> str:
        """The symbol of an ask for exactly one."""
        (only,) = self.symbols
        return only

    @property
    def today(self) -> date:
        """The day on which it is asked, in New York."""
        return self.now.astimezone(NEW_YORK).date()


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """An HTTP request without credentials; `path` is relative to the base address, or a whole address on it."""

    path: str
    params: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    host: str = ""
    """A key of `Provider.hosts`, for the few requests that go elsewhere than the base address."""
    handshake: bool = False
    """Whether the session tokens of `Provider.handshake` have to be added."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An HTTP answer, whole and unread.  Header names are lower case."""

    url: str
    status: int
    body: bytes
    received_at: datetime
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def params(self) -> Mapping[str, str]:
        """Query parameters of the request that was answered: bodies seldom repeat what was asked for."""
        return dict(parse_qsl(urlsplit(self.url).query))

    @property
    def received_on(self) -> date:
        """The day on which it came, in New York."""
        return self.received_at.astimezone(NEW_YORK).date()

    @property
    def text(self) -> str:
        return self.body.decode("utf-8", errors="replace")

    @property
    def sample(self) -> str:
        return self.body[:SAMPLE].decode("utf-8", errors="replace")

    def json(self) -> Any:
        """The parsed body.  Raises MalformedResponse for anything but JSON, HTML and truncated bodies among it."""
        try:
            return orjson.loads(self.body)
        except orjson.JSONDecodeError as error:
            looks = "HTML" if self.body.lstrip()[:1] == b"<" else "text" if self.body else "an empty body"
            raise MalformedResponse(f"expected JSON, got {looks}: {error}", sample=self.sample) from error

    def csv(self, *columns: str) -> list[dict[str, str]]:
        """The body as rows by column name.  Raises MalformedResponse where one of `columns` is not in the header."""
        try:
            reader = csv.DictReader(io.StringIO(self.text.lstrip("\ufeff")), strict=True)
            missing = set(columns) - set(reader.fieldnames or ())
            if missing:
                raise MalformedResponse(f"expected CSV with {', '.join(columns)}", sample=self.sample)
            return [{name: value or "" for name, value in row.items() if isinstance(name, str)} for row in reader]
        except csv.Error as error:
            raise MalformedResponse(f"expected CSV: {error}", sample=self.sample) from error


@dataclass(frozen=True, slots=True)
class Parsed:
    """What an answer held: rows for the dataset's check, requests that have the rest, and errors about single symbols.

    A symbol that was asked for and is in neither `rows` nor `errors` has no data.
    """

    rows: list[Row]
    more: tuple[Request, ...] = ()
    errors: Mapping[str, ProviderError] = field(default_factory=dict)


def retry_after(answer: Answer) -> float | None:
    """Seconds of a Retry-After header in either of its forms (RFC 9110 §10.2.3); None where absent or senseless."""
    written = answer.headers.get("retry-after", "").strip()
    if re.fullmatch(r"\d{1,9}(\.\d+)?", written):
        return float(written)
    try:
        until = parsedate_to_datetime(written)
    except (ValueError, IndexError, TypeError):
        return None
    if until.tzinfo is None:  # "-0000" in the header: a time without a zone, which HTTP does not allow
        return None
    return max(0.0, (until - answer.received_at).total_seconds())


def first_text(payload: Any, *names: str) -> str | None:
    """The first of `names` that a JSON object holds a non-empty string under: where vendors put their messages."""
    if not isinstance(payload, Mapping):
        return None
    return next((payload[name] for name in names if isinstance(payload.get(name), str) and payload[name]), None)


def rows_of(payload: Any, what: str) -> Iterable[Mapping[str, Any]]:
    """A JSON list of objects.  Raises MalformedResponse for any other shape: drift is never read as emptiness."""
    if not isinstance(payload, list) or not all(isinstance(item, Mapping) for item in payload):
        raise MalformedResponse(f"expected a list of objects in {what}", sample=str(payload)[:SAMPLE])
    return payload
