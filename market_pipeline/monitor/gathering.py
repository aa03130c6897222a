"""Questions about single things that come at the same moment are asked as one.

Two hundred readers that follow two hundred symbols would be two hundred statements a second.  While one question is being
answered the next ones gather, so that however many there are, the database has one at a time.  Equal questions for the same
answer belong to `sharing`.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping
from typing import Generic, TypeVar

Answer = TypeVar("Answer")
Answers = Mapping[str, Answer]


class Gathered(Generic[Answer]):
    """Asks `ask` about several keys at once; keys that it leaves out have no answer."""

    def __init__(self, ask: Callable[[Collection[str]], Awaitable[Answers[Answer]]]) -> None:
        self._ask = ask
        self._keys: set[str] = set()
        self._round: asyncio.Task[Answers[Answer]] | None = None
        self._turn = asyncio.Lock()

    async def of(self, key: str) -> Answer | None:
        """The answer about a key, asked for after this call.  Raises what `ask` raises."""
        self._keys.add(key)
        if self._round is None:
            self._round = asyncio.ensure_future(self._next())
        found = await asyncio.shield(self._round)  # a reader that goes away takes nobody's answer along
        return found.get(key)

    async def _next(self) -> Answers[Answer]:
        async with self._turn:
            keys, self._keys, self._round = self._keys, set(), None
            return await self._ask(keys)
