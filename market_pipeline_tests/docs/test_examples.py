"""What the documents show works: SQL against a migrated database, the worked examples as they stand there."""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from market_pipeline.assets import market_data
from market_pipeline.assets.market_data import market_data_asset
from market_pipeline.datasets import DATASETS, Dataset
from market_pipeline.datasets.base import Rejected
from market_pipeline.fetching.http import VendorClient
from market_pipeline.partitions import symbol_partitions
from market_pipeline.providers.base import Provider
from market_pipeline.providers.errors import (
    AuthenticationFailed,
    MalformedResponse,
    NotEntitled,
    ProviderError,
    RateLimited,
    Unavailable,
    UnknownSymbol,
)
from market_pipeline.providers.messages import Answer, Ask
from market_pipeline.simulator.dialect import Dialect
from market_pipeline.simulator.process import RunningSimulator
from market_pipeline.simulator.server import Simulator, SimulatorSettings
from market_pipeline.storage.database import Database
from market_pipeline.storage.universe import TrackedSymbol, track
from market_pipeline.storage.upsert import total
from market_pipeline.storage.writer import Provenance, Writer
from market_pipeline.tracking.attempts import AttemptRow, write_attempts
from market_pipeline.tracking.failed_symbols import Failure, record_failures
from market_pipeline_tests.docs.documents import DOCUMENTS, Block, document

QUERIES = [block for one in DOCUMENTS for block in one.blocks("sql")]
NOW = datetime(2026, 11, 20, 20, 30, tzinfo=UTC)  # half an hour before the close of a Friday
SYMBOLS = ("AAPL", "BRK.B", "ZZTOP")  # the synthetic market knows no symbol that begins with ZZ


@pytest.mark.parametrize("block", QUERIES, ids=lambda block: block.place)
def test_every_piece_of_sql_runs(block: Block, database: Database) -> None:
    with database.connect() as connection:
        connection.execute(block.text.encode())


def test_three_queries_tell_why_a_symbol_has_no_rows(database: Database) -> None:
    """Of a tracked symbol that one vendor does not know, another refused, and a third sent a senseless row of."""
    now = datetime.now(UTC)
    attempt = AttemptRow(
        attempted_at=now,
        run_id="run",
        data_type="stock_quotes",
        provider="finnhub",
        endpoint="stock_quotes/Quote",
        symbols=["MSFT", "AAPL"],
        outcome="rate_limited",
        http_status=429,
        response_time_ms=12.5,
        records=0,
        rejected=0,
        retry_after_seconds=60,
        error_message="API limit reached",
        sample=None,
    )
    failure = Failure(symbol="AAPL", errors={"yahoo": "unknown_symbol: no such symbol"}, unknown=False)
    refused = Rejected({"symbol": "AAPL", "price": -1}, "price: Input should be greater than 0")
    with database.connect(autocommit=True) as connection:
        track(connection, [TrackedSymbol("AAPL")])
        write_attempts(connection, [attempt])
        record_failures(connection, "stock_quotes", "2026-11-20", [failure], run_id="run", now=now)
        Writer(connection).quarantine(DATASETS["stock_quotes"], [refused], Provenance("fmp", now, "run"))
        asked, owed, called = (answered(connection, block) for block in why_no_rows())

    assert [(one["active"], one["last_quote"]) for one in asked] == [(True, None)]
    assert [(one["state"], one["provider"], one["said"]) for one in owed] == [
        ("waiting", "yahoo", "unknown_symbol: no such symbol")
    ]
    assert {(one["provider"], one["outcome"], one["said"]) for one in called} == {
        ("finnhub", "rate_limited", "API limit reached"),
        ("fmp", "row rejected", "price: Input should be greater than 0"),
    }


def why_no_rows() -> list[Block]:
    operations = document("docs/operations.md")
    section = operations.section("Symbol Y has no rows: why?")
    return [block for block in operations.blocks("sql") if block.text in section]


