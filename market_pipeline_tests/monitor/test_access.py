"""Who may use the monitor, what browsers are told, and what is answered when something is down."""

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from pydantic import SecretStr

from market_pipeline.monitor.access import refuse_open_address
from market_pipeline.monitor.reading import Reader
from market_pipeline.settings import SettingsError
from market_pipeline.storage.database import Database
from market_pipeline.storage.embedded_postgres import EmbeddedServer
from market_pipeline.storage.migrate import migrate
from market_pipeline_tests.monitor.conftest import Monitor, Serving

TOKEN = "a-long-random-text"
PATHS = ["/", "/vendors", "/metrics", "/live", "/api/v1/providers", "/api/scheduler/status"]


@pytest.fixture
def guarded(serving: Serving, database: Database) -> Iterator[Monitor]:
    with serving(database, MONITOR_TOKEN=TOKEN) as found:
        yield found


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.7", "example.org"])
def test_an_address_that_others_reach_needs_a_token(host: str) -> None:
    with pytest.raises(SettingsError, match="MONITOR_TOKEN"):
        refuse_open_address(host, None)
    refuse_open_address(host, SecretStr(TOKEN))


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", "127.0.0.9"])
def test_this_machines_own_addresses_need_none(host: str) -> None:
    refuse_open_address(host, None)


def test_without_the_token_nothing_is_told(guarded: Monitor) -> None:
    for path in PATHS:
        for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": f"Basic {TOKEN}"}, {"Cookie": "a=b"}):
            answer = guarded.client.get(path, headers=headers)
            assert answer.status_code == 401, path
            assert TOKEN not in answer.text
        if path != "/live":
            assert guarded.client.get(path, headers={"Authorization": f"Bearer {TOKEN}"}).status_code == 200, path


def test_a_browser_signs_in_once(guarded: Monitor) -> None:
    page = guarded.client.get("/", headers={"Accept": "text/html"})
    assert (page.status_code, page.headers["location"]) == (303, "/login")
    wrong = guarded.client.post("/login", data={"token": "guess"}, follow_redirects=True)
    assert "The token is wrong" in wrong.text
    answer = guarded.client.post("/login", data={"token": TOKEN})
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert guarded.client.get("/").status_code == 200


def test_without_a_token_only_this_machines_own_names_are_answered(monitor: Monitor) -> None:
    for host in ("evil.example", "evil.example:8000", "127.0.0.1.evil.example", ""):
        answer = monitor.client.get("/api/v1/providers", headers={"Host": host})
        assert answer.status_code in (400, 403), host  # the server itself refuses an empty one
    for host in ("localhost:8000", "127.0.0.1", "[::1]:8000"):
        assert monitor.client.get("/healthz", headers={"Host": host}).status_code == 200


def test_probes_need_no_token(guarded: Monitor) -> None:
    assert guarded.client.get("/healthz").json() == {"status": "ok"}


def test_a_page_of_another_site_changes_nothing(monitor: Monitor) -> None:
    for path in ("/api/scheduler/stop", "/api/v1/providers/yahoo/reset", "/failures/retry", "/symbols/add"):
        for headers in (
            {"Sec-Fetch-Site": "cross-site"},
            {"Sec-Fetch-Site": "same-site"},
            {"Origin": "http://evil.example"},
            {"Origin": "null"},
        ):
            answer = monitor.client.post(path, headers=headers, data={"symbols": "EVIL"})
            assert answer.status_code == 403, (path, headers)
    assert all(one["symbol"] != "EVIL" for one in monitor.client.get("/api/v1/symbols").json()["symbols"])
    assert monitor.switchboard.on["stock_quotes_schedule"]


def test_every_answer_keeps_browsers_strict(monitor: Monitor) -> None:
    for path in ("/", "/api/v1/providers", "/nothing", "/static/monitor.css"):
        headers = monitor.client.get(path).headers
        assert "default-src 'self'" in headers["content-security-policy"]
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"


def test_readers_cannot_write_even_if_they_ask_for_a_transaction_that_could(database: Database) -> None:
    reader = Reader(database)
    reader.open()
    try:
        with pytest.raises(psycopg.errors.ReadOnlySqlTransaction), reader.connection() as connection:
            connection.execute("DELETE FROM tracked_symbols")
        with reader.connection() as connection:
            connection.execute("BEGIN READ WRITE")
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute("DELETE FROM tracked_symbols")
        with reader.connection() as connection:
            assert connection.execute("SELECT current_user").fetchone() == ("market_pipeline_reader",)
    finally:
        reader.close()


@pytest.mark.slow
def test_a_database_that_is_down_is_a_503_and_recovers_by_itself(serving: Serving, home: Path) -> None:
    server = EmbeddedServer(home)
    server.ensure()
    database = Database(server.url())
    migrate(database)
    with serving(database) as monitor:
        assert monitor.client.get("/api/v1/symbols").status_code == 200
        server.stop()
        for path in ("/api/v1/symbols", "/vendors"):
            answer = monitor.client.get(path)
            assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
            assert str(home) not in answer.text
        page = monitor.client.get("/vendors", headers={"Accept": "text/html"})
        assert (page.status_code, page.headers["content-type"]) == (503, "text/html; charset=utf-8")
        assert "the database cannot be reached at the moment" in page.text
        assert monitor.client.get("/healthz").status_code == 200
        server.ensure()
        assert any(monitor.client.get("/api/v1/symbols").status_code == 200 for _ in range(20))
