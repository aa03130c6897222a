"""Checks of what is stored: each passes on good rows, and finds each defect that it is about, and how much of it there is."""

from collections.abc import Callable, Collection
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from market_pipeline.checks import CHECKS, checks_of
from market_pipeline.datasets import DATASETS, DERIVED
from market_pipeline.sessions import Sessions
from market_pipeline.storage.database import Database
from market_pipeline.storage.splits import flag_overtaken
from market_pipeline.storage.universe import TrackedSymbol, track, untrack
from market_pipeline.tracking.coverage import due_sessions, session_coverage
from market_pipeline.tracking.failed_symbols import Failure, RetryState, record_failures
from market_pipeline.tracking.findings import SAMPLE, Finding, Inspection, Verdict
from market_pipeline_tests.postgres.kept import bar, keep, quote

NOW = datetime(2026, 11, 20, 23, 30, tzinfo=UTC)  # two and a half hours after the close of a Friday
XNYS = Sessions()
WEEKS = due_sessions(XNYS, date(2026, 10, 26), NOW)
FRIDAY = WEEKS[-1]
PRICES = "historical_prices"
SYMBOLS = ("AAPL", "MSFT", "XOM")


@pytest.fixture
def universe(database: Database) -> Database:
    """Three symbols, with a daily bar for each session of a month."""
    with database.connect() as connection:
        track(connection, [TrackedSymbol(symbol) for symbol in SYMBOLS])
    keep(
        database,
        PRICES,
        [bar(symbol, day) for symbol in SYMBOLS for day in WEEKS],
        homes=dict.fromkeys(SYMBOLS, "yahoo"),
    )
    return database


def look(
    database: Database,
    check: str,
    data_type: str = PRICES,
    *,
    kept: int = 0,
    refused: int = 0,
    now: datetime = NOW,
    days: Collection[date] = (),
) -> Finding:
    (found,) = (one for one in CHECKS if one.name == check)
    with database.connect(autocommit=True) as connection:
        return found.find(
            Inspection(
                connection=connection,
                dataset=(DATASETS | DERIVED)[data_type],
                sessions=XNYS,
                now=now,
                rows_kept=kept,
                rows_refused=refused,
                days=days,
            )
        )


def execute(database: Database, statement: str, *parameters: Any) -> None:
    with database.connect(autocommit=True) as connection:
        connection.execute(statement.encode(), list(parameters))


@pytest.mark.parametrize("check", [check.name for check in checks_of(DATASETS[PRICES])])
def test_good_bars_pass(universe: Database, check: str) -> None:
    found = look(universe, check, kept=63)
    assert (found.verdict, found.count, list(found.sample)) == (Verdict.PASSED, 0, [])


@pytest.mark.parametrize("data_type", DATASETS)
def test_a_table_without_rows_is_incomplete_where_rows_are_due_and_has_no_other_fault(
    database: Database, data_type: str
) -> None:
    dataset = DATASETS[data_type]
    with database.connect() as connection:
        track(connection, [TrackedSymbol(symbol) for symbol in SYMBOLS])
    found = {check.name: look(database, check.name, data_type).verdict for check in checks_of(dataset)}
    expected = dict.fromkeys(found, Verdict.PASSED)
    expected["completeness"] = Verdict.PASSED if dataset.empty_is_answer else Verdict.ERROR
    if not dataset.live and dataset.dated_by == "session":
        expected["gaps"] = Verdict.PASSED
    assert found == expected


@pytest.mark.parametrize(
    ("without", "verdict"), [(2, Verdict.PASSED), (3, Verdict.WARN), (20, Verdict.WARN), (21, Verdict.ERROR)]
)
def test_completeness_is_the_share_of_the_universe_in_the_newest_session(
    database: Database, without: int, verdict: Verdict
) -> None:
    symbols = [f"S{number}" for number in range(40)]
    with database.connect() as connection:
        track(connection, [*map(TrackedSymbol, symbols), TrackedSymbol("GONE")])
        untrack(connection, ["GONE"])
    noon = datetime(2026, 11, 20, 17, tzinfo=UTC)
    keep(database, "stock_quotes", [quote(symbol, noon - timedelta(days=1), date(2026, 11, 19)) for symbol in symbols])
    keep(database, "stock_quotes", [quote(symbol, noon, FRIDAY) for symbol in symbols[without:]])
    found = look(database, "completeness", "stock_quotes")
    assert (found.verdict, found.count) == (verdict, without)
    assert found.figures["percent"] == pytest.approx(100 * (40 - without) / 40)
    assert f"{40 - without} of 40 have rows of the session {FRIDAY}" in found.said
    assert set(found.sample) <= set(symbols[:without])
    assert len(found.sample) == min(without, SAMPLE)


