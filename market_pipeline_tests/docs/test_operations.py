"""What the operations page promises: three queries that tell why a symbol is stale, and figures from Python."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from market_pipeline.datasets import DATASETS
from market_pipeline.sessions import Sessions
from market_pipeline.storage.data_types import declare_data_types
from market_pipeline.storage.database import Database
from market_pipeline.storage.universe import TrackedSymbol, track
from market_pipeline.tracking.executions import Execution, ExecutionLog, SymbolStatus
from market_pipeline.tracking.failed_symbols import Failure, record_failures
from market_pipeline.tracking.freshness import Refresh, record_freshness
from market_pipeline_tests.docs.documents import document

OPERATIONS = document("docs/operations.md")


def test_three_queries_tell_why_a_symbol_is_stale(database: Database) -> None:
    """AAPL was last refreshed ten days ago; this morning's run got nothing from a vendor that has cooled down since."""
    now = datetime.now(UTC)
    said = {"yahoo": "unavailable: HTTP 503"}
    with database.connect(autocommit=True) as connection:
        declare_data_types(connection)
        track(connection, [TrackedSymbol("AAPL")])
        old = Refresh(symbol="AAPL", as_of=now - timedelta(days=10), data_points=1)
        record_freshness(connection, DATASETS["stock_quotes"], [old], sessions=Sessions(), now=now)
        failure = Failure(symbol="AAPL", errors=said, unknown=False)
        record_failures(connection, "stock_quotes", "2026-11-20", [failure], run_id="run", now=now)
        connection.execute("SELECT gate_register('yahoo', null, 5, '{}', '{}')")
        connection.execute(
            "INSERT INTO provider_scopes (provider, scope, state, away_until)"
            " VALUES ('yahoo', 'stock_quotes/Quote', 'cooldown', now() + interval '1 hour')"
        )
    log = ExecutionLog(database, Execution(run_id="run", step="s", job="stock_quotes_job", data_type="stock_quotes"))
    log.begin()
    log.plan("2026-11-20", [SymbolStatus(symbol="AAPL", status="in_progress")])
    log.note([SymbolStatus(symbol="AAPL", status="failed", error_message="no vendor answered")])
    log.finish("1 of 1 partitions could not be fetched")
    log.close()

    how_stale, last_done, vendors = (answered(database, query) for query in queries("Symbol X is stale: why?"))

    assert {one["data_type"]: one["status"] for one in how_stale}["stock_quotes"] == "stale"
    assert [(one["job"], one["execution"], one["symbol"], one["error"]) for one in last_done] == [
        ("stock_quotes_job", "failed", "failed", "no vendor answered")
    ]
    assert [(one["state"], one["provider"], one["said"], one["vendor_is"]) for one in vendors] == [
        ("waiting", "yahoo", "unavailable: HTTP 503", "cooldown")
    ]


def queries(heading: str) -> list[str]:
    section = OPERATIONS.section(heading)
    return [block.text for block in OPERATIONS.blocks("sql") if block.text in section]


def answered(database: Database, query: str) -> list[dict[str, Any]]:
    with database.connect() as connection:
        cursor = connection.execute(query.encode())
        names = [column.name for column in cursor.description or ()]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def test_the_python_example_tells_how_things_are(
    database: Database, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DATABASE_URL", database.url)
    with database.connect(autocommit=True) as connection:
        connection.execute("SELECT gate_register('yahoo', null, 5, '{}', '{}')")
    (example,) = OPERATIONS.blocks("python")
    exec(compile(example.text, example.place, "exec"), {})
    printed = capsys.readouterr().out
    assert "unhealthy" in printed, "nothing is scheduled"
    assert printed.splitlines()[1].startswith("yahoo None")
