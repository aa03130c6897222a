"""What is recorded of calls: without secrets, also where it waits on disk, and without ever holding up a fetch."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from pydantic import SecretStr

from market_pipeline.datasets import DATASETS
from market_pipeline.ingestion.market_data import open_market_data
from market_pipeline.settings import ProviderSettings, Settings
from market_pipeline_tests.fetching.conftest import NOW, SESSION, World

KEY = "a-key-that-nobody-may-see"


class Parrot(BaseHTTPRequestHandler):
    """A web page that repeats what it was asked with, the key included."""

    def do_GET(self) -> None:
        body = f"<html>{self.path} {self.headers}</html>".encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def parrot() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Parrot) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.mark.parametrize("vendor", ["alpha_vantage", "finnhub"])  # the key in the address, the key in a header
def test_a_key_that_a_vendor_repeats_is_neither_in_the_table_nor_in_the_spool(
    world: World, parrot: str, tmp_path: Path, vendor: str, caplog: pytest.LogCaptureFixture
) -> None:
    def own(name: str) -> ProviderSettings:
        return ProviderSettings(_env_file=None, api_key=SecretStr(KEY), base_url=parrot, enabled=name == vendor)  # type: ignore[call-arg]

    def fetch() -> None:
        settings = Settings(_env_file=None, MARKET_PIPELINE_HOME=tmp_path)  # type: ignore[call-arg]
        opened = open_market_data(
            world.database, settings, run_id="run", provider_settings=own, clock=lambda: NOW, sleep=lambda seconds: None
        )
        with opened as market_data:
            market_data.refresh(DATASETS["stock_quotes"], ["AAPL"], window=SESSION)

    with world.database.connect(autocommit=True) as connection:
        connection.execute("ALTER TABLE fetch_attempts RENAME TO hidden")
        fetch()
        connection.execute("ALTER TABLE hidden RENAME TO fetch_attempts")
    (spool,) = (tmp_path / ".spool").glob("*.jsonl")
    waiting = spool.read_text()
    assert "[redacted]" in waiting, "the vendor did repeat it"
    assert KEY not in waiting
    fetch()
    samples = world.rows("SELECT outcome, sample, error_message FROM fetch_attempts")
    assert samples[0][0] == "malformed", "what waited is there"
    assert KEY not in f"{samples}{caplog.text}"
    assert not spool.exists()
