"""What a user can get wrong at the command line: one clear message on stderr, the right exit code, nothing lost.

In this process, for speed; that a process ends the same way is tested once.
"""

import signal
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from market_pipeline.cli import main
from market_pipeline.storage.database import Database
from market_pipeline_tests.e2e.conftest import BIN, SETTINGS
from market_pipeline_tests.ports import free_port

UNREACHABLE = "postgresql://user:hunter2@127.0.0.1:1/name"


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, database: Database) -> pytest.MonkeyPatch:
    """An environment without any setting but the address of a test's database, in a folder without .env."""
    for name in SETTINGS:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DATABASE_URL", database.url)
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.chdir(tmp_path)
    return monkeypatch


Typed = Callable[..., tuple[int, str, str]]


@pytest.fixture
def typed(environment: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Typed]:
    """Types a command: its exit code, what it says on stdout and on stderr."""

    def command(*words: str) -> tuple[int, str, str]:
        environment.setattr("sys.argv", ["market-pipeline", *words])
        with pytest.raises(SystemExit) as ended:
            main()
        return (ended.value.code, *capsys.readouterr())  # type: ignore[return-value]

    before = signal.getsignal(signal.SIGTERM)
    yield command
    signal.signal(signal.SIGTERM, before)


@pytest.fixture
def stored(typed: Typed, database: Database) -> Iterator[None]:
    """A prepared database, which has to be as it was in the end."""
    assert typed("symbols", "add", "AAPL")[0] == 0
    before = _contents(database)
    yield
    assert _contents(database) == before


def _contents(database: Database) -> list[str]:
    with database.connect() as connection:
        tables = connection.execute(
            "SELECT oid::regclass::text FROM pg_class WHERE relkind = 'r' AND relnamespace = 2200"
        )
        return sorted(
            f"{table}: {connection.execute(f'SELECT t::text FROM {table} AS t ORDER BY 1').fetchall()}"
            for (table,) in tables.fetchall()
        )


def refused(answered: tuple[int, str, str], code: int, told: str) -> None:
    """One message that says `told`, on stderr, without a traceback or a password."""
    found, out, said = answered
    assert (found, told in said) == (code, True), said
    assert out == ""
    assert "Traceback" not in said
    assert "hunter2" not in said


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (
            ["add", '"; drop table'],
            """'"; drop table' is no symbol: 1 to 20 letters, digits and . - = ^ are accepted""",
        ),
        (["add", "MSFT", "A" * 300], f"'{'A' * 40}… (300 characters)' is no symbol"),
        (["add", ""], "'' is no symbol"),
        (["remove", "a b"], "'a b' is no symbol"),
        (["add"], "Missing argument"),
        (["import", "no-such.csv"], "'no-such.csv' does not exist"),
        (["frobnicate"], "No such command 'frobnicate'"),
    ],
)
def test_wrong_words_are_usage_errors(typed: Typed, stored: None, words: list[str], told: str) -> None:
    refused(typed("symbols", *words), 2, told)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (
            b"symbol,name\nNFLX,Netflix\nnot a symbol,x\nORCL,Oracle\n",
            "symbols.csv, line 3: 'not a symbol' is no symbol",
        ),
        (b"symbol,name\nNFLX,Netflix\n,nobody\n", "symbols.csv, line 3: '' is no symbol"),
        (b"ticker,name\nNFLX,Netflix\n", "symbols.csv: the first line must name the columns, `symbol` among them"),
        (b"", "symbols.csv: the first line must name the columns"),
        (b"symbol,name\nNFLX,\xff\xfe\n", "symbols.csv cannot be read as CSV in UTF-8"),
    ],
)
def test_of_a_csv_with_something_wrong_in_it_nothing_is_imported(
    typed: Typed, stored: None, tmp_path: Path, content: bytes, told: str
) -> None:
    (tmp_path / "symbols.csv").write_bytes(content)
    refused(typed("symbols", "import", "symbols.csv"), 2, told)


def test_lower_case_is_accepted_and_text_is_shown_as_it_is(typed: Typed, tmp_path: Path) -> None:
    (tmp_path / "symbols.csv").write_text("symbol,name\n brk.b ,[/red] & Sons\n")
    assert typed("symbols", "import", "symbols.csv")[:2] == (0, "1 symbols tracked\n")
    code, out, _ = typed("symbols", "list")
    assert code == 0
    assert "BRK.B" in out
    assert "[/red] & Sons" in out


def test_a_symbol_that_is_not_tracked_cannot_be_removed(typed: Typed, stored: None) -> None:
    assert typed("symbols", "remove", "NOPE") == (1, "no longer fetched: none\n", "not tracked: NOPE\n")


