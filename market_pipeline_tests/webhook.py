"""Somebody who wants to be told: a receiver of JSON messages on 127.0.0.1, for tests of alerts."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

import orjson


class Webhook:
    """Use as a context manager.  Keeps what it is sent while its `status` is 200."""

    def __init__(self) -> None:
        self.got: list[dict[str, Any]] = []
        self.status = 200
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self.url = f"json://user:sesame@127.0.0.1:{self._server.server_port}/hooks/4711"

    @property
    def texts(self) -> list[str]:
        return [one["message"] for one in self.got]

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()


def _handler(webhook: Webhook) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            content = self.rfile.read(int(self.headers["Content-Length"]))
            if webhook.status == 200:
                webhook.got.append(orjson.loads(content))
            self.send_response(webhook.status)
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            """Nothing: the tests' output is theirs."""

    return Handler
