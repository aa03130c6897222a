"""A port for a program that is told its port before it listens."""

import random
import socket

_CHOICE = range(20_000, 32_000)  # systems hand out by themselves what is above: 32,768 (Linux), 49,152 (others)


def free_port() -> int:
    """One on 127.0.0.1 that nobody gets who asks for any: between this and the program's start a server did."""
    while True:
        port = random.choice(_CHOICE)
        try:
            with socket.create_server(("127.0.0.1", port)):
                return port
        except OSError:
            continue