def answered(connection: Any, block: Block) -> list[dict[str, Any]]:
    cursor = connection.execute(block.text.encode())
    names = [column.name for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


@pytest.fixture(scope="module")
def example() -> Mapping[str, Any]:
    """What the blocks of add-a-vendor.md define, executed in their order, its own assertions included."""
    return executed("docs/add-a-vendor.md")


def executed(name: str) -> dict[str, Any]:
    found: dict[str, Any] = {"__name__": "example"}
    for block in document(name).blocks("python"):
        exec(compile(block.text, block.place, "exec"), found)
    return found


@pytest.fixture(scope="module")
def simulated(example: Mapping[str, Any]) -> Iterator[str]:
    """The address of the example's vendor, played by the example's dialect."""
    dialect: Dialect = example["TicktapeDialect"]()
    provider: Provider = example["Ticktape"]()

    def assemble(settings: SimulatorSettings) -> Simulator:
        return Simulator(settings, {dialect.name: dialect}, {provider.name: provider})

    with RunningSimulator(SimulatorSettings(port=0), assemble) as running:
        running.control.set_clock(NOW, speed=0)
        yield running.control.vendor_url(provider.name)


def sent(provider: Provider, url: str, key: str = "good") -> tuple[Ask, Answer]:
    """A question about SYMBOLS, and what the simulated vendor answers over HTTP."""
    (endpoint,) = provider.endpoints
    ask = Ask(data_type="stock_quotes", symbols=SYMBOLS, now=NOW)
    client = VendorClient(provider, key=key, base_url=url, timeout=10, connections=1, clock=lambda: NOW)
    try:
        return ask, client.send(endpoint.requests(ask)[0])
    finally:
        client.close()


def test_the_example_vendor_is_fetched_parsed_and_checked(example: Mapping[str, Any], simulated: str) -> None:
    provider: Provider = example["Ticktape"]()
    ask, answer = sent(provider, simulated)
    assert provider.classify(answer) is None
    parsed = provider.endpoints[0].read(answer, ask)
    checked = DATASETS["stock_quotes"].check(parsed.rows)
    assert [record.symbol for record in checked.records] == ["AAPL", "BRK.B"]
    assert checked.rejected == []
    assert {record.as_of for record in checked.records} == {NOW}
    assert [(symbol, type(error)) for symbol, error in parsed.errors.items()] == [("ZZTOP", UnknownSymbol)]


def test_the_example_vendor_recognises_its_own_addresses(example: Mapping[str, Any]) -> None:
    matched = example["Ticktape"]().match("https://api.ticktape.example/v1/last?tickers=AAPL,BRK-B&key=x", NOW)
    assert matched is not None
    assert matched[1].symbols == ("AAPL", "BRK.B")


def test_a_wrong_key_is_told_as_such(example: Mapping[str, Any], simulated: str) -> None:
    provider: Provider = example["Ticktape"]()
    _, answer = sent(provider, simulated, key="invalid")
    assert isinstance(provider.classify(answer), AuthenticationFailed)


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (200, b'{"error": "please slow down"}', RateLimited),
        (200, b'{"error": "upgrade for this"}', NotEntitled),
        (429, b"", RateLimited),
        (503, b"<html>", Unavailable),
        (400, b'{"error": "what?"}', MalformedResponse),
    ],
)
def test_the_example_vendor_tells_its_errors_apart(
    example: Mapping[str, Any], status: int, body: bytes, error: type[ProviderError]
) -> None:
    answer = Answer(url="https://api.ticktape.example/v1/last", status=status, body=body, received_at=NOW)
    assert type(example["Ticktape"]().classify(answer)) is error


def test_drift_in_the_example_vendors_answers_is_no_empty_answer(example: Mapping[str, Any]) -> None:
    provider: Provider = example["Ticktape"]()
    answer = Answer(url=provider.base_url, status=200, body=b'{"quotes": []}', received_at=NOW)
    with pytest.raises(MalformedResponse, match="trades"):
        provider.endpoints[0].read(answer, Ask(data_type="stock_quotes", symbols=("AAPL",), now=NOW))


def test_the_example_data_type_is_written_to_its_table_and_read_back(database: Database) -> None:
    dataset: Dataset = executed("docs/add-a-data-type.md")["SHORT_INTEREST"]
    (table,) = document("docs/add-a-data-type.md").blocks("sql")
    row = {"symbol": "AAPL", "settlement_date": NOW.date(), "shares_short": 120_000_000}
    checked = dataset.check([row, {**row, "symbol": "MSFT", "shares_short": None}])
    assert [rejected.reason for rejected in checked.rejected] == ["shares_short: Input should be a valid integer"]

    with database.connect(autocommit=True) as connection:
        connection.execute(table.text.encode())
        writer, provenance = Writer(connection), Provenance("example", NOW, "run")
        assert total(writer.write(dataset, checked.records, provenance)).inserted == 1
        assert total(writer.write(dataset, checked.records, provenance)).unchanged == 1
        kept = connection.execute("SELECT symbol, shares_short, provider FROM short_interest").fetchall()
    assert kept == [("AAPL", 120_000_000, "example")]


def test_the_example_data_type_becomes_an_asset(monkeypatch: pytest.MonkeyPatch) -> None:
    dataset: Dataset = executed("docs/add-a-data-type.md")["SHORT_INTEREST"]
    monkeypatch.setattr(market_data, "ROUTES", {dataset.name: ("finnhub", "nasdaq")})
    asset = market_data_asset(dataset)
    assert asset.key.to_user_string() == dataset.name
    assert asset.partitions_def == symbol_partitions


def test_the_comments_of_the_example_table_are_what_its_fields_say() -> None:
    dataset: Dataset = executed("docs/add-a-data-type.md")["SHORT_INTEREST"]
    (table,) = document("docs/add-a-data-type.md").blocks("sql")
    comments = dict(re.findall(rf"COMMENT ON COLUMN {dataset.name}\.(\w+) IS '([^']*)'", table.text))
    own = {name: info for name, info in dataset.record.model_fields.items() if name not in ("symbol", "as_of", "flags")}
    units = {name: dict(info.json_schema_extra or {})["unit"] for name, info in own.items()}  # type: ignore[arg-type]
    assert comments == {name: f"{info.description} ({units[name]})" for name, info in own.items()}
