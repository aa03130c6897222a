"""What is played: which faults in which order, and what an order is.  Pure: it follows from a seed.

How a fault is done to a pipeline belongs to `injectors`, what is ordered meanwhile to `week`.
"""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any


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
    run_config: Mapping[str, Any] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)


def acts(faults: Sequence[tuple[str, float]], seed: int) -> list[Act]:
    """The faults, each with its seconds, in an order that follows from the seed."""
    dice = random.Random(seed)
    found = [Act(fault, seconds, dice.randrange(2**31)) for fault, seconds in faults]
    dice.shuffle(found)
    return found
