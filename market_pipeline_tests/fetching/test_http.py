"""What travels to a vendor, and what does not go anywhere else."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from market_pipeline.fetching.http import VendorClient
from market_pipeline.providers.finnhub import Finnhub
from market_pipeline.providers.messages import Request


class Server(ThreadingHTTPServer):
    """Gives a cookie to whoever asks, keeps what it is asked, and sends /away to `elsewhere`."""

    def __init__(self, elsewhere: str = "") -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.elsewhere = elsewhere
        self.asked: list[tuple[str, dict[str, str]]] = []
        threading.Thread(target=self.serve_forever, daemon=True).start()


class _Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        self.server.asked.append((self.path, dict(self.headers)))
        self.send_response(302 if self.path == "/away" else 200)
        self.send_header("Set-Cookie", "session=1; Path=/")
        self.send_header("Location", self.server.elsewhere)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, format: str, *given: object) -> None:
        pass


@pytest.fixture
def stranger() -> Iterator[Server]:
    with Server() as server:
        yield server
        server.shutdown()


@pytest.fixture
def vendor(stranger: Server) -> Iterator[Server]:
    with Server(elsewhere=f"http://localhost:{stranger.server_port}/") as server:
        yield server
        server.shutdown()


@pytest.fixture
def client(vendor: Server) -> Iterator[VendorClient]:
    client = VendorClient(
        Finnhub(),
        key="a secret",
        base_url=f"http://127.0.0.1:{vendor.server_port}/api",
        timeout=10,
        connections=1,
        clock=lambda: datetime.now(UTC),
    )
    yield client
    client.close()


def test_a_request_carries_its_parameters_our_name_the_key_and_the_cookies_of_earlier_answers(
    client: VendorClient, vendor: Server
) -> None:
    client.send(Request(path="/quote", params={"symbol": "BRK.B", "note": "a b&c"}, headers={"X-More": "1"}))
    client.send(Request(path="/quote"))
    (first, headers), (second, later) = vendor.asked
    assert (first, second) == ("/api/quote?symbol=BRK.B&note=a+b%26c", "/api/quote")
    assert {"User-Agent": "market-pipeline", "X-Finnhub-Token": "a secret", "X-More": "1"}.items() <= headers.items()
    assert "Cookie" not in headers
    assert later["Cookie"] == "session=1"


def test_a_redirect_takes_no_key_and_no_cookie_to_another_host(
    client: VendorClient, vendor: Server, stranger: Server
) -> None:
    client.send(Request(path="/quote"))
    client.send(Request(path=f"http://127.0.0.1:{vendor.server_port}/away"))
    assert vendor.asked[-1][1]["X-Finnhub-Token"] == "a secret"
    ((path, headers),) = stranger.asked
    assert path == "/"
    assert "a secret" not in headers.values()
    assert not {"X-Finnhub-Token", "Cookie"} & headers.keys()
