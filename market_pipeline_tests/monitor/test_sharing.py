"""Equal questions of one moment get one answer: made once, never old, and never an error of a moment ago."""

import asyncio
from dataclasses import dataclass, field

import pytest
from starlette.types import Message, Receive, Scope, Send

from market_pipeline.monitor.sharing import AGE, Shared

DASHBOARD = "/api/v1/enrichment/dashboard/overview"


@dataclass
class Application:
    """Answers with the number of the question, as soon as it may."""

    asked: int = 0
    status: int = 200
    may: asyncio.Event = field(default_factory=asyncio.Event)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.asked += 1
        number = self.asked
        await self.may.wait()
        await send({"type": "http.response.start", "status": self.status, "headers": []})
        await send({"type": "http.response.body", "body": str(number).encode()})


@dataclass
class Readers:
    """Somebody in front of it, and a clock that stands still."""

    application: Application = field(default_factory=Application)
    now: float = 0.0

    def __post_init__(self) -> None:
        self.shared = Shared(self.application, lambda: self.now)

    async def read(self, path: str = DASHBOARD, query: bytes = b"", method: str = "GET") -> str:
        sent: list[Message] = []

        async def send(message: Message) -> None:
            sent.append(message)

        async def receive() -> Message:
            raise AssertionError("nobody has to read the request")

        scope = {"type": "http", "method": method, "path": path, "query_string": query}
        await self.shared(scope, receive, send)
        return bytes(sent[-1]["body"]).decode()


def test_readers_of_one_moment_share_an_answer_and_later_ones_get_a_new_one() -> None:
    async def story(readers: Readers) -> None:
        waiting = [asyncio.create_task(readers.read()) for _ in range(200)]
        await asyncio.sleep(0)
        readers.now = 5 * AGE  # however long it takes, it is the answer that everybody waits for
        readers.application.may.set()
        assert set(await asyncio.gather(*waiting)) == {"1"}
        assert await readers.read() == "2", "the first one is old by now"
        readers.now += 0.9 * AGE
        assert await readers.read() == "2"
        readers.now += 0.2 * AGE
        assert await readers.read() == "3"

    asyncio.run(story(Readers()))


def test_what_is_not_the_same_question_is_asked_for_itself() -> None:
    async def story(readers: Readers) -> None:
        readers.application.may.set()
        told = [
            await readers.read(),
            await readers.read(query=b"limit=5"),
            await readers.read("/api/v1/symbols"),
            await readers.read("/api/v1/symbols"),
            await readers.read(method="HEAD"),
        ]
        assert told == ["1", "2", "3", "4", "5"]

    asyncio.run(story(Readers()))


def test_a_reader_that_goes_away_takes_nobodys_answer_along() -> None:
    async def story(readers: Readers) -> None:
        first, second = (asyncio.create_task(readers.read()) for _ in range(2))
        await asyncio.sleep(0)
        first.cancel()
        readers.application.may.set()
        assert await second == "1"

    asyncio.run(story(Readers()))


def test_an_error_is_told_to_those_who_wait_and_to_nobody_else() -> None:
    async def story(readers: Readers) -> None:
        readers.application.may.set()
        readers.application.status = 503
        assert await readers.read() == "1"
        readers.application.status = 200
        assert await readers.read() == "2"

    asyncio.run(story(Readers()))


def test_an_application_that_breaks_is_asked_again_by_the_next_reader() -> None:
    async def broken(scope: Scope, receive: Receive, send: Send) -> None:
        raise RuntimeError("broken")

    async def story(readers: Readers) -> None:
        readers.shared = Shared(broken, lambda: readers.now)
        for _ in range(2):
            with pytest.raises(RuntimeError, match="broken"):
                await readers.read()

    asyncio.run(story(Readers()))
