"""Measuring: medians of several rounds, and one table for all benchmarks."""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True, slots=True)
class Result:
    """One line of the table: a measurement beside its limit, both in `unit`, larger is better."""

    what: str
    unit: str
    measured: float
    limit: float
    limit_is: str
    goal: float | None = None

    @property
    def ratio(self) -> float:
        return self.measured / self.limit

    @property
    def verdict(self) -> str:
        """Whether the goal is met; nothing where there is none."""
        return "" if self.goal is None else "met" if self.ratio >= self.goal else "missed"


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


def show(results: list[Result]) -> None:
    table = Table("what", "measured", "limit", "the limit is", "ratio", "goal", "")
    for one in results:
        measured, limit = (f"{value:,.1f} {one.unit}" for value in (one.measured, one.limit))
        goal = "" if one.goal is None else f"{one.goal:.0%}"
        table.add_row(one.what, measured, limit, one.limit_is, f"{one.ratio:.0%}", goal, one.verdict)
    Console(width=150).print(table)
