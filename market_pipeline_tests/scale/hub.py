"""What a hub serves to other hosts: PostgreSQL, Redis and, as the process that stays, the simulator.

By itself the pipeline's own PostgreSQL and simulator listen on this machine only, which is right for one machine; here the same
programs are given an address.  Run as `python -m market_pipeline_tests.scale.hub HOME ADDRESS SETTINGS`, with the simulator's
settings as JSON.
"""

import os
import socket
import subprocess
import sys
from pathlib import Path

import psycopg

from market_pipeline.storage.postgres_tools import run, server_account
from market_pipeline_tests.scale.hosts import NETWORK

SIMULATOR, REDIS, POSTGRES = 8910, 6379, 5432


def database_url(address: str) -> str:
    return f"postgresql://postgres@{address}:{POSTGRES}/market_data"


def broker_url(address: str) -> str:
    return f"redis://{address}:{REDIS}/0"


def simulator_url(address: str) -> str:
    return f"http://{address}:{SIMULATOR}"


def start_postgres(home: Path, address: str) -> None:
    data = home / "data"
    data.mkdir()
    os.chown(data, *server_account())
    run("initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", scratch=home)
    with (data / "pg_hba.conf").open("a") as rules:
        rules.write(f"host all all {NETWORK}.0/24 trust\n")
    options = f"-h {address} -p {POSTGRES} -k {data} -c max_connections=200"
    run("pg_ctl", "start", "-w", "-D", data, "-l", data / "server.log", "-o", options, scratch=home)
    with psycopg.connect(f"postgresql://postgres@{address}:{POSTGRES}/postgres", autocommit=True) as connection:
        connection.execute("CREATE DATABASE market_data")


def stop_postgres(home: Path) -> None:
    run("pg_ctl", "stop", "-m", "immediate", "-D", home / "data", scratch=home)


def start_redis(home: Path, address: str) -> "subprocess.Popen[bytes]":
    options = {"bind": address, "port": str(REDIS), "dir": str(home), "save": "", "protected-mode": "no"}
    words = [word for name, value in options.items() for word in (f"--{name}", value)]
    return subprocess.Popen(["redis-server", *words])


def main(home: str, address: str, settings: str) -> None:
    start_postgres(Path(home), address)
    start_redis(Path(home), address)
    listener = socket.create_server((address, SIMULATOR), backlog=512)
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    listener.set_inheritable(True)
    simulator = ["-m", "market_pipeline.simulator.process", str(listener.fileno()), settings]
    os.execv(sys.executable, [sys.executable, *simulator])


if __name__ == "__main__":
    main(*sys.argv[1:])