def test_where_an_empty_answer_is_one_only_symbols_that_are_owed_one_are_missing(universe: Database) -> None:
    assert look(universe, "completeness", "dividends").verdict is Verdict.PASSED
    owed(universe, "dividends", "XOM")
    found = look(universe, "completeness", "dividends")
    assert (found.verdict, list(found.sample)) == (Verdict.WARN, ["XOM"])


@pytest.mark.parametrize(
    ("kept", "refused", "verdict"),
    [
        (0, 0, Verdict.PASSED),
        (95, 5, Verdict.PASSED),
        (94, 6, Verdict.WARN),
        (1, 1, Verdict.WARN),
        (1, 2, Verdict.ERROR),
    ],
)
def test_row_validity_is_the_share_of_refused_rows(
    database: Database, kept: int, refused: int, verdict: Verdict
) -> None:
    found = look(database, "row_validity", kept=kept, refused=refused)
    assert (found.verdict, found.count) == (verdict, refused)


def owed(database: Database, data_type: str, *symbols: str, unknown: bool = False, state: str | None = None) -> None:
    failures = [Failure(symbol=symbol, errors={"yahoo": "HTTP 503"}, unknown=unknown) for symbol in symbols]
    with database.connect() as connection:
        record_failures(connection, data_type, "", failures, run_id="run", now=NOW)
        if state is not None:
            connection.execute("UPDATE failed_symbols SET state = %s WHERE symbol = ANY (%s)", [state, list(symbols)])


def test_the_inventory_counts_all_that_is_owed_and_says_what_to_do(universe: Database) -> None:
    owed(universe, PRICES, "AAPL")
    found = look(universe, "failed_symbols")
    assert (found.verdict, found.count, found.said) == (Verdict.PASSED, 1, "1 waiting")
    given_up = [f"S{number}" for number in range(30)]
    owed(universe, PRICES, *given_up, state="exhausted")
    owed(universe, PRICES, "ZZTOP", unknown=True)
    owed(universe, "news", "MSFT", unknown=True)
    found = look(universe, "failed_symbols")
    assert (found.verdict, found.count) == (Verdict.WARN, 32)
    assert found.figures == {"exhausted": 30, "unknown": 1, "waiting": 1}
    assert len(found.sample) == SAMPLE
    assert found.said == "30 exhausted; 1 unknown; 1 waiting"
    assert "exhausted: read what vendors said" in found.remedy
    assert "unknown: correct the spelling" in found.remedy


def test_what_has_expired_is_counted_and_no_alarm(universe: Database) -> None:
    owed(universe, PRICES, "AAPL", state="expired")
    found = look(universe, "failed_symbols")
    assert (found.verdict, found.count) == (Verdict.PASSED, 1)


def test_missing_sessions_are_gaps(universe: Database) -> None:
    execute(universe, "DELETE FROM historical_prices WHERE symbol = 'MSFT' AND session = ANY (%s)", WEEKS[3:5])
    execute(universe, "DELETE FROM historical_prices WHERE symbol = 'XOM' AND session = %s", FRIDAY)
    found = look(universe, "gaps")
    assert (found.verdict, found.count) == (Verdict.WARN, 3)
    assert "are missing in 2 of 3 series" in found.said
    assert list(found.sample) == [f"MSFT 1d {WEEKS[3]} to {WEEKS[4]}: 2", f"XOM 1d {FRIDAY} to {FRIDAY}: 1"]


