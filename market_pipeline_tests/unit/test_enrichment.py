"""Enrichment: some symbols at once, again after 2, 4 and 8 seconds where that may help, and one error stops no other."""

import threading
from collections import defaultdict
from collections.abc import Callable

import pytest

from market_pipeline.enrichment.pool import Enrichment, PassesByItself, Summary
from market_pipeline.tracking.executions import State


class Told:
    """What has been told of each symbol, and how long was waited."""

    def __init__(self) -> None:
        self.of: dict[str, list[tuple[str, int, str | None]]] = defaultdict(list)
        self.waited: list[float] = []
        self.through: list[tuple[int, int]] = []

    def __call__(
        self, symbol: str, status: State, *, retries: int, error: str | None = None, done: str | None = None
    ) -> None:
        self.of[symbol].append((status, retries, error))

    def run(self, work: Callable[[str], str], *symbols: str, concurrency: int = 2) -> Summary[str]:
        enrichment = Enrichment(work, self, concurrency=concurrency, sleep=self.waited.append)
        return enrichment.run(symbols, lambda through, total: self.through.append((through, total)))


def fails(times: int, error: Exception) -> Callable[[str], str]:
    """Work that raises so many times, then succeeds."""
    left = iter([error] * times)

    def work(symbol: str) -> str:
        for one in left:
            raise one
        return symbol.lower()

    return work


def test_symbols_that_succeed_are_in_progress_then_completed() -> None:
    told = Told()
    summary = told.run(str.lower, "AAPL", "MSFT")
    assert summary == Summary(done={"AAPL": "aapl", "MSFT": "msft"})
    assert told.of["AAPL"] == told.of["MSFT"] == [("in_progress", 0, None), ("completed", 0, None)]
    assert (told.waited, told.through) == ([], [(1, 2), (2, 2)])


def test_what_passes_by_itself_is_tried_again_after_2_4_and_8_seconds() -> None:
    told = Told()
    summary = told.run(fails(3, PassesByItself("HTTP 503")), "AAPL")
    assert summary == Summary(done={"AAPL": "aapl"}, retried={"AAPL"})
    assert told.waited == [2, 4, 8]
    assert told.of["AAPL"] == [
        ("in_progress", 0, None),
        ("retry", 1, "HTTP 503"),
        ("in_progress", 1, None),
        ("retry", 2, "HTTP 503"),
        ("in_progress", 2, None),
        ("retry", 3, "HTTP 503"),
        ("in_progress", 3, None),
        ("completed", 3, None),
    ]


def test_after_three_retries_it_has_failed() -> None:
    told = Told()
    summary = told.run(fails(9, PassesByItself("HTTP 503")), "AAPL")
    assert summary == Summary(failed={"AAPL": "HTTP 503"}, retried={"AAPL"})
    assert told.of["AAPL"][-1] == ("failed", 3, "HTTP 503")
    assert len([one for one in told.of["AAPL"] if one[0] == "in_progress"]) == 4


@pytest.mark.parametrize("error", [ValueError("a bad bar"), KeyError("close"), ZeroDivisionError()])
def test_any_other_error_is_the_end_of_its_symbol_and_of_no_other(error: Exception) -> None:
    told = Told()

    def work(symbol: str) -> str:
        if symbol == "BAD":
            raise error
        return symbol

    summary = told.run(work, "AAPL", "BAD", "MSFT")
    assert set(summary.done) == {"AAPL", "MSFT"}
    assert summary.failed == {"BAD": f"{type(error).__name__}: {error}"}
    assert told.waited == []
    assert [status for status, _, _ in told.of["BAD"]] == ["in_progress", "failed"]


def test_as_many_are_worked_on_at_once_as_is_allowed_and_no_more() -> None:
    working, most, lock = 0, 0, threading.Lock()
    met = threading.Barrier(3, timeout=30)

    def work(symbol: str) -> str:
        nonlocal working, most
        with lock:
            working += 1
            most = max(most, working)
        met.wait()
        with lock:
            working -= 1
        return symbol

    assert len(Told().run(work, *(f"S{number}" for number in range(9)), concurrency=3).done) == 9
    assert most == 3


def test_a_slow_symbol_holds_up_no_other() -> None:
    others_are_done = threading.Event()

    def work(symbol: str) -> str:
        if symbol == "SLOW":
            assert others_are_done.wait(30)
        if symbol == "S7":
            others_are_done.set()
        return symbol

    assert len(Told().run(work, "SLOW", *(f"S{number}" for number in range(8))).done) == 9


def test_an_interrupted_caller_waits_for_what_is_under_way_and_begins_nothing_else() -> None:
    told, begun = Told(), []

    def work(symbol: str) -> str:
        begun.append(symbol)
        raise PassesByItself("HTTP 503")

    def interrupt(through: int, total: int) -> None:
        raise KeyboardInterrupt

    def sleep(seconds: float) -> None:
        told.waited.append(seconds)

    enrichment = Enrichment(work, told, concurrency=1, sleep=sleep)
    with pytest.raises(KeyboardInterrupt):
        enrichment.run([f"S{number}" for number in range(50)], interrupt)
    assert len(set(begun)) < 50
