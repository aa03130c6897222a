"""Whether a port is free, told before anything is started on it."""

import errno
import socket

from market_pipeline.simulator.process import PortInUse


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
