"""What travels to a vendor, and what does not go anywhere else."""

import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from market_pipeline.fetching.http import MAX_REDIRECTS, VendorClient
from market_pipeline.providers.errors import AuthenticationFailed, MalformedResponse, Unavailable
from market_pipeline.providers.finnhub import Finnhub
from market_pipeline.providers.messages import Request


class Server(ThreadingHTTPServer):
    """Gives a cookie to whoever asks, keeps what it is asked, and sends /away to `elsewhere`."""

    def __init__(self, elsewhere: str = "") -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.elsewhere = elsewhere
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.late = threading.Event()
        threading.Thread(target=self.serve_forever, daemon=True).start()


class _Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        self.server.asked.append((self.path, dict(self.headers)))
        wall = self.path == "/wall" and "Cookie" not in self.headers  # lets nobody in who keeps no cookies
        self.send_response(302 if wall or self.path in ("/away", "/round", "/nowhere") else 200)
        self.send_header("Set-Cookie", "session=1; Path=/")
        leads_to = {"/away": self.server.elsewhere, "/nowhere": "http://[nowhere"}
        self.send_header("Location", leads_to.get(self.path, self.path))
        self.send_header("Content-Length", "2")
        self.end_headers()
        if self.path == "/slow":
            self.server.late.wait(10)
        self.wfile.write(b"{" if self.path == "/half" else b"{}")

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


def client_of(vendor: Server, key: str, timeout: float = 10) -> VendorClient:
    return VendorClient(
        Finnhub(),
        key=key,
        base_url=f"http://127.0.0.1:{vendor.server_port}/api",
        timeout=timeout,
        connections=1,
        clock=lambda: datetime.now(UTC),
    )


@pytest.fixture
def client(vendor: Server) -> Iterator[VendorClient]:
    with closing(client_of(vendor, "a secret")) as client:
        yield client


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


def test_a_cookie_of_a_redirect_is_shown_where_it_leads(client: VendorClient, vendor: Server) -> None:
    answer = client.send(Request(path=f"http://127.0.0.1:{vendor.server_port}/wall"))
    assert answer.status == 200
    assert len(vendor.asked) == 2


def test_redirects_without_end_are_an_outage(client: VendorClient, vendor: Server) -> None:
    with pytest.raises(Unavailable, match="redirects"):
        client.send(Request(path=f"http://127.0.0.1:{vendor.server_port}/round"))
    assert len(vendor.asked) == 1 + MAX_REDIRECTS


def test_a_redirect_to_what_is_no_address_says_nothing_of_the_key(client: VendorClient, vendor: Server) -> None:
    with pytest.raises(MalformedResponse, match="no address"):
        client.send(Request(path=f"http://127.0.0.1:{vendor.server_port}/nowhere"))


@pytest.mark.parametrize("key", ["a secret\nX-Other: 1", "a secret\N{EURO SIGN}"])
def test_a_key_that_no_header_takes_is_told_without_it(vendor: Server, key: str) -> None:
    with closing(client_of(vendor, key)) as client, pytest.raises(AuthenticationFailed) as raised:
        client.send(Request(path="/quote"))
    assert "characters" in str(raised.value)
    assert "secret" not in f"{raised.value!r} {raised.value.__cause__!r}"
    assert vendor.asked == []


def test_nobody_who_listens_is_no_connection(vendor: Server) -> None:
    vendor.shutdown()
    vendor.server_close()
    with closing(client_of(vendor, "a secret")) as client, pytest.raises(Unavailable, match=r"^no connection from 127"):
        client.send(Request(path="/quote"))


def test_an_answer_that_breaks_off_is_no_answer(client: VendorClient, vendor: Server) -> None:
    with pytest.raises(Unavailable, match="an answer that breaks off"):
        client.send(Request(path=f"http://127.0.0.1:{vendor.server_port}/half"))


def test_an_answer_that_stays_away_is_not_waited_for(vendor: Server) -> None:
    with closing(client_of(vendor, "a secret", timeout=0.2)) as client, pytest.raises(Unavailable, match="in time"):
        client.send(Request(path=f"http://127.0.0.1:{vendor.server_port}/slow"))
    vendor.late.set()
