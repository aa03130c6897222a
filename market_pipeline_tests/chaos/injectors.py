"""The faults: what each does to a pipeline, and how it is undone where it does not pass by itself.

Each is a context manager over a stage: entered, the fault is there; left, it is over.
"""

import os
import random
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import psutil

from market_pipeline.datasets import MARKET_WIDE
from market_pipeline.providers.registry import PROVIDERS
from market_pipeline.sessions import Sessions
from market_pipeline.simulator.control import SimulatorUnreachable
from market_pipeline.timetable import settled_sessions
from market_pipeline_tests.chaos.plan import Order
from market_pipeline_tests.chaos.stage import SIZE, USUAL, Stage
from market_pipeline_tests.chaos.week import EXCHANGE, SESSIONS
from market_pipeline_tests.e2e.conftest import BIN
from market_pipeline_tests.e2e.up import until

PATIENCE = 240  # seconds until there is something to break
Inject = Callable[[Stage, random.Random], AbstractContextManager[None]]


class NotHere(Exception):
    """The fault cannot be played on this machine; the message says why."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault by its name, for so many seconds."""

    inject: Inject
    seconds: float = 0.0


def _killed(words: str) -> Inject:
    """kill -9 of the pipeline's process with these words in its command line."""

    @contextmanager
    def inject(stage: Stage, dice: random.Random) -> Iterator[None]:
        until(lambda: stage.user.processes(words), PATIENCE)
        for process in stage.user.processes(words):
            process.kill()
        yield

    return inject


@contextmanager
def _worker_killed(stage: Stage, dice: random.Random) -> Iterator[None]:
    """kill -9 of one of the runs under way."""
    until(stage.workers, PATIENCE)
    with suppress(psutil.NoSuchProcess):
        dice.choice(stage.workers()).kill()
    yield


@contextmanager
def _postmaster_killed(stage: Stage, dice: random.Random) -> Iterator[None]:
    """kill -9 of PostgreSQL's first process while runs write."""
    until(stage.workers, PATIENCE)
    stage.postmaster().kill()
    yield


@contextmanager
def _backend_killed(stage: Stage, dice: random.Random) -> Iterator[None]:
    """kill -9 of one connection's process: PostgreSQL ends all others and recovers."""
    until(stage.workers, PATIENCE)
    writers = stage.look("SELECT pid FROM pg_stat_activity WHERE application_name LIKE 'market_pipeline fetch%'")
    others = stage.look("SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend'")
    os.kill(dice.choice(writers or others or [])[0], signal.SIGKILL)
    yield


@contextmanager
def _simulator_killed(stage: Stage, dice: random.Random) -> Iterator[None]:
    stage.note_served()
    with _killed("market_pipeline.simulator.process")(stage, dice):
        yield


def _frozen(processes: Callable[[Stage], Sequence[psutil.Process]]) -> Inject:
    """Processes stand still: their connections are open, and nobody answers on them."""

    @contextmanager
    def inject(stage: Stage, dice: random.Random) -> Iterator[None]:
        still = processes(stage)
        for process in still:
            process.suspend()
        try:
            yield
        finally:
            for process in still:
                with suppress(psutil.NoSuchProcess):
                    process.resume()

    return inject


def _database_processes(stage: Stage) -> list[psutil.Process]:
    first = stage.postmaster()
    return [first, *first.children(recursive=True)]


def _vendors(fault: str, share: float = 0.5) -> Inject:
    """A share of the vendors misbehave: those that the dice name."""

    @contextmanager
    def inject(stage: Stage, dice: random.Random) -> Iterator[None]:
        names = dice.sample(sorted(PROVIDERS), round(share * len(PROVIDERS)))
        stage.simulator.set_faults(";".join([USUAL, *(f"{name}:{fault}" for name in names)]))
        try:
            yield
        finally:
            _usual(stage)

    return inject


def _usual(stage: Stage) -> None:
    """The simulator as it was; one that has been killed comes back so."""

    def mended() -> bool:
        with suppress(SimulatorUnreachable):
            stage.simulator.set_faults(USUAL)
            return True
        return False

    until(mended, PATIENCE)


