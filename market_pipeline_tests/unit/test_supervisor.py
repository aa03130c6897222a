"""What is kept running: when a part that fails is started again, and in which order all of them end."""

import signal
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from market_pipeline.cli.parts import ended
from market_pipeline.cli.supervisor import LONGEST_DELAY, STAYED, STOP_SECONDS, Supervisor, delay
from market_pipeline.storage.errors import DatabaseUnavailable


@dataclass
class Scripted:
    """A part whose troubles are the test's; what happens to it goes into `happened`."""

    name: str
    happened: list[str]
    down: str | None = None
    refuses: bool = False
    answers_after: int = 0
    starts: int = field(default=0, init=False)
    given: float | None = field(default=None, init=False)
    """Seconds that it was given to stop."""

    def start(self) -> None:
        self.happened.append(f"start {self.name}")
        if self.refuses:
            raise DatabaseUnavailable("the disk is full")
        self.starts, self.down = self.starts + 1, None

    def ready(self) -> bool:
        self.answers_after -= 1
        return self.answers_after < 0

    def trouble(self) -> str | None:
        return self.down

    def stop(self, seconds: float) -> None:
        self.happened.append(f"stop {self.name}")
        self.given = seconds


@dataclass
class Clock:
    seconds: float = 0.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture(autouse=True)
def _handlers() -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def test_parts_start_in_order_once_the_one_before_is_ready_and_stop_in_the_opposite_one() -> None:
    happened: list[str] = []
    first, second = Scripted("first", happened, answers_after=1), Scripted("second", happened)
    with Supervisor([first, second], happened.append) as supervisor:
        supervisor.start()
        assert happened == ["start first", "start second"]
    assert happened[2:] == ["stop second", "stop first"]


def test_a_part_that_ends_is_started_again_and_a_person_is_told_why() -> None:
    said: list[str] = []
    clock, part = Clock(), Scripted("the daemon", [])
    with Supervisor([part], said.append, clock) as supervisor:
        supervisor.start()
        part.down = "was ended by SIGKILL"
        supervisor.look()
        assert part.starts == 1, "not at once"
        clock.seconds += 1
        supervisor.look()
        assert part.starts == 2
    assert said == [
        "the daemon was ended by SIGKILL; it is started again in 1 s",
        "the daemon has been started again",
    ]


def test_one_that_cannot_be_started_is_tried_again_later_each_time_and_for_ever() -> None:
    said: list[str] = []
    clock, part = Clock(), Scripted("the database", [])
    with Supervisor([part], said.append, clock) as supervisor:
        supervisor.start()
        part.down, part.refuses = "has ended", True
        for _ in range(900):
            supervisor.look()
            clock.seconds += 1
        assert sum("could not be started: the disk is full" in words for words in said) > 10
        assert said[-1].endswith(f"started again in {LONGEST_DELAY:.0f} s")
        part.refuses = False
        for _ in range(61):
            supervisor.look()
            clock.seconds += 1
        assert part.starts == 2
        clock.seconds += STAYED
        part.down = "has ended"
        supervisor.look()
        assert said[-1].endswith("in 1 s"), "it has run well: its next failure is a first one"


def test_of_parts_of_which_one_cannot_start_at_all_none_is_left() -> None:
    happened: list[str] = []
    parts = [Scripted("first", happened), Scripted("second", happened, refuses=True), Scripted("third", happened)]
    with pytest.raises(DatabaseUnavailable), Supervisor(parts, happened.append) as supervisor:
        supervisor.start()
    assert happened == ["start first", "start second", "stop second", "stop first"]


def test_told_to_stop_while_a_part_starts_it_starts_no_other_one() -> None:
    happened: list[str] = []
    never, other = Scripted("never ready", happened, answers_after=10**9), Scripted("other", happened)
    with Supervisor([never, other], happened.append) as supervisor:
        signal.raise_signal(signal.SIGTERM)
        supervisor.run()
    assert happened == []
    with Supervisor([never, other], happened.append) as supervisor:
        threading.Timer(0.1, signal.raise_signal, [signal.SIGINT]).start()
        supervisor.run()
    assert happened == ["start never ready", "stop never ready"]
    assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN, "a second Ctrl-C while Python ends is no failure"


def test_the_parts_have_20_seconds_from_the_signal_on_all_together() -> None:
    clock = Clock()
    parts = [Scripted("first", []), Scripted("second", [])]
    with Supervisor(parts, [].append, clock) as supervisor:
        supervisor.start()
        signal.raise_signal(signal.SIGTERM)
        clock.seconds += 5  # of a look that has to end first
        signal.raise_signal(signal.SIGTERM)
    assert [part.given for part in parts] == [STOP_SECONDS - 5] * 2


def test_the_delay_doubles_up_to_a_minute() -> None:
    assert [delay(failures) for failures in range(1, 9)] == [1, 2, 4, 8, 16, 32, 60, 60]


def test_a_signal_is_told_by_its_name() -> None:
    assert (ended(-9), ended(3)) == ("was ended by SIGKILL", "has ended with exit code 3")