def test_sessions_before_the_first_that_was_fetched_and_symbols_nobody_tracks_are_no_gaps(universe: Database) -> None:
    execute(universe, "DELETE FROM historical_prices WHERE symbol = 'MSFT' AND session < %s", WEEKS[5])
    with universe.connect() as connection:
        untrack(connection, ["XOM"])
    execute(universe, "DELETE FROM historical_prices WHERE symbol = 'XOM' AND session = %s", WEEKS[5])
    assert look(universe, "gaps").verdict is Verdict.PASSED


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    there=st.dictionaries(st.sampled_from(SYMBOLS), st.sets(st.sampled_from(WEEKS))),
    since=st.sampled_from(WEEKS),
    hour=st.integers(0, 24 * 14),
)
def test_gaps_are_the_days_that_the_calendar_has_and_the_table_has_not(
    database: Database, there: dict[str, set[date]], since: date, hour: int
) -> None:
    now = NOW - timedelta(hours=hour)
    with database.connect(autocommit=True) as connection:
        connection.execute("TRUNCATE historical_prices")
        keep(database, PRICES, [bar(symbol, day) for symbol, days in there.items() for day in days])
        found = session_coverage(connection, DATASETS[PRICES], SYMBOLS, since=since, sessions=XNYS, now=now)
    assert {one.symbol: one.missing for one in found} == {
        symbol: slowly(there.get(symbol, set()), since, now) for symbol in SYMBOLS
    }


def slowly(there: set[date], since: date, now: datetime) -> list[date]:
    """Day by day: sessions that have been over for two hours, from the first one with a bar on, without one."""
    missing, begun = [], any(day < since for day in there)
    day = since
    while day <= now.date():
        over = XNYS.is_session(day) and XNYS.closes(day) + timedelta(hours=2) <= now
        if over and day in there:
            begun = True
        elif over and begun:
            missing.append(day)
        day += timedelta(days=1)
    return missing


def test_two_bars_of_one_session_are_duplicates(universe: Database) -> None:
    late = datetime(2026, 11, 20, 14, 30, tzinfo=UTC)
    keep(universe, PRICES, [bar("AAPL", FRIDAY, bar_start=late), bar("AAPL", FRIDAY, adjustment="raw")])
    found = look(universe, "duplicates")
    assert (found.verdict, found.count) == (Verdict.ERROR, 1)
    assert list(found.sample) == [f"AAPL 1d split {FRIDAY}: 2 rows"]


def test_hours_of_one_session_are_none(universe: Database) -> None:
    hours = [datetime(2026, 11, 20, hour, 30, tzinfo=UTC) for hour in range(14, 21)]
    keep(universe, PRICES, [bar("AAPL", FRIDAY, bar_start=hour, timeframe="1h") for hour in hours])
    assert look(universe, "duplicates").verdict is Verdict.PASSED


def test_one_report_of_two_quarters_is_a_duplicate_that_stops_nobody(universe: Database) -> None:
    quarters, report = [date(2026, 6, 30), date(2026, 9, 30)], date(2026, 11, 5)
    rows = [{"symbol": "AAPL", "period_end": day, "report_date": report} for day in quarters]
    keep(universe, "earnings", [*rows, {"symbol": "AAPL", "period_end": date(2026, 12, 31)}])
    found = look(universe, "duplicates", "earnings")
    assert (found.verdict, list(found.sample)) == (Verdict.WARN, ["AAPL 2026-11-05: 2 rows"])


def test_a_jump_of_forty_percent_is_an_outlier_unless_a_split_explains_it(universe: Database) -> None:
    set_closes(universe, "AAPL", lambda day: 60 if day >= WEEKS[10] else 100)
    set_closes(universe, "MSFT", lambda day: 139 if day == WEEKS[10] else 100)
    found = look(universe, "outliers")
    assert (found.verdict, found.count) == (Verdict.WARN, 1)
    assert list(found.sample) == [f"AAPL {WEEKS[10]} yahoo: 100 to 60"]
    execute(
        universe, "UPDATE historical_prices SET split_factor = 1.67 WHERE symbol = 'AAPL' AND session = %s", WEEKS[10]
    )
    assert look(universe, "outliers").verdict is Verdict.PASSED


@pytest.mark.parametrize("check", ["gaps", "duplicates", "outliers", "adjustment_mix"])
def test_what_is_long_past_is_looked_at_by_the_run_that_fetches_it(universe: Database, check: str) -> None:
    execute(universe, "DELETE FROM historical_prices WHERE symbol = 'XOM' AND session = %s", WEEKS[3])
    set_closes(universe, "AAPL", lambda day: 60 if day >= WEEKS[10] else 100)
    execute(universe, "UPDATE historical_prices SET series_provider = 'fmp'")
    keep(universe, PRICES, [bar("MSFT", WEEKS[3], bar_start=datetime(2026, 10, 29, 14, 30, tzinfo=UTC))])
    later = NOW + timedelta(days=120)
    found = look(universe, check, now=later, days=WEEKS[:1])
    assert found.count > look(universe, check, now=later).count
    assert found.remedy


