"""The conformance suite fails where it should: shown on a made-up vendor whose adapter is wrong in known ways."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from market_pipeline.datasets.stock_quotes import StockQuote
from market_pipeline_tests.providers.conformance import faults, readings, same, unsound
from market_pipeline_tests.providers.made_up import Vendor, written
from market_pipeline_tests.recordings import META, Recording, load

ROOT = Path(__file__).resolve().parents[2]
GOOD = {"symbol": "MADE", "price": "12.50", "at": "2026-11-20T20:59:00Z"}


Record = Callable[..., Recording]


@pytest.fixture
def record(tmp_path: Path) -> Record:
    return partial(written, tmp_path)


def judged(recording: Recording, **known: Any) -> list[str]:
    return faults(recording, readings(Vendor(), recording), **known)


def test_a_good_answer_conforms(record: Record) -> None:
    expect = {
        "outcome": "records",
        "min_records": 1,
        "contains": {"symbol": "MADE", "price": 12.5, "session": "2026-11-20", "as_of": "2026-11-20T20:59:00+00:00"},
    }
    assert judged(record(GOOD, expect=expect)) == []


@pytest.mark.parametrize(
    ("expect", "complaint"),
    [
        ({"outcome": "no_data"}, "expected no_data, got records"),
        ({"min_records": 2}, "expected at least 2 records, got 1"),
        ({"contains": {"price": 12.51}}, "no record has"),
        ({"contains": {"symbol": "made"}}, "no record has"),
        ({"contains": {"session": "2026-11-21"}}, "no record has"),
        ({"contains": {"as_of": "2026-11-20T21:00:00Z"}}, "no record has"),
        ({"contains": {"volume": 0}}, "no record has"),  # absent is not zero
        ({"contains": {"prize": 12.5}}, "no such field"),
        ({"outcome": "fine"}, "cannot be honoured"),
        ({"minimum": 1}, "cannot be honoured"),
    ],
)
def test_an_expectation_that_is_not_met_fails(record: Record, expect: dict[str, Any], complaint: str) -> None:
    (wrong,) = judged(record(GOOD, expect=expect))
    assert complaint in wrong


def test_one_record_has_to_hold_all_that_is_expected(record: Record) -> None:
    other = {**GOOD, "symbol": "TOO", "price": "7"}
    mixed = {"contains": {"symbol": "MADE", "price": 7}}
    (wrong,) = judged(record(GOOD, other, url="https://made.up/api/quotes?of=MADE,TOO", expect=mixed))
    assert "no record has" in wrong


@pytest.mark.parametrize(
    ("quote", "complaint"),
    [
        ({**GOOD, "price": "-1"}, "1 rows rejected"),
        ({**GOOD, "price": "NaN"}, "1 rows rejected"),
        ({**GOOD, "at": "2026-11-20T20:59:00"}, "1 rows rejected"),
        ({**GOOD, "symbol": "ELSE"}, "asked for MADE, got rows about ELSE"),
    ],
)
def test_a_bad_row_fails_whatever_is_expected(record: Record, quote: dict[str, Any], complaint: str) -> None:
    recording = record(GOOD, {**GOOD, **quote, "volume": 1}, expect={"outcome": "records"})
    assert any(complaint in wrong for wrong in judged(recording))


def test_rows_that_are_known_to_be_bad_have_to_be_bad(record: Record) -> None:
    recording = record(GOOD, {**GOOD, "price": "0"})
    assert judged(recording, bad_rows=1) == []
    assert any("rejected" in wrong for wrong in judged(recording, bad_rows=2))


def test_data_that_cannot_be_read_fails(record: Record) -> None:
    (wrong,) = judged(record(body='{"quotas": []}'))
    assert "data could not be read" in wrong


def test_a_refusal_conforms_when_it_is_told_as_one(record: Record) -> None:
    assert judged(record(data_type="errors", status=429, expect={"outcome": "rate_limited"})) == []


def test_an_error_that_is_read_as_data_or_as_nothing_fails(record: Record) -> None:
    assert judged(record(GOOD, data_type="errors")) == ["an error was read as records"]


def test_an_error_that_is_read_as_nothing_fails(record: Record) -> None:
    assert judged(record(data_type="errors")) == ["an error was read as no_data"]


def test_a_symbol_that_is_told_as_unknown_is_an_error_that_was_recognised(record: Record) -> None:
    recording = record(unknown=("MADE",), data_type="errors", expect={"outcome": "unknown_symbol"})
    assert judged(recording) == []


def test_an_error_about_a_symbol_that_nobody_asked_for_fails(record: Record) -> None:
    (wrong,) = judged(record(GOOD, unknown=("ELSE",)))
    assert "errors about symbols nobody asked for" in wrong


def test_an_address_that_no_endpoint_asks_for_has_no_reading(record: Record) -> None:
    assert readings(Vendor(), record(GOOD, url="https://made.up/api/other")) == []


def test_values_that_no_record_may_hold_are_seen() -> None:
    quote = StockQuote.model_construct(
        symbol="MADE",
        as_of=datetime.fromisoformat("2026-11-20T20:59"),
        price=Decimal("NaN"),
        bid=float("inf"),
        ask=Decimal("1e-20000"),
        flags=("odd", "\x00"),
    )
    assert sorted(unsound(quote)) == [
        "StockQuote.as_of has no time zone",
        "StockQuote.ask has more than 16383 decimals",
        "StockQuote.bid is inf",
        "StockQuote.flags holds a NUL, which PostgreSQL's text cannot",
        "StockQuote.price is NaN",
    ]


@pytest.mark.parametrize(
    ("found", "wanted", "equal"),
    [
        (Decimal("12.50"), 12.5, True),
        (Decimal("12.50"), "12.5", True),
        (Decimal("0.1"), 0.1, True),
        (Decimal(1) / 3, 1 / 3, True),
        (Decimal("12.5000001"), 12.5, False),
        (Decimal("12.5"), "twelve", False),
        (5, 5, True),
        (0, None, False),
        (None, 0, False),
        (None, None, True),
        (True, True, True),
        (True, 1, False),
        (date(2026, 11, 20), "2026-11-20", True),
        (date(2026, 11, 20), "2026-11-20T00:00:00", False),
        (datetime(2026, 11, 20, 20, 59, tzinfo=UTC), "2026-11-20T15:59:00-05:00", True),
        (datetime(2026, 11, 20, 20, 59, tzinfo=UTC), "2026-11-20T20:59:00", True),
        (datetime(2026, 11, 20, 20, 59, tzinfo=UTC), 1795208340, False),
        (("A", "B"), ["A", "B"], True),
        (("A", "B"), ["B", "A"], False),
        ("12.50", 12.5, False),
    ],
)
def test_values_are_compared_by_what_they_mean(found: object, wanted: object, equal: bool) -> None:
    assert same(found, wanted) is equal


@pytest.mark.parametrize(
    ("file", "text", "complaint"),
    [
        ("lonely.json", "{}", "lonely.json"),
        (f"bodiless{META}", "{}", "bodiless"),
    ],
)
def test_a_folder_that_does_not_keep_to_the_layout_is_told_by_file(
    tmp_path: Path, file: str, text: str, complaint: str
) -> None:
    (tmp_path / "made_up" / "news").mkdir(parents=True)
    (tmp_path / "made_up" / "news" / file).write_text(text)
    with pytest.raises(ValueError, match=complaint):
        load(tmp_path)


QUOTE = {"c": 12.5, "d": 0.5, "dp": 4.17, "h": 13.0, "l": 12.0, "o": 12.0, "pc": 12.0, "t": 1795208340}


def write(folder: Path, where: str, body: str, **meta: Any) -> None:
    file = folder / where
    file.parent.mkdir(parents=True, exist_ok=True)
    request = {"url": "https://finnhub.io/api/v1/quote?symbol=MADE&token=REDACTED", "params": {}}
    file.with_name(f"{file.name}{META}").write_text(json.dumps({"request": request, "status": 200, **meta}))
    file.with_name(f"{file.name}.json").write_text(body)


@pytest.mark.parametrize("processes", ["0", "2"])
def test_the_suite_runs_over_any_folder_and_ends_with_a_table(tmp_path: Path, processes: str) -> None:
    right = {"outcome": "records", "contains": {"symbol": "MADE", "price": 12.5}}
    write(tmp_path, "finnhub/stock_quotes/good", json.dumps(QUOTE), expect=right)
    write(tmp_path, "finnhub/stock_quotes/wrong", json.dumps(QUOTE), expect={"contains": {"price": 12.6}})
    write(tmp_path, "finnhub/errors/limit", '{"error": "API limit reached."}', status=429)
    write(tmp_path, "finnhub/stock_quotes/elsewhere", "{}", request={"url": "https://finnhub.io/api/v1/none"})
    write(tmp_path, "nobody/news/letter", "{}")
    suite = ROOT / "market_pipeline_tests" / "providers" / "test_conformance.py"
    run = subprocess.run(
        [sys.executable, "-m", "pytest", suite, "-n", processes, "--recordings", tmp_path, "-p", "no:cacheprovider"],
        cwd=ROOT,
        env={**os.environ, "PYTEST_ADDOPTS": ""},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    table = {tuple(line.split()) for line in run.stdout.splitlines()}
    assert run.returncode == 1, run.stdout + run.stderr
    assert ("finnhub", "stock_quotes", "1", "·", "1", "1") in table
    assert ("finnhub", "errors", "·", "1", "·", "·") in table
    assert ("all", "1", "1", "2", "1") in table
    assert "not served (no endpoint asks for it): finnhub/stock_quotes/elsewhere" in run.stdout
    assert "not served (no adapter is registered for nobody): nobody/news/letter" in run.stdout
    assert "no record has {'price': 12.6}; the nearest has {'price': Decimal('12.5')}" in run.stdout


def test_a_named_folder_that_is_absent_is_an_error_and_no_skip(tmp_path: Path) -> None:
    suite = ROOT / "market_pipeline_tests" / "providers" / "test_conformance.py"
    run = subprocess.run(
        [sys.executable, "-m", "pytest", suite, "-n0", "--recordings", tmp_path / "absent"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert run.returncode == pytest.ExitCode.USAGE_ERROR
    assert "absent is no folder" in run.stderr
