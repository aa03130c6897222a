"""A play: each fault of the plan in turn while orders go on, the pipeline's recovery after it, and rest at the end."""

import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from market_pipeline_tests.chaos.injectors import FAULTS, NotHere
from market_pipeline_tests.chaos.plan import Act, Order
from market_pipeline_tests.chaos.stage import Stage, ordering

RECOVERY = 240.0  # seconds until a new run has succeeded, or the fault has not been survived
REST = 400.0  # seconds until nothing waits or runs any more: Dagster gives a run three minutes to start

QUIET = 20  # looks in a row, two a second


@dataclass(frozen=True, slots=True)
class Played:
    """What came of an act."""

    act: Act
    recovery_seconds: float | None
    """From the end of the fault until a run that began after it had succeeded; None where none did."""
    rows_lost: int
    """Rows that were there before and are not afterwards."""
    skipped: str | None = None


def play(stage: Stage, acts: Sequence[Act], orders: Iterator[Order], say: Callable[[str], object]) -> list[Played]:
    """All acts, one after the other, while orders go on."""
    played = []
    with ordering(stage, orders):
        for act in acts:
            say(f"{act.fault} …")
            played.append(_play(stage, act))
    return played


def _play(stage: Stage, act: Act) -> Played:
    stage.act = act.fault
    before = stage.rows_by_table()
    try:
        with FAULTS[act.fault].inject(stage, random.Random(act.seed)):
            time.sleep(act.seconds)
    except NotHere as reason:
        return Played(act, None, 0, str(reason))
    over = datetime.now(UTC)
    seconds = _until(lambda: stage.works_since(over), RECOVERY)
    after = stage.rows_by_table() if seconds is not None else before
    lost = sum(max(0, before[name] - after[name]) for name in before)
    return Played(act, seconds, lost)


def come_to_rest(stage: Stage) -> bool:
    """Waits until nothing runs, has what is owed asked for once more by a person's command, and waits again."""
    stage.act = "afterwards"
    if not _at_rest(stage):
        return False
    if stage.rows("SELECT FROM failed_symbols LIMIT 1"):
        stage.user.run("market-pipeline", "retry")
        return _at_rest(stage)
    return True


def _at_rest(stage: Stage) -> bool:
    """Waits until nothing has run for a while: what was broken off is begun again some seconds later."""
    quiet = 0

    def still() -> bool:
        nonlocal quiet
        quiet = quiet + 1 if _rests(stage) else 0
        return quiet >= QUIET

    return _until(still, REST) is not None


def _rests(stage: Stage) -> bool:
    """Whether no run, no execution and no retry that is due is left."""
    found = stage.look(
        """SELECT (SELECT count(*) FROM dagster.runs WHERE status NOT IN ('SUCCESS', 'FAILURE', 'CANCELED'))
            + (SELECT count(*) FROM scheduler_execution_log WHERE status = 'running')
            + (SELECT count(*) FROM failed_symbols WHERE state = 'waiting' AND next_retry_at <= now())"""
    )
    return found == [(0,)]


def _until(happened: Callable[[], bool], seconds: float) -> float | None:
    """How many seconds it took; None if it did not happen in time."""
    began = time.monotonic()
    while time.monotonic() - began < seconds:
        if happened():
            return time.monotonic() - began
        time.sleep(0.5)
    return None
