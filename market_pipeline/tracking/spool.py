"""Lines that the database could not take, kept in a file until it can: a bounded, append-only file for all processes.

Here belong the file, its lock and its bounds.  What a line says, and that loading it twice does no harm, is the caller's.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from errno import ENOSPC
from io import FileIO
from pathlib import Path

from filelock import FileLock, Timeout

LIMIT = 32 * 1024 * 1024  # bytes: some 80,000 attempts, or two hours of a busy pipeline without its database
PATIENCE = 10  # seconds for another process to append or load
CHUNK = 5_000  # lines loaded at once


class Spool:
    """The file at `path`; for any number of processes of this machine.  Its directory comes with the first line."""

    def __init__(self, path: Path, *, limit: int = LIMIT) -> None:
        self.path = path
        self._limit = limit
        self._lock = FileLock(path.with_suffix(".lock"), timeout=PATIENCE)

    @property
    def waiting(self) -> bool:
        """Whether there is something to load."""
        return self.path.exists()

    def append(self, lines: Sequence[bytes]) -> int:
        """Keep lines, without their line ends; how many of them there was room for.

        Raises OSError where the file cannot be written: then none of them is kept.
        """
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with self._lock, self._open() as file:
            size = file.seek(0, os.SEEK_END)
            content = bytearray(b"" if _ends_a_line(file, size) else b"\n")
            kept = 0
            for line in lines:
                if size + len(content) + len(line) >= self._limit:
                    break
                content += line + b"\n"
                kept += 1
            try:
                _write_all(file, content)
            except OSError:
                file.truncate(size)  # half a line would spoil the next one
                raise
        return kept

    def _open(self) -> FileIO:
        """Unbuffered, so that nothing of a failed write comes after it; for nobody else's eyes."""
        return FileIO(os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600), "a+")

    def drain(self, load: Callable[[list[bytes]], object]) -> None:
        """Hand all lines to `load`, some at a time, and forget them; not if another process is at it.

        What `load` raises goes through and leaves the file as it is, so that lines it has taken come again.
        """
        try:
            self._lock.acquire(timeout=0)
        except Timeout:
            return
        try:
            with suppress(FileNotFoundError):
                for lines in _chunks(self.path.read_bytes().splitlines()):
                    load(lines)
                self.path.unlink()
        finally:
            self._lock.release()


def _ends_a_line(file: FileIO, size: int) -> bool:
    """False where a process was killed in the middle of one."""
    return size == 0 or os.pread(file.fileno(), 1, size - 1) == b"\n"


def _write_all(file: FileIO, content: bytearray) -> None:
    # What fits is written, and only the next write would say that the disk is full.
    if file.write(content) < len(content):
        raise OSError(ENOSPC, os.strerror(ENOSPC))


def _chunks(lines: list[bytes]) -> Iterator[list[bytes]]:
    return (lines[at : at + CHUNK] for at in range(0, len(lines), CHUNK))
