"""Answers that readers of the same moment share.

A dashboard on two hundred screens asks the same thing two hundred times.  Of equal GETs one is answered; whoever asks
meanwhile waits for that answer, and whoever asks within AGE of its beginning gets it as it is.  Only what nobody has just
changed by hand belongs here: after a form, one wants to see what has become of it.
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from starlette.types import ASGIApp, Message, Receive, Scope, Send

AGE = 1.0  # seconds that an answer may be old; its `timestamp` says when it was true
PATHS = ("/api/v1/enrichment/dashboard/", "/api/v1/admin/", "/metrics")
Key = tuple[str, bytes]


@dataclass(slots=True)
class _Answer:
    """One answer as it comes into being; `messages` are what is sent to each reader."""

    until: float
    work: "asyncio.Task[None] | None" = None
    messages: list[Message] = field(default_factory=list)

    @property
    def good(self) -> bool:
        return bool(self.messages) and self.messages[0]["status"] == 200


class Shared:
    """Around the application, inside of the guard: who may read is decided for each reader."""

    def __init__(self, app: ASGIApp, clock: Callable[[], float] = time.monotonic) -> None:
        self._app = app
        self._clock = clock
        self._answers: dict[Key, _Answer] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "GET" or not scope["path"].startswith(PATHS):
            await self._app(scope, receive, send)
            return
        key = (scope["path"], scope["query_string"])
        answer = self._answers.get(key)
        if answer is None or self._is_over(answer):
            answer = self._begin(key, scope)
        assert answer.work is not None  # noqa: S101 - `_begin` has set it
        await asyncio.shield(answer.work)  # a reader that goes away takes nobody's answer along
        for message in answer.messages:
            await send(message)

    def _begin(self, key: Key, scope: Scope) -> _Answer:
        self._answers = {known: one for known, one in self._answers.items() if not self._is_over(one)}
        answer = self._answers[key] = _Answer(self._clock() + AGE)

        async def keep(message: Message) -> None:
            answer.messages.append(message)

        answer.work = asyncio.ensure_future(self._app(scope, _no_body, keep))
        return answer

    def _is_over(self, answer: _Answer) -> bool:
        """Whether nobody gets it any more: it is old, or tells of something that may be over in a moment."""
        if answer.work is None or not answer.work.done():
            return False
        return self._clock() >= answer.until or not answer.good


async def _no_body() -> Message:
    return {"type": "http.request", "body": b"", "more_body": False}
