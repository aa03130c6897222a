"""One data directory's server process: create the directory, start, find and stop the process.

Belongs here: initdb, pg_ctl and the pid file. Does not: who may call it when. Every caller holds the lock of
`embedded_postgres`, but another caller may have been killed halfway and its initdb or pg_ctl may still be running.
"""

import os
import re
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from shutil import rmtree

import psutil

from market_pipeline.storage.postgres_tools import ToolFailed, run, server_account

PORT = 5432  # names the socket file, nothing listens on TCP
SETTINGS = "-c listen_addresses= -c max_connections=200 -c timezone=UTC -c log_checkpoints=off"
START_SECONDS = 240  # crash recovery after a kill replays up to 1 GB of log
REFUSALS = 20  # after a kill -9 PostgreSQL refuses to start while old backends leave: about 5 s at most
UNUSED_PID = "2147483646"  # above every system's largest process id


@dataclass(frozen=True)
class Postmaster:
    """The server process of the data directory `data`, with its socket in `socket_directory`.

    All methods raise ToolFailed with PostgreSQL's own words, and OSError when files cannot be read or written.
    """

    data: Path
    socket_directory: Path

    def start(self, answers: Callable[[], bool]) -> None:
        """Start the process, or wait for one that is just starting, until `answers()`; creates the data directory."""
        if not self.data.exists():
            self._initialise()
        refused = 0
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if not self.runs():
                try:
                    return self._pg_ctl("start")
                except ToolFailed:
                    refused += 1
                    if refused > REFUSALS:
                        raise
            elif answers():
                return None
            elif self._socket_was_deleted():
                with suppress(ToolFailed):  # it may be leaving by itself
                    self.stop()
            time.sleep(0.1)
        raise ToolFailed(f"no answer after {START_SECONDS} s\n{self._log_tail()}")

    def stop(self) -> None:
        """Disconnect all clients and end the process; returns when it has ended."""
        self._pg_ctl("stop")

    def runs(self) -> bool:
        """Whether the process is there.

        The process id in a crash's pid file may be a zombie's or another program's by now, and PostgreSQL would refuse
        to start. Such a file gets a dead id but stays: its shared memory key is what guards against old backends.
        """
        file = self.data / "postmaster.pid"
        try:
            text = file.read_text()
            if not re.match(r"\d", text):  # just being written, or a crash came in between and it would block for ever
                if time.time() - file.stat().st_mtime < 5:
                    return True
                file.unlink()
                return False
        except FileNotFoundError:
            return False
        pid = text.split()[0]
        try:
            process = psutil.Process(int(pid))
            if process.name() == "postgres" and str(self.data) in process.cmdline():  # its -D <data directory>
                return True
        except (psutil.ZombieProcess, psutil.AccessDenied):
            pass
        except psutil.NoSuchProcess:
            return False
        file.write_text(text.replace(pid, UNUSED_PID, 1))
        return False

    def _initialise(self) -> None:
        """initdb aside, then rename: a data directory is complete or not there."""
        parent = self.data.parent
        for left in parent.glob("initdb-*"):  # a killed starter's; its initdb may still be writing,
            rmtree(left, ignore_errors=True)  # so ours gets a name of its own
        aside = Path(tempfile.mkdtemp(prefix="initdb-", dir=parent))
        os.chown(aside, *server_account())
        encoding = ("-E", "UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8")
        run("initdb", "-D", aside, "-U", "postgres", "-A", "trust", *encoding, scratch=parent)
        aside.rename(self.data)

    def _pg_ctl(self, action: str) -> None:
        options = f"-p {PORT} -k {self.socket_directory} {SETTINGS}"
        start = ("-l", self._log, "-t", START_SECONDS, "-o", options)
        try:
            run(
                *("pg_ctl", action, "-D", self.data, "-w"),
                *(start if action == "start" else ("-m", "fast")),
                scratch=self.data.parent,
            )
        except ToolFailed as error:
            raise ToolFailed(f"{error}\n{self._log_tail()}") from error

    def _socket_was_deleted(self) -> bool:
        """By a cleaner of /tmp. The pid file's fifth line names the socket's directory once the socket exists."""
        with suppress(FileNotFoundError):
            lines = (self.data / "postmaster.pid").read_text().splitlines()
            return len(lines) > 4 and not (self.socket_directory / f".s.PGSQL.{PORT}").exists()
        return False

    @property
    def _log(self) -> Path:
        return self.data / "server.log"

    def _log_tail(self) -> str:
        with suppress(OSError):
            return self._log.read_text(errors="replace")[-1500:].strip()
        return ""
