"""What happens below HTTP: answers that leave in one packet, delays, a connection that is reset, one that ends midway.

An ASGI application cannot reach its connection; `BreakableProtocol` is uvicorn's HTTP protocol with the transport put
where the responses of these faults find it, and the time when a request came.  Ordinary answers are `server`'s.
"""

import asyncio
import socket
import struct
from typing import Any, cast

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

_TRANSPORT, _ARRIVED = "transport", "arrived"
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)  # linger on, for 0 seconds: close() sends RST instead of FIN


class _Together:
    """A transport on which all that is written in one turn of the event loop leaves at once, as vendors' servers do it.

    uvicorn writes head and body of an answer one by one: two packets, for which a client wakes up twice: a sixth more CPU for
    both sides together.
    """

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._waiting: list[bytes] = []

    def write(self, data: bytes) -> None:
        if not self._waiting:
            self._loop.call_soon(self._send)
        self._waiting.append(data)

    def close(self) -> None:
        self._send()
        self._transport.close()

    def _send(self) -> None:
        if self._waiting:
            self._transport.write(b"".join(self._waiting))
            self._waiting.clear()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)


class BreakableProtocol(HttpToolsProtocol):
    """uvicorn's protocol, whose requests carry their transport and the loop's time of arrival in `scope["state"]`."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as in uvicorn
        super().connection_made(cast(asyncio.Transport, _Together(transport, self.loop)))
        self.app_state = {**self.app_state, _TRANSPORT: self.transport}

    def data_received(self, data: bytes) -> None:
        self.app_state[_ARRIVED] = self.loop.time()
        super().data_received(data)


class Reset(Response):
    """No answer: the client sees `connection reset by peer`."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        transport = _transport(scope)
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        transport.abort()
        await _disconnected(receive)


class Truncated(Response):
    """Headers for the whole body, half of the body, and the end of the connection."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = bytes(self.body) or b"\n"
        headers = [(name, value) for name, value in self.raw_headers if name != b"content-length"]
        length = (b"content-length", str(len(body)).encode())
        await send({"type": "http.response.start", "status": self.status_code, "headers": [*headers, length]})
        await send({"type": "http.response.body", "body": body[: len(body) // 2], "more_body": True})
        _transport(scope).close()  # flushes what was written first
        await _disconnected(receive)


async def left_within(request: Request, seconds: float) -> bool:
    """Waits; True as soon as the client has gone, False when it is still there so many seconds after the request came.

    From then on, and not from now: of thirty requests that come at once the last has waited 15 ms for the others already.
    """
    try:
        async with asyncio.timeout_at(request.scope["state"][_ARRIVED] + seconds):
            await _disconnected(request.receive)
    except TimeoutError:
        return False
    return True


def _transport(scope: Scope) -> Any:
    return scope["state"][_TRANSPORT]


async def _disconnected(receive: Receive) -> None:
    """Until uvicorn knows that the connection has gone; returning earlier would be an unfinished response to it."""
    while (await receive())["type"] != "http.disconnect":
        pass