def set_closes(database: Database, symbol: str, close: Callable[[date], int]) -> None:
    for day in WEEKS:
        execute(
            database,
            "UPDATE historical_prices SET close = %s WHERE symbol = %s AND session = %s",
            *(close(day), symbol, day),
        )


def test_calibres_are_not_compared_with_each_other(universe: Database) -> None:
    keep(universe, PRICES, [bar("AAPL", day, close=300, adjustment="raw") for day in WEEKS])
    assert look(universe, "outliers").verdict is Verdict.PASSED


def test_a_series_with_many_bars_of_another_vendor_is_mixed(universe: Database) -> None:
    keep(universe, PRICES, [bar("AAPL", WEEKS[0], close=101)], provider="fmp", homes={"AAPL": "yahoo"})
    assert look(universe, "adjustment_mix").verdict is Verdict.PASSED
    keep(universe, PRICES, [bar("AAPL", day, close=101) for day in WEEKS[:2]], provider="fmp", homes={"AAPL": "yahoo"})
    found = look(universe, "adjustment_mix")
    assert (found.verdict, list(found.sample)) == (Verdict.WARN, [f"AAPL 1d: 2 of {len(WEEKS)}"])


EX_DATE = WEEKS[10]


def split(database: Database, symbol: str = "AAPL") -> None:
    """It has happened, and the bars from its day on are fetched after it."""
    rows = [bar(symbol, day, close=50, split_factor=2 if day == EX_DATE else 1) for day in WEEKS[10:]]
    keep(database, PRICES, rows, fetched_at=datetime(2026, 11, 10, 23, tzinfo=UTC), homes={symbol: "yahoo"})


def test_bars_fetched_before_a_split_are_overtaken_until_they_are_fetched_anew(database: Database) -> None:
    before = datetime(2026, 11, 6, 23, tzinfo=UTC)
    with database.connect() as connection:
        track(connection, [TrackedSymbol("AAPL"), TrackedSymbol("MSFT")])
    old = [bar(symbol, day) for symbol in ("AAPL", "MSFT") for day in WEEKS[:10]]
    raw = [bar("AAPL", WEEKS[1], adjustment="raw"), bar("AAPL", WEEKS[2], adjustment="raw", adjusted_close=90)]
    keep(database, PRICES, [*old, *raw], fetched_at=before)
    split(database)
    with database.connect(autocommit=True) as connection:
        (flagged,) = flag_overtaken(connection, ["AAPL", "MSFT"], XNYS)
        assert flag_overtaken(connection, ["AAPL", "MSFT"], XNYS) == [], "once"
    assert (flagged.symbol, flagged.timeframe, flagged.ex_date) == ("AAPL", "1d", EX_DATE)
    assert (flagged.first, flagged.last, flagged.bars) == (WEEKS[0], WEEKS[9], 11)
    found = look(database, "overtaken_by_splits")
    assert (found.verdict, found.count) == (Verdict.WARN, 11)
    assert look(database, "outliers").verdict is Verdict.PASSED, "the jump is explained"

    anew = [bar("AAPL", day, close=50) for day in WEEKS[:10]]
    keep(database, PRICES, [*anew, *raw], fetched_at=datetime(2026, 11, 10, 23, 30, tzinfo=UTC))
    assert look(database, "overtaken_by_splits").verdict is Verdict.PASSED
    with database.connect(autocommit=True) as connection:
        assert flag_overtaken(connection, ["AAPL", "MSFT"], XNYS) == []


def test_an_owed_symbol_is_due_at_once_for_a_history_to_be_fetched_anew(database: Database) -> None:
    failure = Failure(symbol="AAPL", errors={"split": "…"}, unknown=False, not_before=NOW)
    with database.connect() as connection:
        record_failures(connection, PRICES, "2026-10-26...2026-11-06", [failure], run_id="run", now=NOW, timeframe="1d")
        found = connection.execute("SELECT state, attempts, next_retry_at FROM failed_symbols").fetchall()
    assert [RetryState(*row) for row in found] == [RetryState("waiting", 0, NOW)]
