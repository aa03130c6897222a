"""Ways to run a simulator: in this process until interrupted, in a thread of it, or as a process of its own.

Here belong sockets, threads and processes.  The socket is always opened first and handed to the server: a port in use
is told at once, a free port is known at once, and a client that comes too early waits instead of being refused.
"""

import contextlib
import errno
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

import uvicorn
from pydantic import TypeAdapter

from market_pipeline.providers.registry import PROVIDERS
from market_pipeline.simulator.control import SimulatorControl, SimulatorUnreachable
from market_pipeline.simulator.dialects import dialects
from market_pipeline.simulator.server import Simulator, SimulatorSettings, world_of
from market_pipeline.simulator.wire import BreakableProtocol

HOST = "127.0.0.1"
_START = 30.0  # seconds until a started simulator has to answer; it takes about two with its imports
_SETTINGS = TypeAdapter(SimulatorSettings)


class PortInUse(RuntimeError):
    """The port that a simulator should listen on is taken."""


def assembled(settings: SimulatorSettings) -> Simulator:
    """A simulator of every registered vendor.  Raises ValueError for settings that make no sense."""
    return Simulator(settings, dialects(), PROVIDERS)


def serve(settings: SimulatorSettings, announce: Callable[[str], object] | None = None) -> None:
    """Serves until SIGINT or SIGTERM; `announce` is told the address once.

    Raises ValueError for settings that make no sense and PortInUse.
    """
    simulator = assembled(settings)
    with _listening(settings.port) as listener:
        if announce is not None:
            announce(_url(listener))
        with contextlib.suppress(KeyboardInterrupt):  # uvicorn raises the signal again that ended it
            _server(simulator).run([listener])


class RunningSimulator:
    """A simulator in a thread of this process, on a free port unless the settings name one; for `with`.

    `assemble` makes it of the settings.  Raises ValueError and PortInUse as `serve` does.
    """

    def __init__(
        self,
        settings: SimulatorSettings | None = None,
        assemble: Callable[[SimulatorSettings], Simulator] = assembled,
    ) -> None:
        settings = settings if settings is not None else SimulatorSettings(port=0)
        self._server = _server(assemble(settings))
        self._listener = _listening(settings.port)
        self._thread = threading.Thread(target=self._server.run, args=([self._listener],), daemon=True)
        self.control = SimulatorControl(_url(self._listener))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._server.should_exit = True
        self._thread.join()
        self._listener.close()


class SimulatorProcess:
    """A simulator in another process; as a context manager it is stopped at the end."""

    def __init__(self, process: subprocess.Popen[bytes], url: str) -> None:
        self._process = process
        self.control = SimulatorControl(url)

    @property
    def pid(self) -> int:
        return self._process.pid

    def answers(self) -> bool:
        """Whether it serves by now."""
        try:
            return self.control.world() != ""
        except SimulatorUnreachable:
            return False

    def stop(self) -> None:
        """Asks it to end, and kills it where that takes longer than 5 seconds."""
        self._process.terminate()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()


def spawn(settings: SimulatorSettings, log: Path | None = None) -> SimulatorProcess:
    """Starts a simulator in a process of its own and waits until it answers.  Its output goes to `log`.

    Raises ValueError, PortInUse, or RuntimeError where it ends or does not answer in time.
    """
    assembled(settings)  # what the settings get wrong is told here, not in the child's log
    with _listening(settings.port) as listener, Path(log or os.devnull).open("ab") as output:
        inherited = listener.fileno()
        process = subprocess.Popen(
            [sys.executable, "-m", __name__, str(inherited), _SETTINGS.dump_json(settings).decode()],
            pass_fds=[inherited],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
        started = SimulatorProcess(process, _url(listener))
    try:
        _await(started, process, log)
    except BaseException:  # a signal, too: nobody else knows of the process yet
        started.stop()
        raise
    return started


def _await(started: SimulatorProcess, process: "subprocess.Popen[bytes]", log: Path | None) -> None:
    """Returns when the simulator answers.  Raises RuntimeError where it ends or does not answer in time."""
    deadline = time.monotonic() + _START
    while not started.answers():
        if process.poll() is not None or time.monotonic() > deadline:
            output_at = "nowhere: pass a log file" if log is None else log
            raise RuntimeError(f"the simulator did not start; exit code {process.returncode}, output in {output_at}")
        time.sleep(0.05)


@contextlib.contextmanager
def found_or_spawned(settings: SimulatorSettings, log: Path | None = None) -> Iterator[SimulatorControl]:
    """The simulator on the settings' port: the one that is there, else a new one, which stops at the end.

    Raises PortInUse where something else is there, another simulated world included; the rest as `spawn` does.
    """
    there = SimulatorControl(f"http://{HOST}:{settings.port}")
    try:
        world = there.world()
    except SimulatorUnreachable:
        with spawn(settings, log) as started:
            yield started.control
        return
    wanted = world_of(settings.seed)
    if world != wanted:
        raise PortInUse(
            f"port {settings.port} serves {world}, not {wanted}: stop that simulator or set another SIMULATOR_PORT"
        )
    yield there


def _server(simulator: Simulator) -> uvicorn.Server:
    simulator.market.market_state(simulator.clock.now())  # unpacks the calendar: 1 s that no first request should wait
    return uvicorn.Server(
        uvicorn.Config(
            simulator.application(),
            loop="asyncio",  # uvloop is there or not, depending on what else is installed: one behaviour everywhere
            http=BreakableProtocol,
            ws="none",
            lifespan="off",
            proxy_headers=False,
            access_log=False,
            log_config=None,  # logging is the process's own, which may be a pipeline run
            log_level="warning",
            timeout_keep_alive=60,  # seconds: longer than a client's pause between two batches
            timeout_graceful_shutdown=1,  # seconds: an answer held back by a fault does not delay the end
        )
    )


def _listening(port: int) -> socket.socket:
    try:
        listener = socket.create_server((HOST, port), backlog=512)
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        advice = f"port {port} of {HOST} is in use: stop what listens there or choose another port for the simulator"
        raise PortInUse(advice) from error
    # Inherited by every connection: a large answer's packets otherwise wait 40 ms for each other (Nagle).
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def _url(listener: socket.socket) -> str:
    return f"http://{HOST}:{listener.getsockname()[1]}"


def _main(inherited: str, settings: str) -> None:
    """The child's side of `spawn`: the number of the listening socket and the settings as JSON."""
    simulator = assembled(_SETTINGS.validate_json(settings))
    _server(simulator).run([socket.socket(fileno=int(inherited))])


if __name__ == "__main__":
    _main(*sys.argv[1:])
