"""A small HTTP server that answers as vendors once did: recorded bodies by address, and whatever a test puts in.

    with ReplayServer(folder) as replay:
        requests.get(f"{replay.base_url('yahoo')}/v7/finance/quote", params={"symbols": "AAPL,MSFT"})

Below `/<provider>` lies what lies below the vendor's own base address.  Here belongs the finding of the answer to an
address; latency, rate limits and a market that moves belong to the simulator.
"""

import json
import threading
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import parse_qsl, unquote, urlsplit

from market_pipeline.providers.registry import PROVIDERS
from market_pipeline_tests.recordings import ERRORS, Recording, load

CREDENTIALS = frozenset({"apikey", "apiKey", "api_key", "api_token", "token", "crumb"})
VOLATILE = frozenset(
    # windows, which follow the clock
    "period1 period2 from to dates date start_date end_date startDate endDate start end range limit count outputsize"
    # what changes the dress of an answer and not what it says
    " lang region formatted useYfid includePrePost format fmt datatype file_type sort sort_order order order_by offset"
    " newsCount quotesCount adjusted".split()
)
CONTENT_TYPES = {".json": "application/json", ".csv": "text/csv", ".html": "text/html", ".xml": "application/xml"}

Params = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Canned:
    """An answer that is ready to be sent.  A Content-Length among the headers is sent as it is, true or not."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class ReplayServer:
    """Serves a folder of recordings on 127.0.0.1 at a free port while the `with` block lasts.

    A query matches without its credentials; with `lenient`, an address that was not recorded as it stands is answered
    by one that differs only in `volatile` parameters.  Unknown addresses get a 404 that names what was asked for.
    """

    def __init__(self, folder: Path, *, lenient: bool = False, volatile: frozenset[str] = VOLATILE) -> None:
        self._recorded: dict[tuple[str, str], list[tuple[Params, Recording]]] = {}
        self._put: dict[tuple[str, str], list[tuple[Params | None, Canned]]] = {}
        self._volatile = volatile if lenient else None
        self._requests: Counter[tuple[str, str]] = Counter()
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        wait = {"poll_interval": 0.02}  # seconds that closing may take; half a second by default
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs=wait, name="replay", daemon=True)
        for recording in sorted(load(folder), key=_answers_before):
            parts = urlsplit(recording.url)
            key = recording.provider, _below_base(recording.provider, parts.path)
            params = _without(CREDENTIALS, parse_qsl(parts.query, keep_blank_values=True))
            self._recorded.setdefault(key, []).append((params, recording))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def base_url(self, provider: str) -> str:
        """What stands here for the vendor's base address."""
        return f"http://127.0.0.1:{self._server.server_port}/{provider}"

    def put(
        self,
        provider: str,
        path: str,
        params: Mapping[str, str] | None = None,
        status: int = 200,
        headers: Mapping[str, str] | None = None,
        body: bytes | str = b"",
    ) -> None:
        """Answer `path` (relative to the base address) like this from now on, ahead of all recorded or put before.

        None as `params` means whatever the query is.  For a half-written answer give a Content-Length above the body's.
        """
        canned = Canned(status, headers or {}, body.encode() if isinstance(body, str) else body)
        wanted = None if params is None else _without(CREDENTIALS, params.items())
        with self._lock:
            self._put.setdefault((provider, path), []).insert(0, (wanted, canned))

    def count(self, provider: str, path: str | None = None) -> int:
        """Requests so far for a provider, or for one path of it."""
        with self._lock:
            return sum(times for (one, at), times in self._requests.items() if one == provider and path in (None, at))

    def answer(self, target: str) -> Canned:
        """What a request for `target` (`/<provider>/<path>?<query>`) gets; counts it."""
        parts = urlsplit(target)
        provider, _, rest = parts.path.lstrip("/").partition("/")
        path = _plain(f"/{rest}")
        params = _without(CREDENTIALS, parse_qsl(parts.query, keep_blank_values=True))
        with self._lock:
            self._requests[provider, path] += 1
            put = self._put.get((provider, path), [])
        for wanted, canned in put:
            if wanted is None or wanted == params:
                return canned
        return self._recorded_answer(provider, path, params)

    def _recorded_answer(self, provider: str, path: str, params: Params) -> Canned:
        here = self._recorded.get((provider, path), [])
        for wanted, recording in here:
            if wanted == params:
                return self._canned(recording)
        if self._volatile is not None:
            alike = [one for one in here if _without(self._volatile, one[0]) == _without(self._volatile, params)]
            if alike:  # the one that also agrees in most of the volatile ones
                return self._canned(max(alike, key=lambda one: len({*one[0]} & {*params}))[1])
        asked = {"error": "no recorded answer", "provider": provider, "path": path, "params": dict(params)}
        known = {**asked, "recorded here": [dict(wanted) for wanted, _ in here]}
        return Canned(404, {}, json.dumps(known).encode())

    def _canned(self, recording: Recording) -> Canned:
        """A recorded answer; links in it to the vendor's own addresses (next_url) lead back here."""
        body = recording.body
        for address in _addresses(recording.provider):
            body = body.replace(f"{address}/".encode(), f"{self.base_url(recording.provider)}/".encode())
        content_type = CONTENT_TYPES.get(recording.body_file.suffix, "text/plain")
        return Canned(recording.status, {"content-type": content_type, **recording.headers}, body)


def _answers_before(recording: Recording) -> tuple[bool, bool, bool, str]:
    """Of several recordings of one address: data before errors, good before bad, JSON before CSV, then by name."""
    body_is_json = recording.body_file.suffix == ".json"
    return recording.data_type == ERRORS, recording.status >= 400, not body_is_json, recording.id


def _addresses(provider: str) -> list[str]:
    known = PROVIDERS.get(provider)
    return [] if known is None else [address.rstrip("/") for address in (known.base_url, *known.hosts.values())]


def _below_base(provider: str, path: str) -> str:
    """A recorded path relative to the base address it lies on; vendors move hosts and keep paths."""
    bases = [urlsplit(address).path for address in _addresses(provider)]
    below = [base for base in bases if path.startswith(f"{base}/")]
    return _plain(path.removeprefix(max(below, key=len, default="")))


def _plain(path: str) -> str:
    return unquote(path).rstrip("/") or "/"


def _without(names: frozenset[str], params: Iterable[tuple[str, str]]) -> Params:
    return tuple(sorted((name, value) for name, value in params if name not in names))


def _handler(replay: ReplayServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = 64 * 1024  # one packet for head and body: two of them wait 40 ms for each other (Nagle)
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            canned = replay.answer(self.path)
            headers = {"content-type": "application/json", "content-length": str(len(canned.body))}
            headers |= {name.lower(): value for name, value in canned.headers.items()}
            self.close_connection = headers["content-length"] != str(len(canned.body))
            self.send_response(canned.status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(canned.body)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing: the counts are the log."""

    return Handler
