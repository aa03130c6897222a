"""The spool: what is appended comes out once, whatever breaks off, and it grows no further than it may."""

import resource
import stat
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path

import pytest

from market_pipeline.tracking import spool as module
from market_pipeline.tracking.spool import Spool


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "new" / "lines.jsonl"


def drained(spool: Spool) -> list[bytes]:
    found: list[bytes] = []
    spool.drain(found.extend)
    return found


def test_lines_come_out_in_their_order_and_once(path: Path) -> None:
    assert not Spool(path).waiting
    assert Spool(path).append([b"1", b"2"]) == 2
    assert Spool(path).append([b"3"]) == 1
    assert Spool(path).waiting
    assert drained(Spool(path)) == [b"1", b"2", b"3"]
    assert not Spool(path).waiting
    assert drained(Spool(path)) == []


def test_what_cannot_be_loaded_stays(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CHUNK", 2)
    spool = Spool(path)
    spool.append([b"1", b"2", b"3"])
    taken: list[bytes] = []

    def load(lines: list[bytes]) -> None:
        if taken:
            raise ConnectionError
        taken.extend(lines)

    with pytest.raises(ConnectionError):
        spool.drain(load)
    assert taken == [b"1", b"2"]
    assert drained(spool) == [b"1", b"2", b"3"]


def test_a_line_that_broke_off_spoils_no_other(path: Path) -> None:
    Spool(path).append([b"whole"])
    with path.open("ab") as file:
        file.write(b"bro")
    Spool(path).append([b"next"])
    assert drained(Spool(path)) == [b"whole", b"bro", b"next"]


def test_it_grows_no_further_than_its_limit(path: Path) -> None:
    spool = Spool(path, limit=100)
    assert sum(spool.append([b"x" * 9] * 4) for _ in range(5)) == 10
    assert path.stat().st_size <= 100
    assert len(drained(spool)) == 10
    assert spool.append([b"x"]) == 1


@contextmanager
def disk_full_after(size: int) -> Iterator[None]:
    """No file of this process can grow beyond `size`: like on a full disk, the write that reaches it is cut short."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_full_disk_keeps_what_was_there_and_takes_more_when_there_is_room_again(path: Path) -> None:
    spool = Spool(path)
    spool.append([b"before"])
    with disk_full_after(20), pytest.raises(OSError):
        spool.append([b"a line", b"another line that does not fit"])
    assert path.read_bytes() == b"before\n"
    spool.append([b"after"])
    assert drained(spool) == [b"before", b"after"]


def test_a_place_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OSError):
        Spool(tmp_path / "file" / "lines.jsonl").append([b"1"])


def test_nobody_else_can_read_it(path: Path) -> None:
    Spool(path).append([b"1"])
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def _append(path: Path, process: int) -> None:
    for number in range(50):
        Spool(path).append([b"%d-%d-%d" % (process, number, part) for part in range(3)])


def test_processes_that_append_while_another_one_drains_lose_nothing(path: Path) -> None:
    found: list[bytes] = []
    with ProcessPoolExecutor(4, get_context("fork")) as pool:
        appending = [pool.submit(_append, path, process) for process in range(4)]
        while not all(one.done() for one in appending):
            if Spool(path).waiting:
                found += drained(Spool(path))
    for one in appending:
        one.result()
    if Spool(path).waiting:
        found += drained(Spool(path))
    assert sorted(found) == sorted(b"%d-%d-%d" % (p, n, part) for p in range(4) for n in range(50) for part in range(3))
