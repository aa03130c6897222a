"""A client of the control API: changes the faults and the clock of a running simulator, and reads its counters.

For tests and the command line.  Nothing here knows how a simulator is started (`process`).
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import requests

_TIMEOUT = 10.0  # seconds: the simulator answers in milliseconds, unless a handler holds its only thread


class SimulatorUnreachable(ConnectionError):
    """Nothing that is a simulator answers at the address."""


class SimulatorControl:
    """One simulator, by its address `http://127.0.0.1:<port>`.

    Every method raises SimulatorUnreachable where no simulator answers, and ValueError where it refuses the input.
    """

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")
        self._session = requests.Session()
        self._session.trust_env = False  # a proxy of the environment does not reach this machine's 127.0.0.1

    def vendor_url(self, vendor: str) -> str:
        """The address that stands for a vendor's base address."""
        return f"{self.url}/{vendor}"

    def world(self) -> str:
        """Which synthetic market it serves: `simulated:<seed>`."""
        return str(self._ask("GET", "health")["world"])

    def state(self) -> dict[str, Any]:
        """World, time, process id, and the counters by vendor."""
        found: dict[str, Any] = self._ask("GET", "state")
        return found

    def vendor(self, name: str) -> dict[str, Any]:
        """The counters of one vendor."""
        found: dict[str, Any] = self.state()["vendors"][name]
        return found

    def faults(self) -> dict[str, Any]:
        """The plans by vendor, as `set_faults` takes them."""
        found: dict[str, Any] = self._ask("GET", "faults")
        return found

    def set_faults(self, faults: str | Mapping[str, Any]) -> None:
        """Replaces all plans, in either notation; "" for none."""
        if isinstance(faults, str):
            self._ask("PUT", "faults", data=faults.encode())
        else:
            self._ask("PUT", "faults", json=dict(faults))

    def set_clock(self, at: datetime | None = None, *, offset: float = 0.0, speed: float = 1.0) -> None:
        """The simulated time from now on; no arguments for real time, speed 0 to stand still."""
        moment = None if at is None else at.isoformat()
        self._ask("PUT", "clock", json={"at": moment, "offset": offset, "speed": speed})

    def reset(self) -> None:
        """As it was started: nothing counted, no limit used, first faults, first clock."""
        self._ask("POST", "reset")

    def _ask(self, method: str, what: str, **content: Any) -> Any:
        url = f"{self.url}/_control/{what}"
        try:
            answer = self._session.request(method, url, timeout=_TIMEOUT, **content)
        except requests.RequestException as error:
            raise SimulatorUnreachable(f"no simulator answers at {self.url} ({type(error).__name__})") from error
        try:
            body = answer.json()
        except requests.JSONDecodeError as error:
            raise SimulatorUnreachable(
                f"what answers at {self.url} is no simulator (HTTP {answer.status_code})"
            ) from error
        if answer.status_code == 400:
            raise ValueError(body["error"])
        if not answer.ok:
            raise SimulatorUnreachable(f"what answers at {self.url} is no simulator (HTTP {answer.status_code})")
        return body