@contextmanager
def _poisoned(stage: Stage, dice: random.Random) -> Iterator[None]:
    """Every vendor's figures of one symbol are senseless."""
    symbol = dice.choice(stage.universe())
    with _vendors(f"garbage={symbol}", share=1)(stage, dice):
        yield


@contextmanager
def _clocks_jump(stage: Stage, dice: random.Random) -> Iterator[None]:
    """The vendors' clocks go three days ahead, and then as far back."""
    days = timedelta(days=3)
    try:
        stage.simulator.set_clock(datetime.now(UTC) + days)
        time.sleep(4)
        stage.simulator.set_clock(datetime.now(UTC) - days)
        yield
    finally:
        stage.simulator.set_clock()


@contextmanager
def _disk_full(stage: Stage, dice: random.Random) -> Iterator[None]:
    """Not a byte is left where the database and the spool write."""
    if stage.mount is None:
        raise NotHere("it takes root to mount a small file system, and a real disk is not filled")
    used = psutil.disk_usage(str(stage.mount)).used
    _resize(stage, str(used))
    try:
        yield
    finally:
        _resize(stage, SIZE)


def _resize(stage: Stage, size: str) -> None:
    subprocess.run(["mount", "-o", f"remount,size={size}", str(stage.mount)], check=True, capture_output=True)


@contextmanager
def _two_daemons(stage: Stage, dice: random.Random) -> Iterator[None]:
    """Somebody starts a second daemon on the same instance."""
    (first,) = stage.user.processes("dagster._daemon")
    workspace = first.cmdline()[-1]
    second = subprocess.Popen(
        [BIN / "dagster-daemon", "run", "-w", workspace],
        cwd=first.cwd(),
        env=first.environ(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield
    finally:
        second.terminate()
        second.wait()


@contextmanager
def _three_backfills(stage: Stage, dice: random.Random) -> Iterator[None]:
    """Three backfills at once, while live data goes on."""
    symbols, yesterday = stage.universe(), datetime.now(UTC).date() - timedelta(days=1)
    old = tuple(settled_sessions(Sessions(EXCHANGE), datetime.now(UTC), 2 * SESSIONS)[:2])  # before the week
    stage.backfill(Order("historical_prices", symbols, old, ("1d",), anew=False))
    stage.backfill(Order("news", symbols, (yesterday,), anew=False))
    stage.backfill(Order("economic_events", (MARKET_WIDE,), (yesterday,), anew=False))
    yield


FAULTS: dict[str, Fault] = {
    "nothing, for comparison": Fault(lambda stage, dice: nullcontext()),
    "run worker killed": Fault(_worker_killed),
    "daemon killed": Fault(_killed("dagster._daemon")),
    "webserver killed": Fault(_killed("dagster_webserver -w")),
    "code server killed": Fault(_killed("dagster code-server start")),
    "code server's inner process killed": Fault(_killed("dagster api grpc")),
    "PostgreSQL killed under writers": Fault(_postmaster_killed),
    "one connection of PostgreSQL killed": Fault(_backend_killed),
    "PostgreSQL hangs": Fault(_frozen(_database_processes), 8),
    "disk full": Fault(_disk_full, 8),
    "simulator killed": Fault(_simulator_killed),
    "half-open connections": Fault(_frozen(lambda stage: stage.user.processes("market_pipeline.simulator.process")), 8),
    "connections reset": Fault(_vendors("reset=0.5"), 10),
    "vendors down": Fault(_vendors("outage=0-"), 10),
    "all vendors down": Fault(_vendors("outage=0-", share=1), 10),
    "vendors slow": Fault(_vendors("slow=0.5,slow_seconds=5"), 10),
    "vendors throttle": Fault(_vendors("throttle=0.7"), 10),
    "vendors lie": Fault(_vendors("lying=0.4,html=0.2,truncated=0.2"), 10),
    "a poisoned symbol": Fault(_poisoned, 15),
    "vendors' clocks jump": Fault(_clocks_jump, 5),
    "two daemons": Fault(_two_daemons, 15),
    "three backfills in live hours": Fault(_three_backfills, 5),
}
