"""What is played: which faults in which order, and what the pipeline is asked for meanwhile.  Pure: it follows from a seed.

How a fault is done to a pipeline belongs to `injectors`.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import cycle

from market_pipeline.datasets import DATASETS, PartitionedBy

SYMBOLS_OF_AN_ORDER = 4
SESSIONS_OF_AN_ORDER = 2
ORDERED = [
    name
    for name, dataset in DATASETS.items()
    if dataset.partitioned_by is not PartitionedBy.INDEX and dataset.per_symbol
]
"""What is asked for by symbol; lists of indices and the calendar of the economy are about none."""


@dataclass(frozen=True, slots=True)
class Act:
    """One fault: its name in `injectors`, for how long it lasts, and a seed for whatever it chooses."""

    fault: str
    seconds: float
    seed: int


@dataclass(frozen=True, slots=True)
class Order:
    """Something the pipeline is asked for.  `days` are partitions; empty for what is current."""

    data_type: str
    symbols: tuple[str, ...]
    days: tuple[date, ...] = ()
    timeframes: tuple[str, ...] = ("",)
    anew: bool = True
    """Whether vendors have to be asked; a backfill is served by what they have answered lately."""


def acts(faults: Sequence[tuple[str, float]], seed: int) -> list[Act]:
    """The faults, each with its seconds, in an order that follows from the seed."""
    dice = random.Random(seed)
    found = [Act(fault, seconds, dice.randrange(2**31)) for fault, seconds in faults]
    dice.shuffle(found)
    return found


def orders(symbols: Sequence[str], sessions: Sequence[date], seed: int) -> Iterator[Order]:
    """Orders without end, data type by data type: no symbols, and no sessions of them, are asked for twice as long as there are
    others, so that what an order has lost no other one brings."""
    dice = random.Random(seed)
    shuffled = dice.sample(list(symbols), len(symbols))
    weeks = [tuple(sessions[at : at + SESSIONS_OF_AN_ORDER]) for at in range(0, len(sessions), SESSIONS_OF_AN_ORDER)]
    some = {name: cycle(_parts(shuffled)) for name in ORDERED}
    week = cycle(weeks)
    for name in cycle(ORDERED):
        past = DATASETS[name].partitioned_by is PartitionedBy.SESSION and not DATASETS[name].live
        timeframes = DATASETS[name].timeframes or ("",)
        yield Order(name, next(some[name]), next(week) if past else (), timeframes)


def _parts(symbols: Sequence[str]) -> list[tuple[str, ...]]:
    return [tuple(symbols[at : at + SYMBOLS_OF_AN_ORDER]) for at in range(0, len(symbols), SYMBOLS_OF_AN_ORDER)]
