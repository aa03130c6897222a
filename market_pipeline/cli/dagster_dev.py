"""`dagster dev` as a child process that is stopped completely, whatever happens."""

import errno
import os
import signal
import socket
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from types import FrameType, TracebackType
from typing import Self

from market_pipeline.simulator.process import PortInUse

GRACE = 25.0  # seconds for `dagster dev` to stop its daemon, webserver and code servers; it usually takes 5


def refuse_port_in_use(port: int, remedy: str) -> None:
    """Raises PortInUse where the port cannot be listened on; `remedy` is how another one is given."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            why = (
                "is in use: stop what listens there"
                if error.errno == errno.EADDRINUSE
                else f"is no use: {error.strerror}"
            )
            raise PortInUse(f"port {port} {why}, or take another one: `{remedy}`") from None


class DagsterDev:
    """Use as a context manager.  Leaving it stops Dagster, and only then may its database or simulator go."""

    def __init__(self, folder: Path, port: int) -> None:
        self._folder = folder
        self._command = [sys.executable, "-m", "dagster", "dev", "--host", "127.0.0.1", "--port", str(port)]
        self._process: subprocess.Popen[bytes] | None = None
        self._asked_to_stop = False
        self._waiting = False

    def __enter__(self) -> Self:
        signal.signal(signal.SIGTERM, self._interrupt)
        signal.signal(signal.SIGINT, self._interrupt)
        # A session of its own: Ctrl-C reaches us alone, and we say in which order things end.
        self._process = subprocess.Popen(self._command, cwd=self._folder, start_new_session=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process is not None  # noqa: S101 - set by __enter__
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(GRACE)
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)  # whoever is left of its session

    def wait(self) -> int:
        """Until Dagster ends by itself (its exit code) or we are told to stop (0)."""
        assert self._process is not None  # noqa: S101 - set by __enter__
        try:
            self._waiting = True
            return 0 if self._asked_to_stop else self._process.wait()
        except KeyboardInterrupt:
            return 0
        finally:
            self._waiting = False

    def _interrupt(self, number: int, frame: FrameType | None) -> None:
        """Ends the waiting.  At any other time it is only noted: neither the start nor the orderly end may break off."""
        self._asked_to_stop = True
        if self._waiting:
            self._waiting = False
            raise KeyboardInterrupt
