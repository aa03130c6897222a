"""What `market-pipeline up` keeps running, as parts of a supervisor: the database, the simulator, Dagster's three processes.

Dagster's are the code server, which has the code and the runs, the webserver and the daemon; these two reach the first by a
socket.  `dagster dev` starts the same three, but ends all of them when one dies, without an error, and does not see that the
inner process of its code server is gone.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import orjson
import psutil
from dagster._core.errors import DagsterUserCodeUnreachableError
from dagster._grpc.client import DagsterGrpcClient

from market_pipeline.cli.supervisor import Part
from market_pipeline.simulator.control import SimulatorControl, SimulatorUnreachable
from market_pipeline.simulator.process import HOST, found_or_spawned
from market_pipeline.simulator.server import SimulatorSettings
from market_pipeline.storage.embedded_postgres import EmbeddedServer
from market_pipeline.storage.errors import DatabaseUnavailable

CODE = "market_pipeline.definitions"
LOCATION = "market_pipeline"  # as in workspace.yaml: schedules and sensors are known to Dagster under it
GRACE = 4.0  # seconds for the webserver or the daemon to end by itself; it usually takes 2
GRACE_OF_RUNS = 12.0  # seconds for the code server and its runs, which write down how far they came: that takes 2 or 3
OPEN_CALLS = "1"  # seconds that Dagster's code server waits for calls to it that are open; by itself a minute
ANSWER = 10  # seconds for a code server to answer; it takes milliseconds unless its machine is very busy
MISSED = 3  # answers in a row that it may owe
FIRST_ANSWER = 180.0  # seconds until it has to answer for the first time


@dataclass
class DatabasePart:
    """The embedded server.  It is left running at the end: whoever needs it next has it at once."""

    server: EmbeddedServer
    name: str = "the database"

    def start(self) -> None:
        self.server.ensure()

    def ready(self) -> bool:
        return True

    def trouble(self) -> str | None:
        try:
            return None if self.server.running() else "has ended"
        except DatabaseUnavailable as error:
            return f"does not answer: {error}"

    def stop(self, seconds: float) -> None:
        """It stays."""


@dataclass
class SimulatorPart:
    """The simulator on the settings' port: the one that is there, and one of our own as soon as that is gone."""

    settings: SimulatorSettings
    name: str = "the simulator"
    _ours: ExitStack = field(default_factory=ExitStack, init=False)

    def start(self) -> None:
        self._ours.close()
        self._ours.enter_context(found_or_spawned(self.settings))

    def ready(self) -> bool:
        return True

    def trouble(self) -> str | None:
        try:
            SimulatorControl(f"http://{HOST}:{self.settings.port}").world()
        except SimulatorUnreachable as error:
            return f"does not answer: {error}"
        return None

    def stop(self, seconds: float) -> None:
        self._ours.close()


@dataclass
class ProcessPart:
    """A Python module, run as a process with a session of its own: Ctrl-C reaches us alone."""

    name: str
    command: Sequence[str]
    folder: Path
    grace: float = GRACE
    _started: list["subprocess.Popen[bytes]"] = field(default_factory=list, init=False)
    """Every one: who was killed may have left others in its session, such as runs, which go on."""

    def start(self) -> None:
        command = [sys.executable, "-m", *self.command]
        defaults = {"DAGSTER_HOME": str(self.folder), "DAGSTER_GRPC_SHUTDOWN_GRACE_PERIOD": OPEN_CALLS}
        environment = {**defaults, **os.environ}
        self._started.append(subprocess.Popen(command, cwd=self.folder, env=environment, start_new_session=True))

    def ready(self) -> bool:
        return True

    def trouble(self) -> str | None:
        code = self._started[-1].poll()
        return None if code is None else ended(code)

    def stop(self, seconds: float) -> None:
        """Asks everything in its sessions to end, and kills what is left after the grace."""
        deadline = time.monotonic() + min(self.grace, seconds)
        for process in self._members():
            with suppress(psutil.NoSuchProcess):
                process.terminate()
        while self._members() and time.monotonic() < deadline:
            time.sleep(0.1)
        for process in self._members():
            with suppress(psutil.NoSuchProcess):
                process.kill()
        for started in self._started:
            started.wait()

    def _members(self) -> list[psutil.Process]:
        sessions = {started.pid for started in self._started}
        found = []
        for process in psutil.process_iter():
            with suppress(psutil.NoSuchProcess, ProcessLookupError):
                if os.getsid(process.pid) in sessions and process.status() != psutil.STATUS_ZOMBIE:
                    found.append(process)
        return found


@dataclass
class CodeServerPart(ProcessPart):
    """The code server, which is two processes: one that answers, and passes everything on to one that has the code."""

    socket: str = ""
    _answered: bool = field(default=False, init=False)
    _missed: int = field(default=0, init=False)
    _started_at: float = field(default=0.0, init=False)

    def start(self) -> None:
        self._answered, self._missed, self._started_at = False, 0, time.monotonic()
        super().start()

    def ready(self) -> bool:
        return self._answered

    def trouble(self) -> str | None:
        why = super().trouble() or self._silence()
        if why is not None:
            self._started[-1].kill()  # only the one that answers: the other's runs go on
        return why

    def _silence(self) -> str | None:
        try:
            DagsterGrpcClient(socket=self.socket).get_server_id(timeout=ANSWER)
        except DagsterUserCodeUnreachableError:
            self._missed += 1
        else:
            self._answered, self._missed = True, 0
        if self._answered:
            return "does not answer" if self._missed >= MISSED else None
        return "has not begun to answer" if time.monotonic() - self._started_at > FIRST_ANSWER else None


def ended(code: int) -> str:
    """How a process ended, by its exit code; a negative one is a signal's number.  Pure."""
    return f"was ended by {signal.Signals(-code).name}" if code < 0 else f"has ended with exit code {code}"


@contextmanager
def dagster_parts(folder: Path, port: int) -> Iterator[list[Part]]:
    """Dagster's processes in the order of their start, with the UI at `port`; run in `folder`, where dagster.yaml is."""
    with TemporaryDirectory(prefix="market_pipeline-") as own:
        socket, workspace = str(Path(own, "code")), Path(own, "workspace.yaml")
        server = {"location_name": LOCATION, "socket": socket, "host": "localhost"}
        workspace.write_bytes(orjson.dumps({"load_from": [{"grpc_server": server}]}))  # JSON is YAML
        quiet = ("--log-level", "warning")
        code = ("dagster", "code-server", "start", "-m", CODE, "--socket", socket, *quiet)
        web = ("dagster_webserver", "-w", str(workspace), "--host", "127.0.0.1", "--port", str(port))
        yield [
            CodeServerPart("the code server", code, folder, GRACE_OF_RUNS, socket=socket),
            ProcessPart("the webserver", web, folder),
            ProcessPart("the daemon", ("dagster._daemon", "run", "-w", str(workspace)), folder),
        ]
