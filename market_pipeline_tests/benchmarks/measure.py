"""Measuring: medians of several rounds, and what several measurements of the same thing come to."""

import statistics
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Result:
    """A measurement beside its limit, both in `unit`: larger is better, or a part of a whole."""

    what: str
    unit: str
    measured: float
    limit: float
    limit_is: str
    goal: float | None = None

    @property
    def ratio(self) -> float:
        return self.measured / self.limit


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the table: of several measurements of the same thing the one with the median ratio, and how far the ratios
    lie apart."""

    bench: str
    result: Result
    lowest: float
    highest: float
    count: int

    @property
    def verdict(self) -> str:
        """Whether the goal is met; nothing where there is none."""
        goal = self.result.goal
        return "" if goal is None else "met" if self.result.ratio >= goal else "missed"


def lines(bench: str, results: Iterable[Result]) -> list[Line]:
    """A line for each thing that was measured against a limit, in the order of their first measurements."""
    same: dict[tuple[str, str], list[Result]] = {}
    for result in results:
        same.setdefault((result.what, result.limit_is), []).append(result)
    found = []
    for group in same.values():
        ranked = sorted(group, key=lambda one: one.ratio)
        median = ranked[(len(ranked) - 1) // 2]
        found.append(Line(bench, median, ranked[0].ratio, ranked[-1].ratio, len(ranked)))
    return found


def per_second(work: Callable[[], int], rounds: int = 3) -> float:
    """Median over `rounds` of the units that `work` did, which it returns, per second."""
    return statistics.median(_speed(work) for _ in range(rounds))


def by_turns(*works: Callable[[], int], rounds: int = 5) -> list[float]:
    """The same of several things: one after the other in each round, so that all meet the machine's moods."""
    speeds = [[_speed(work) for work in works] for _ in range(rounds)]
    return [statistics.median(speed) for speed in zip(*speeds, strict=True)]


def _speed(work: Callable[[], int]) -> float:
    started = time.perf_counter()
    done = work()
    return done / (time.perf_counter() - started)
