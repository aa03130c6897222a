"""How long a vendor that refuses more calls is left alone, whatever it writes into Retry-After."""

import threading
from collections.abc import Iterator, Sequence
from datetime import timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from market_pipeline.datasets import DATASETS
from market_pipeline.ingestion.market_data import open_market_data
from market_pipeline.settings import ProviderSettings, Settings
from market_pipeline_tests.fetching.conftest import NOW, SESSION, World


class Refusing(ThreadingHTTPServer):
    """Answers every request alike, and counts them."""

    status = 429
    headers: Sequence[tuple[str, str]] = ()
    requests = 0


class _Handler(BaseHTTPRequestHandler):
    server: Refusing

    def do_GET(self) -> None:
        self.server.requests += 1
        self.send_response(self.server.status)
        for name, value in (*self.server.headers, ("Content-Length", "0")):
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Silent."""


@pytest.fixture
def vendor() -> Iterator[Refusing]:
    with Refusing(("127.0.0.1", 0), _Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def ask(world: World, vendor: Refusing) -> None:
    """A run that asks Finnhub, and waits for nobody."""
    with open_market_data(
        world.database,
        Settings(_env_file=None, fetch_deadline_seconds=0),
        run_id="run",
        simulator_url=f"http://127.0.0.1:{vendor.server_port}",
        provider_settings=lambda name: ProviderSettings(_env_file=None),  # type: ignore[call-arg]
        clock=world.watch,
        sleep=world.watch.sleep,
    ) as market_data:
        market_data.refresh(DATASETS["stock_quotes"], ["AAPL"], window=SESSION, providers=["finnhub"])


def written(seconds: float) -> str:
    return format_datetime(NOW + timedelta(seconds=seconds), usegmt=True)


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        pytest.param([], 60, id="absent"),
        pytest.param(["90"], 90, id="seconds"),
        pytest.param(["1.5"], 1.5, id="parts of seconds"),
        pytest.param([written(90)], 90, id="HTTP date"),
        pytest.param(["0"], 1, id="zero"),
        pytest.param([written(-90)], 1, id="past"),
        pytest.param(["-5"], 60, id="negative"),
        pytest.param(["999999999"], 3600, id="absurd"),
        pytest.param([written(86_400 * 365)], 3600, id="in a year"),
        pytest.param(["9" * 400], 60, id="no number that fits"),
        pytest.param(["soon"], 60, id="words"),
        pytest.param([""], 60, id="empty"),
        pytest.param(["5", "600"], 60, id="contradictory"),
        pytest.param(["5", written(600)], 60, id="contradictory in kind"),
    ],
)
def test_a_vendor_is_left_alone_for_as_long_as_it_says_within_reason(
    world: World, vendor: Refusing, said: list[str], seconds: float
) -> None:
    vendor.headers = [("Retry-After", value) for value in said]
    ask(world, vendor)
    ((state, away),) = world.rows(
        "SELECT state, extract(epoch FROM away_until - at)::float8"
        " FROM provider_gates JOIN provider_events ON to_state = 'throttled'"
    )
    assert (state, away) == ("throttled", pytest.approx(seconds))
    ((attempts, due),) = world.rows("SELECT attempts, next_retry_at FROM failed_symbols")
    assert attempts == 0, "nobody has looked the symbol up"
    assert due - world.watch.now == pytest.approx(timedelta(seconds=max(seconds, 0)), abs=timedelta(seconds=5))
    ask(world, vendor)
    assert vendor.requests == 1


def test_a_vendor_that_is_down_is_no_vendor_that_refuses(world: World, vendor: Refusing) -> None:
    vendor.status, vendor.headers = 503, [("Retry-After", "600")]
    ask(world, vendor)
    assert world.rows("SELECT state FROM provider_gates") == [("ready",)]
    ask(world, vendor)
    assert vendor.requests > 1
