"""A play: each fault of the plan in turn while a trading week goes on, the pipeline's recovery after it, and rest at the end."""

import random
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import cycle

from market_pipeline_tests.chaos.injectors import FAULTS, NotHere
from market_pipeline_tests.chaos.plan import Act, Order
from market_pipeline_tests.chaos.stage import ENDED, Stage, ordering

WEEK = 900.0  # seconds for what is left of it after the last fault
RECOVERY = 240.0  # seconds until a new run has succeeded, or the fault has not been survived
REST = 600.0  # seconds until nothing waits or runs any more: Dagster gives a run three minutes to start


@dataclass(frozen=True, slots=True)
class Played:
    """What came of an act."""

    act: Act
    recovery_seconds: float | None
    """From the end of the fault until a run that began after it had succeeded; None where none did."""
    rows_lost: int
    """Rows that were there before and are not afterwards."""
    skipped: str | None = None


def play(stage: Stage, acts: Sequence[Act], week: Iterable[Order], say: Callable[[str], object]) -> list[Played]:
    """All acts, one after the other, while a week goes on: again and again.  At last what is left of its first time."""
    played, through = [], threading.Event()
    with ordering(stage, _again_and_again(week, through)):
        for act in acts:
            say(act.fault)
            played.append(_play(stage, act))
        stage.act = "the rest of the week"
        say(stage.act)
        played.append(Played(Act(stage.act, 0.0, 0), _until(through.is_set, WEEK), 0))
    return played


def _again_and_again(week: Iterable[Order], through: threading.Event) -> Iterator[Order]:
    """Its orders without end; `through` tells that each has been placed."""
    known = []
    for order in week:
        known.append(order)
        yield order
    through.set()
    yield from cycle(known)


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
    if not _at_rest(stage):
        return False
    if stage.rows("SELECT FROM failed_symbols LIMIT 1"):
        stage.user.run("market-pipeline", "retry")
        return _at_rest(stage)
    return True


def _at_rest(stage: Stage) -> bool:
    """Waits until nothing goes on, and whoever has to look after what has ended has done so."""
    return _until(lambda: stage.look(_GOING_ON) == [(0,)], REST) is not None


_GOING_ON = f"""
    SELECT (SELECT count(*) FROM dagster.runs WHERE status NOT IN {ENDED})
        + (SELECT count(*) FROM dagster.bulk_actions WHERE status = 'REQUESTED')
        + (SELECT count(*) FROM scheduler_execution_log WHERE status = 'running')
        + (SELECT count(*) FROM failed_symbols WHERE state = 'waiting' AND next_retry_at <= now())
        -- crashed, and not begun again yet
        + (SELECT count(*) FROM dagster.run_tags AS crashed WHERE key = 'dagster/will_retry' AND value = 'true' AND NOT EXISTS (
            SELECT FROM dagster.run_tags WHERE run_id = crashed.run_id AND key = 'dagster/auto_retry_run_id'))
        -- sensors that have not looked since a run has ended: one owes what it was about, one computes what follows from it
        + (SELECT count(*) FROM unnest(ARRAY['failed_runs_sensor', 'automation_sensor']) AS sensor WHERE NOT EXISTS (
            SELECT FROM dagster.job_ticks WHERE tick_body::jsonb ->> 'job_name' = sensor
                AND status IN ('SKIPPED', 'SUCCESS') AND timestamp > (SELECT max(update_timestamp) FROM dagster.runs)))
"""
"""How much there is to wait for.  An account before that would call lost what is only not written down yet."""


def _until(happened: Callable[[], bool], seconds: float) -> float | None:
    """How many seconds it took; None if it did not happen in time."""
    began = time.monotonic()
    while time.monotonic() - began < seconds:
        if happened():
            return time.monotonic() - began
        time.sleep(0.5)
    return None
