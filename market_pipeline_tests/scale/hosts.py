"""Hosts on one machine: network namespaces, joined by a bridge, each with its own address.

Here belongs the network and what is started in it.  Files and accounts are the machine's: a host is no container.  All traffic
stays within the namespaces.
"""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

NETWORK = "10.213.0"
BIN = Path(sys.executable).parent


@dataclass(frozen=True)
class Host:
    """A network namespace of the name, at the address."""

    name: str
    address: str

    def start(self, *command: str | Path, log: Path, environment: Mapping[str, str] | None = None) -> "Process":
        """A program on this host, with its output in a file."""
        inside = ["ip", "netns", "exec", self.name, *map(str, command)]
        with log.open("ab") as output:
            return Process(
                subprocess.Popen(
                    inside,
                    env=dict(os.environ if environment is None else environment),
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=output,
                    start_new_session=True,
                )
            )


@dataclass(frozen=True)
class Process:
    """A program with all that it started."""

    popen: "subprocess.Popen[bytes]"

    def kill(self) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self.popen.pid, signal.SIGKILL)
        self.popen.wait()


def why_not() -> str | None:
    """What is missing for hosts on this machine; None where nothing is."""
    if os.geteuid() != 0:
        return "network namespaces are root's to make"
    if shutil.which("ip") is None:
        return "there is no `ip` (apt-get install iproute2)"
    probe = subprocess.run(["ip", "netns", "add", "market-pipeline-probe"], capture_output=True, text=True, check=False)
    if probe.returncode != 0:
        return f"no network namespace can be made here: {probe.stderr.strip()}"
    _ip("netns", "delete", "market-pipeline-probe")
    return None


@contextmanager
def hosts(*names: str) -> Iterator[list[Host]]:
    """A host for each name, the first of which is the hub that the others are plugged into."""
    tag = f"mp{os.getpid() % 100_000}"
    with ExitStack() as made:
        found = []
        for number, name in enumerate(names, start=1):
            host = Host(f"{tag}-{name}", f"{NETWORK}.{number}")
            _ip("netns", "add", host.name)
            made.callback(_ip, "netns", "delete", host.name)
            _ip("-netns", host.name, "link", "set", "lo", "up")
            found.append(host)
        hub, *others = found
        _ip("-netns", hub.name, "link", "add", "switch", "type", "bridge")
        _ip("-netns", hub.name, "address", "add", f"{hub.address}/24", "dev", "switch")
        _ip("-netns", hub.name, "link", "set", "switch", "up")
        for host in others:
            port = _port(host)
            _ip("-netns", hub.name, "link", "add", port, "type", "veth", "peer", "eth0", "netns", host.name)
            _ip("-netns", hub.name, "link", "set", port, "master", "switch", "up")
            _ip("-netns", host.name, "address", "add", f"{host.address}/24", "dev", "eth0")
            _ip("-netns", host.name, "link", "set", "eth0", "up")
        yield found


def cut_off(hub: Host, host: Host) -> None:
    """Pull a host's cable: no connection is closed, nothing arrives any more."""
    _ip("-netns", hub.name, "link", "set", _port(host), "down")


def _port(host: Host) -> str:
    return f"to-{host.address.rpartition('.')[2]}"


def _ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True, capture_output=True, text=True)
