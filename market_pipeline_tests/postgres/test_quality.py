"""Quality: what is counted of a symbol's rows, what the score makes of it, and that measuring again replaces it."""

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from market_pipeline.cli.app import app
from market_pipeline.datasets import DATASETS
from market_pipeline.providers.errors import Unavailable
from market_pipeline.sessions import Sessions
from market_pipeline.storage.database import Database
from market_pipeline.storage.universe import TrackedSymbol, track, untrack
from market_pipeline.tracking.consensus import Comparison, deviation, due_for_comparison
from market_pipeline.tracking.coverage import due_sessions
from market_pipeline.tracking.failed_symbols import Failure, record_failures
from market_pipeline.tracking.quality import (
    Quality,
    measure_quality,
    quality_summary,
    read_quality,
    record_comparisons,
    score,
)
from market_pipeline_tests.postgres.kept import bar, keep, quote

NOW = datetime(2026, 11, 20, 23, 30, tzinfo=UTC)  # two and a half hours after the close of a Friday
XNYS = Sessions()
PRICES = DATASETS["historical_prices"]
MONTH = due_sessions(XNYS, date(2026, 10, 21), NOW)


def measure(database: Database, data_type: str, *symbols: str, now: datetime = NOW) -> dict[str, Quality]:
    with database.connect() as connection:
        found = measure_quality(
            connection, symbols, sessions=XNYS, now=now, run_id="run", datasets=[DATASETS[data_type]]
        )
        assert read_quality(connection, data_type=data_type, symbols=[one.symbol for one in found]) == sorted(
            found, key=lambda one: (one.quality_score is None, one.quality_score, one.symbol)
        )
    return {one.symbol: one for one in found}


Percent = st.none() | st.floats(0, 100)


@given(Percent, Percent, st.none() | st.floats(0, 1000), st.floats(0, 1000))
def test_a_score_is_from_0_to_1_and_grows_with_what_it_is_made_of(
    valid: float | None, complete: float | None, deviation: float | None, worse: float
) -> None:
    found = score(valid, complete, deviation)
    if found is None:
        assert (valid, complete, deviation) == (None, None, None)
        return
    assert -1e-9 <= found <= 1 + 1e-9
    for better in (
        score(valid and 100, complete, deviation),
        score(valid, complete and 100, deviation),
        score(valid, complete, deviation and 0),
    ):
        assert better is not None
        assert better >= found - 1e-9
    if deviation is not None:
        after = score(valid, complete, deviation + worse)
        assert after is not None
        assert after <= found + 1e-9


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ((100, 100, 0.0), 1),
        ((100, 100, None), 1),
        ((90, 50, 0.5), 0.4 * 0.9 + 0.4 * 0.5 + 0.2 * 0.5),
        ((100, 100, 7.0), 0.8),
        ((90, None, None), 0.9),
        ((0, 0, 2.0), 0),
    ],
)
def test_the_score_is_the_documented_mean_of_what_is_known(
    parts: tuple[float, float | None, float | None], expected: float
) -> None:
    assert score(*parts) == pytest.approx(expected)


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sets(st.sampled_from(MONTH)), st.booleans())
def test_completeness_counts_the_sessions_due_since_the_first_that_was_ever_fetched(
    database: Database, there: set[date], has_earlier: bool
) -> None:
    with database.connect() as connection:
        connection.execute("TRUNCATE historical_prices")
    earlier = [date(2026, 3, 2)] if has_earlier else []
    keep(database, "historical_prices", [bar("AAPL", day) for day in [*earlier, *there]])
    due = [day for day in MONTH if has_earlier or (there and day >= min(there))]
    (found,) = measure(database, "historical_prices", "AAPL").values()
    assert found.rows_checked == len(there)
    assert found.completeness == pytest.approx(100 * len(there) / len(due) if due else 0)


def test_each_bar_length_that_a_symbol_keeps_is_due(database: Database) -> None:
    with database.connect() as connection:
        track(connection, [TrackedSymbol("AAPL", timeframes=("1d", "1h"))])
    hours = [bar("AAPL", MONTH[0], timeframe="1h"), bar("AAPL", MONTH[1], timeframe="1h")]
    keep(database, "historical_prices", [bar("AAPL", day) for day in MONTH] + hours)
    (found,) = measure(database, "historical_prices", "AAPL").values()
    assert found.completeness == pytest.approx(100 * (len(MONTH) + 2) / (2 * len(MONTH)))


def test_a_session_that_is_not_over_is_not_due(database: Database) -> None:
    at_noon = datetime(2026, 11, 20, 17, tzinfo=UTC)
    keep(database, "stock_quotes", [quote("AAPL", at_noon - timedelta(days=1), date(2026, 11, 19))])
    (found,) = measure(database, "stock_quotes", "AAPL", now=at_noon).values()
    assert found.completeness == 100
    (found,) = measure(database, "stock_quotes", "AAPL").values()
    assert found.completeness == 50


def test_rows_that_were_refused_lower_the_validation_rate_of_their_symbol(database: Database) -> None:
    good = [bar(symbol, day) for symbol in ("AAPL", "MSFT") for day in MONTH[-3:]]
    keep(database, "historical_prices", [*good, bar("AAPL", MONTH[0], close=-1)])
    found = measure(database, "historical_prices", "AAPL", "MSFT")
    assert (found["AAPL"].rows_checked, found["AAPL"].validation_rate) == (4, 75)
    assert (found["MSFT"].rows_checked, found["MSFT"].validation_rate) == (3, 100)


