"""What was measured, as one table: for the terminal, and docs/benchmarks.md with the machine and how to read it."""

import os
import platform
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path

import psutil
from rich.console import Console
from rich.table import Table

from market_pipeline.settings import PROJECT_ROOT
from market_pipeline_tests.benchmarks.measure import Line

DOCUMENT = PROJECT_ROOT / "docs" / "benchmarks.md"
HEADER = ("bench", "what", "measured", "limit", "the limit is", "ratio", "spread", "goal", "")


def cells(line: Line) -> tuple[str, ...]:
    one = line.result
    measured, limit = (f"{_rounded(value)} {one.unit}" for value in (one.measured, one.limit))
    spread = f"{line.lowest:.0%}–{line.highest:.0%}" if line.count > 1 else ""
    goal = "" if one.goal is None else f"{one.goal:.0%}"
    return (line.bench, one.what, measured, limit, one.limit_is, f"{one.ratio:.0%}", spread, goal, line.verdict)


def _rounded(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:,.1f}" if value >= 10 else f"{value:,.2f}"


def show(lines: Sequence[Line]) -> None:
    table = Table(*HEADER)
    for line in lines:
        table.add_row(*cells(line))
    Console(width=190).print(table)


def written(
    lines: Sequence[Line], explained: Mapping[str, str], *, day: date, rounds: int, postgres: str, load: float
) -> str:
    """The document; `explained` says of each bench how to read it, `load` is that of the machine beforehand."""
    rows = "\n".join(f"| {' | '.join((f'[{first}](#{first})', *rest))} |" for first, *rest in map(cells, lines))
    paragraphs = "\n\n".join(f"### {bench}\n\n{words.strip()}" for bench, words in explained.items())
    return f"""# Benchmarks

Written by `make bench` on {day}: {machine()}, Python {platform.python_version()}, PostgreSQL {postgres}, load
{load:.1f} beforehand (a quiet machine has none; on a busy one ratios suffer as well). Everything shares these cores: vendors (the
simulator), database, pipeline.

A limit is measured in the same run as what stands beside it, or follows from the latency that the simulator was given, or is
what was promised. So ratios can be compared between machines, and the figures themselves cannot. 100 % is the limit, and more is
better; parts of a whole are the exception. Rounds: {rounds}, each on a new database; what takes minutes has one, and repeats what
varies. Of several measurements the one with the median ratio is shown, and as spread the lowest and the highest ratio.
[Scaling](scaling.md) makes use of the figures.

| {" | ".join(HEADER)} |
|{" --- |" * len(HEADER)}
{rows}

## How to read them

{paragraphs}
"""


def machine() -> str:
    models = [line.partition(":")[2].strip() for line in _about_cores() if line.startswith("model name")]
    model = models[0] if models else platform.machine()
    return f"{os.cpu_count()} cores ({model}), {psutil.virtual_memory().total / 2**30:.0f} GiB, {platform.system()}"


def _about_cores() -> list[str]:
    described = Path("/proc/cpuinfo")
    return described.read_text().splitlines() if described.exists() else []