@pytest.mark.parametrize(
    ("url", "code", "told"),
    [
        ("mysql://user:hunter2@host/name", 2, "DATABASE_URL is wrong: its scheme is mysql://. The accepted form is"),
        ("hunter2", 2, "DATABASE_URL is wrong: it has no scheme"),
        ("postgresql://user:hunter2@host", 2, "DATABASE_URL is wrong: it names no database"),
        ("postgresql://user:hunt@er2/x@host/name", 2, "DATABASE_URL is wrong: it has an @ too many"),
        ("postgresql://user:hunter2%zz@host/name", 2, "in a user name or password % is written %25"),
        ("postgresql://user:hunter2@host:port/name", 2, "DATABASE_URL is wrong: "),
        (UNREACHABLE, 3, "Cannot connect to postgresql://user:***@127.0.0.1:1/name. Is the server running"),
    ],
)
@pytest.mark.parametrize("command", ["status", "up", "demo"])
def test_a_wrong_database_url_is_told_before_anything_starts(
    typed: Typed, environment: pytest.MonkeyPatch, command: str, url: str, code: int, told: str
) -> None:
    environment.setenv("DATABASE_URL", url)
    port = ["--port", str(free_port())] if command == "up" else []
    refused(typed(command, *port), code, told)


@pytest.mark.parametrize(
    ("variable", "value", "told"),
    [
        ("SIMULATOR_SEED", "7", "This database holds simulated:1 data and the settings want simulated:7"),
        ("DATA_WORLD", "live", "This database holds simulated:1 data and the settings want live"),
    ],
)
def test_a_database_of_another_world_is_left_alone(
    typed: Typed, stored: None, environment: pytest.MonkeyPatch, variable: str, value: str, told: str
) -> None:
    environment.setenv(variable, value)
    for words in (["status"], ["symbols", "add", "NFLX"], ["up", "--port", str(free_port())], ["db", "migrate"]):
        refused(typed(*words), 1, told)


@pytest.mark.parametrize(
    ("variable", "value", "told"),
    [
        ("FETCH_CONCURRENCY", "many", "FETCH_CONCURRENCY='many': Input should be a valid integer"),
        ("SIMULATOR_PORT", "99999", "SIMULATOR_PORT='99999': Input should be less than or equal to 65535"),
        ("SIMULATOR_FAULTS", "yahoo", "SIMULATOR_FAULTS='yahoo': 'yahoo' is no fault plan: write vendor:fault=value"),
        ("SIMULATOR_FAULTS", "yahoo:bad=1", "unknown fault bad for yahoo: accepted are"),
        ("EXCHANGE", "NYSE!", "EXCHANGE='NYSE!' is no exchange that exchange_calendars knows"),
        ("FINNHUB_LIMITS", "sixty", "FINNHUB_LIMITS='sixty'"),
        ("FINNHUB_BASE_URL", "ftp://hunter2", "FINNHUB_BASE_URL: String should match pattern"),
    ],
)
def test_a_wrong_setting_is_told_before_anything_starts(
    typed: Typed, stored: None, environment: pytest.MonkeyPatch, variable: str, value: str, told: str
) -> None:
    environment.setenv(variable, value)
    refused(typed("demo"), 2, told)
    refused(typed("up", "--port", str(free_port())), 2, told)


def test_the_demo_is_not_for_real_vendors(typed: Typed, environment: pytest.MonkeyPatch) -> None:
    environment.setenv("DATA_WORLD", "live")
    refused(typed("demo"), 2, "DATA_WORLD=live: the demo is about simulated vendors; unset it")


def test_a_port_of_the_ui_that_is_in_use_or_none_is_told(typed: Typed, stored: None) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        refused(typed("up", "--port", port), 1, f"port {port} is in use: stop what listens there, or take another one")
    refused(typed("up", "--port", "99999"), 2, "'--port'")


def test_a_port_of_the_simulator_that_somebody_else_uses_is_told(
    typed: Typed, stored: None, environment: pytest.MonkeyPatch
) -> None:
    with HTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as stranger:
        threading.Thread(target=stranger.serve_forever, daemon=True).start()
        port = str(stranger.server_port)
        environment.setenv("SIMULATOR_PORT", port)
        for command in ("demo", "simulator"):
            refused(typed(command), 1, f"port {port} of 127.0.0.1 is in use: stop what listens there or choose another")
        stranger.shutdown()


@pytest.mark.parametrize("home", ["a-file/home", "/proc/home"])
def test_a_home_that_cannot_be_used_is_told(
    typed: Typed, environment: pytest.MonkeyPatch, tmp_path: Path, home: str
) -> None:
    (tmp_path / "a-file").touch()
    environment.setenv("MARKET_PIPELINE_HOME", str(tmp_path / home))
    environment.delenv("DATABASE_URL")
    for command in ("status", "demo"):
        refused(typed(command), 3, "or set MARKET_PIPELINE_HOME to another directory, or set DATABASE_URL")


def test_somebody_elses_database_server_is_not_stopped(typed: Typed, stored: None) -> None:
    refused(typed("db", "stop"), 1, "DATABASE_URL is set: that server is not ours to stop")


def test_what_the_database_refuses_is_told(
    typed: Typed, stored: None, environment: pytest.MonkeyPatch, database: Database
) -> None:
    environment.setenv("DATABASE_URL", f"{database.url}&options=-c%20default_transaction_read_only%3Don")
    refused(typed("symbols", "add", "NFLX"), 1, "in a read-only transaction")


def test_a_process_ends_with_the_same_code_and_message(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("DATABASE_URL", UNREACHABLE)
    ended = subprocess.run([BIN / "market-pipeline", "status"], capture_output=True, text=True, check=False)
    refused(
        (ended.returncode, ended.stdout, ended.stderr), 3, "Cannot connect to postgresql://user:***@127.0.0.1:1/name"
    )
