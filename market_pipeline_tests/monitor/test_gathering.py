"""Questions that come while another one is answered are one question, and each of them gets an answer of its own time."""

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

import pytest

from market_pipeline.monitor.gathering import Gathered


@dataclass
class Database:
    """Knows how long every word is but "unknown"; answers when it may, and fails when it is down."""

    asked: list[set[str]] = field(default_factory=list)
    may: asyncio.Event = field(default_factory=asyncio.Event)
    down: bool = False

    async def __call__(self, words: Collection[str]) -> Mapping[str, int]:
        self.asked.append(set(words))
        await self.may.wait()
        if self.down:
            raise ConnectionError("down")
        return {word: len(word) for word in words if word != "unknown"}


async def settled() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


def test_what_comes_while_a_question_is_answered_is_asked_together_after_it() -> None:
    async def story(database: Database) -> None:
        gathered = Gathered(database)
        readers = [asyncio.ensure_future(gathered.of("first"))]
        await settled()
        readers += [asyncio.ensure_future(gathered.of(word)) for word in ("a", "bb", "bb", "unknown", "first")]
        await settled()
        assert database.asked == [{"first"}]
        database.may.set()
        assert await asyncio.gather(*readers) == [5, 1, 2, 2, None, 5]
        assert database.asked == [{"first"}, {"a", "bb", "unknown", "first"}]
        assert await gathered.of("a") == 1
        assert database.asked[2:] == [{"a"}], "an answer is never an old one"

    asyncio.run(story(Database()))


def test_an_error_is_told_to_those_who_wait_and_the_next_question_is_asked() -> None:
    async def story(database: Database) -> None:
        database.may.set()
        database.down = True
        gathered = Gathered(database)
        readers = [gathered.of("a"), gathered.of("bb")]
        assert {type(one) for one in await asyncio.gather(*readers, return_exceptions=True)} == {ConnectionError}
        database.down = False
        assert await gathered.of("a") == 1

    asyncio.run(story(Database()))


def test_a_reader_that_goes_away_takes_nobodys_answer_along() -> None:
    async def story(database: Database) -> None:
        gathered = Gathered(database)
        first, second = (asyncio.ensure_future(gathered.of("a")) for _ in range(2))
        await settled()
        first.cancel()
        database.may.set()
        assert await second == 1
        with pytest.raises(asyncio.CancelledError):
            await first

    asyncio.run(story(Database()))