@pytest.mark.parametrize("data_type", DATASETS)
def test_nothing_kept_is_a_fault_only_where_something_is_due(database: Database, data_type: str) -> None:
    dataset = DATASETS[data_type]
    subjects = ("AAPL",) if dataset.per_symbol else dataset.subjects
    found, *others = measure(database, data_type, "AAPL").values()
    assert {found.symbol, *(other.symbol for other in others)} == {*subjects}
    assert (found.rows_checked, found.validation_rate) == (0, None)
    assert (found.completeness, found.quality_score) == ((None, None) if dataset.empty_is_answer else (0, 0))
    failure = Failure(symbol=found.symbol, errors={"yahoo": str(Unavailable("HTTP 503"))}, unknown=False)
    with database.connect() as connection:
        record_failures(connection, data_type, "", [failure], run_id="run", now=NOW)
    found = measure(database, data_type, "AAPL")[found.symbol]
    assert (found.completeness, found.quality_score) == (0, 0)


def test_a_deviation_lowers_the_score_and_outlives_the_next_measurement(database: Database) -> None:
    keep(database, "historical_prices", [bar("AAPL", day) for day in MONTH])
    measure(database, "historical_prices", "AAPL")
    with database.connect() as connection:
        compared = [Comparison("AAPL", "nasdaq", 0.25), Comparison("NOBODY", "nasdaq", 1.0)]
        record_comparisons(connection, PRICES, compared, NOW)
        (found,) = read_quality(connection)
    assert (found.deviation, found.quality_score) == (0.25, pytest.approx(0.95))
    (found,) = measure(database, "historical_prices", "AAPL").values()
    assert (found.deviation, found.quality_score) == (0.25, pytest.approx(0.95))
    with database.connect() as connection:
        record_comparisons(connection, PRICES, [Comparison("AAPL")], NOW)
        (found,) = read_quality(connection)
    assert found.deviation == 0.25, "nobody has told otherwise since"


def test_those_that_differed_are_compared_first_then_those_that_wait_longest_within_the_day_s_budget(
    database: Database,
) -> None:
    symbols = ["AAPL", "JPM", "MSFT", "TSLA", "XOM"]
    with database.connect(autocommit=True) as connection:
        track(connection, [TrackedSymbol(symbol) for symbol in [*symbols, "GONE"]])
        measure(database, PRICES.name, *symbols, "GONE")
        untrack(connection, ["GONE"])

        def due(budget: int, now: datetime = NOW) -> list[str]:
            return due_for_comparison(connection, PRICES, budget=budget, now=now)

        def compared(days: int, **deviations: float | None) -> None:
            found = [Comparison(symbol, "nasdaq", percent) for symbol, percent in deviations.items()]
            record_comparisons(connection, PRICES, found, NOW - timedelta(days=days))

        assert due(9) == symbols
        compared(2, AAPL=0.0, JPM=0.1, XOM=1.5)
        compared(3, MSFT=None)
        assert due(9) == ["XOM", "TSLA", "MSFT", "AAPL", "JPM"]
        compared(0, XOM=1.5, TSLA=0.0)
        assert due(4) == ["MSFT", "AAPL"]
        assert due(2) == due(1) == []


@given(
    ours=st.dictionaries(st.integers(0, 9), st.floats(0.01, 1e6)),
    theirs=st.dictionaries(st.integers(0, 9), st.floats(0.01, 1e6)),
)
def test_the_deviation_is_the_median_of_the_rows_that_both_have(
    ours: dict[int, float], theirs: dict[int, float]
) -> None:
    found = deviation({(key,): one for key, one in ours.items()}, {(key,): one for key, one in theirs.items()})
    apart = sorted(100 * abs(theirs[key] - ours[key]) / ours[key] for key in ours if key in theirs)
    if not apart:
        assert found is None
    else:
        middle = (apart[len(apart) // 2] + apart[(len(apart) - 1) // 2]) / 2
        assert found == pytest.approx(middle, abs=1e-6)


def test_the_summary_is_about_symbols_that_are_still_tracked(database: Database) -> None:
    with database.connect() as connection:
        assert quality_summary(connection).avg_quality_score is None
        track(connection, [TrackedSymbol("AAPL"), TrackedSymbol("GONE")])
    keep(database, "historical_prices", [*(bar("AAPL", day) for day in MONTH), bar("GONE", MONTH[0])])
    measure(database, "historical_prices", "AAPL", "GONE")
    with database.connect() as connection:
        untrack(connection, ["GONE"])
        found = quality_summary(connection)
    assert (found.symbols_tracked, found.avg_validation_rate, found.avg_quality_score) == (1, 100, 1)


def test_the_command_shows_the_worst_first_and_can_be_narrowed(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", database.url)
    keep(database, "historical_prices", [*(bar("AAPL", day) for day in MONTH), bar("XOM", MONTH[0])])
    measure(database, "historical_prices", "AAPL", "XOM")
    measure(database, "company_info", "AAPL")

    def run(*arguments: str) -> Any:
        result = CliRunner().invoke(app, ["quality", *arguments], env={"COLUMNS": "80"})
        return result.exit_code, result.output

    code, output = run("--json")
    listed = [(one["data_type"], one["symbol"]) for one in json.loads(output)["quality"]]
    assert listed == [("company_info", "AAPL"), ("historical_prices", "XOM"), ("historical_prices", "AAPL")]
    assert json.loads(output)["summary"]["symbols_tracked"] > 0
    code, output = run("historical_prices", "--symbol", "xom")
    assert code == 0
    assert "XOM" in output
    assert "AAPL" not in output
    assert run("prices")[0] == 2
