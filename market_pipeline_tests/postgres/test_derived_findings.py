"""Checks of what is computed: each passes on good rows, and finds the one defect that it is about."""

from datetime import timedelta

import pytest

from market_pipeline.checks import checks_of
from market_pipeline.computing.series import compute_annual_returns, compute_features
from market_pipeline.datasets import DERIVED, Derived
from market_pipeline.storage.data_types import declare_data_types
from market_pipeline.storage.database import Database
from market_pipeline.tracking.findings import LATELY, Verdict
from market_pipeline_tests.postgres.kept import keep
from market_pipeline_tests.postgres.test_findings import NOW, SYMBOLS, XNYS, execute, look, universe

__all__ = ["universe"]
FEATURES, RETURNS = DERIVED["price_features"], DERIVED["annual_returns"]


@pytest.fixture
def computed(universe: Database) -> Database:
    """Three symbols with bars of a month, and all that is computed from them."""
    with universe.connect(autocommit=True) as connection:
        declare_data_types(connection)
        for symbol in SYMBOLS:
            compute_features(connection, symbol, "1d", sessions=XNYS, now=NOW, run_id="run")
            compute_annual_returns(connection, symbol, sessions=XNYS, now=NOW, run_id="run")
    return universe


@pytest.mark.parametrize("data_type", DERIVED)
def test_what_was_computed_from_good_bars_passes(computed: Database, data_type: str) -> None:
    checks = [check.name for check in checks_of(DERIVED[data_type])]
    assert len(checks) == 4
    assert {name: look(computed, name, data_type).verdict for name in checks} == dict.fromkeys(checks, Verdict.PASSED)


ON_FRIDAY = "WHERE symbol = 'XOM' AND {} = '2026-11-20'"
FEATURES_OF_FRIDAY, RETURNS_UNTIL_FRIDAY = ON_FRIDAY.format(FEATURES.reaches), ON_FRIDAY.format(RETURNS.reaches)


@pytest.mark.parametrize(
    ("derived", "statement", "check", "verdict", "sample"),
    [
        (FEATURES, "DELETE FROM price_features WHERE symbol = 'XOM'", "series_without_rows", Verdict.WARN, "XOM 1d"),
        (RETURNS, "DELETE FROM annual_returns WHERE symbol = 'XOM'", "series_without_rows", Verdict.WARN, "XOM"),
        (
            FEATURES,
            f"DELETE FROM price_features {FEATURES_OF_FRIDAY}",
            "behind_prices",
            Verdict.WARN,
            "XOM 1d: 2026-11-19, prices 2026-11-20",
        ),
        (
            RETURNS,
            "UPDATE annual_returns SET last_session = '2026-11-18' WHERE symbol = 'XOM'",
            "behind_prices",
            Verdict.WARN,
            "XOM 1d: 2026-11-18, prices 2026-11-20",
        ),
        *(
            (
                FEATURES,
                f"UPDATE price_features SET {wrong} {FEATURES_OF_FRIDAY}",
                "impossible_values",
                Verdict.ERROR,
                said,
            )
            for wrong, said in {
                "rsi_14 = 100.1": "rsi_14: 1 rows",
                "rsi_14 = -0.1": "rsi_14: 1 rows",
                "macd = 'NaN'": "macd: 1 rows",
                "log_return = '-Infinity'": "log_return: 1 rows",
            }.items()
        ),
        (
            RETURNS,
            f"UPDATE annual_returns SET price_return = -1.5 {RETURNS_UNTIL_FRIDAY}",
            "impossible_values",
            Verdict.ERROR,
            "price_return: 1 rows",
        ),
        (
            FEATURES,
            f"UPDATE price_features SET simple_return = NULL {FEATURES_OF_FRIDAY}",
            "holes",
            Verdict.WARN,
            "XOM 1d: 1 rows",
        ),
    ],
)
def test_each_defect_is_found_by_its_check_and_by_no_other(
    computed: Database, derived: Derived, statement: str, check: str, verdict: Verdict, sample: str
) -> None:
    execute(computed, statement)
    found = {one.name: look(computed, one.name, derived.name) for one in checks_of(derived)}
    assert (found[check].verdict, found[check].count, list(found[check].sample)) == (verdict, 1, [sample])
    assert [name for name, one in found.items() if one.verdict is not Verdict.PASSED] == [check]


@pytest.mark.parametrize(("removed", "verdict"), [(2, Verdict.PASSED), (3, Verdict.WARN), (6, Verdict.ERROR)])
def test_a_list_that_loses_many_of_its_members_has_shrunk(database: Database, removed: int, verdict: Verdict) -> None:
    keep(
        database,
        "index_constituents",
        [{"symbol": index, "member": f"M{n}"} for index in ("^GSPC", "^NDX") for n in range(10)],
    )
    gone = "UPDATE index_constituents SET removed_at = %s WHERE symbol = '^NDX' AND member = ANY (%s)"
    execute(database, gone, NOW - timedelta(days=7), [f"M{number}" for number in range(removed)])
    found = look(database, "shrunken_lists", "index_constituents")
    assert (found.verdict, found.count) == (verdict, int(removed > 2))
    later = look(database, "shrunken_lists", "index_constituents", now=NOW + LATELY)
    assert later.verdict is Verdict.PASSED, "what it was long ago is no measure"
