"""Ways to run the simulator: in a thread, in a process, and what happens when the port is taken."""

import socket
import threading
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import psutil
import pytest

from market_pipeline.simulator.clock import ClockSetting
from market_pipeline.simulator.control import SimulatorUnreachable
from market_pipeline.simulator.dialects import dialects
from market_pipeline.simulator.process import PortInUse, RunningSimulator, found_or_spawned, serve, spawn
from market_pipeline.simulator.server import SimulatorSettings
from market_pipeline_tests.ports import free_port


def test_a_simulator_in_a_thread_serves_every_registered_vendor_and_ends_with_its_block() -> None:
    with RunningSimulator() as running:
        assert set(running.control.state()["vendors"]) == set(dialects())
    with pytest.raises(SimulatorUnreachable):
        running.control.world()


def test_a_simulator_in_a_process_has_the_settings_it_was_given(tmp_path: Path) -> None:
    settings = SimulatorSettings(
        port=0, seed=5, faults="*:outage=0-,latency=0.01", rate_limits=None, clock=ClockSetting(speed=0)
    )
    with spawn(settings, tmp_path / "simulator.log") as process:
        state = process.control.state()
        assert (state["world"], state["pid"], state["rate_limits"]) == ("simulated:5", process.pid, None)
        assert state["clock"]["speed"] == 0
        assert all(plan["outage"] == [[0.0, None]] for plan in process.control.faults().values())
    assert not psutil.pid_exists(process.pid)


def test_a_port_in_use_is_one_clear_error_however_the_simulator_is_started() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        settings = SimulatorSettings(port=taken.getsockname()[1])
        for start in (serve, spawn, RunningSimulator):
            with pytest.raises(
                PortInUse, match=f"port {settings.port} of 127.0.0.1 is in use: stop what listens there or"
            ):
                start(settings)


def test_senseless_faults_stop_a_spawned_simulator_before_it_starts() -> None:
    with pytest.raises(ValueError, match="unknown vendor 'bloomberg'"):
        spawn(SimulatorSettings(port=0, faults="bloomberg:html=1"))


def test_a_simulator_on_the_port_is_found_and_outlives_those_who_found_it() -> None:
    settings, other = SimulatorSettings(port=free_port(), seed=2), SimulatorSettings(seed=9)
    with found_or_spawned(settings) as spawned:
        pid = spawned.state()["pid"]
        with found_or_spawned(settings) as found:
            assert found.state()["pid"] == pid
        assert spawned.state()["pid"] == pid
        with (
            pytest.raises(PortInUse, match=f"port {settings.port} serves simulated:2, not simulated:9"),
            found_or_spawned(replace(other, port=settings.port)),
        ):
            pass
    assert not psutil.pid_exists(pid)


def test_a_stranger_is_not_taken_for_a_simulator() -> None:
    with HTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as stranger:
        threading.Thread(target=stranger.serve_forever, daemon=True).start()
        with (
            pytest.raises(PortInUse, match=f"port {stranger.server_port} of 127.0.0.1 is in use"),
            found_or_spawned(SimulatorSettings(port=stranger.server_port)),
        ):
            pass
        stranger.shutdown()
