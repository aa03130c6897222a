"""Indices: who is in them, from whichever vendor answers, and what becomes of members that leave."""

import pytest

from market_pipeline.datasets import DATASETS
from market_pipeline.datasets.index_constituents import INDICES
from market_pipeline.simulator.market import SyntheticMarket
from market_pipeline_tests.orchestration.conftest import Run, Runs

MARKET = SyntheticMarket()
PARTITION = "dagster/partition"
DOW = {PARTITION: "^DJI"}


def members(runs: Runs, index: str = "^DJI") -> set[str]:
    rows = runs.rows(f"SELECT member FROM index_constituents WHERE symbol = '{index}' AND removed_at IS NULL")
    return {member for (member,) in rows}


def changes(runs: Runs) -> list[tuple[str, str]]:
    return runs.rows("SELECT member, change FROM index_changes ORDER BY seen_at, member")


def execute(runs: Runs, statement: str) -> None:
    with runs.database.connect() as connection:
        connection.execute(statement)


def list_the_dow(runs: Runs) -> Run:
    """A run that asks a vendor, whatever one has answered before."""
    return runs.of("index_constituents", DOW, use_cache=False)


def test_a_run_without_a_partition_lists_every_index_with_its_sectors(runs: Runs) -> None:
    run = runs.of("index_constituents")
    assert run.success
    assert set(run.materialised) == set(INDICES) == set(DATASETS["index_constituents"].subjects)
    for symbol, name in INDICES.items():
        assert members(runs, symbol) == {one.symbol for one in MARKET.constituents(name)}
    technology = {one.symbol for one in MARKET.constituents("S&P 500") if one.sector == "Technology"}
    rows = runs.rows("SELECT member FROM index_constituents WHERE index_name = 'S&P 500' AND sector = 'Technology'")
    assert {member for (member,) in rows} == technology
    assert runs.rows("SELECT DISTINCT provider FROM index_constituents") == [("finviz",)]
    known = runs.rows(
        "SELECT symbol FROM current_freshness WHERE data_type = 'index_constituents' AND status <> 'missing'"
    )
    assert {symbol for (symbol,) in known} == set(INDICES)


@pytest.mark.parametrize("fault", ["html", "error_rate", "truncated"])
def test_when_the_screener_fails_another_vendor_is_asked(runs: Runs, fault: str) -> None:
    runs.simulator.set_faults({"finviz": {fault: 1}})
    run = list_the_dow(runs)
    assert run.success
    assert run.materialised["^DJI"]["vendors"] == {"fmp": 1}
    assert members(runs) == {one.symbol for one in MARKET.constituents("Dow Jones")}


def test_the_index_of_nasdaq_needs_no_key_besides(runs: Runs) -> None:
    run = runs.of("index_constituents", {PARTITION: "^NDX"}, providers=["nasdaq"])
    assert run.success
    assert members(runs, "^NDX") == {one.symbol for one in MARKET.constituents("Nasdaq 100")}
    refused = runs.of("index_constituents", DOW, providers=["nasdaq"])
    assert "no vendor can be asked for index_constituents among nasdaq" in refused.failure


def test_an_index_that_nobody_lists_is_owed_and_red_and_the_others_are_green(runs: Runs) -> None:
    run = runs.of("index_constituents", {PARTITION: "S&P 500"})
    assert "no such partition: S&P 500 is not an index. There are ^GSPC" in run.failure
    runs.simulator.set_faults("*:html=1")
    assert not list_the_dow(runs).success
    assert runs.rows("SELECT symbol, state FROM failed_symbols") == [("^DJI", "waiting")]
    assert members(runs) == set()


def test_a_member_that_leaves_stays_with_its_end_and_one_that_comes_back_has_none(runs: Runs) -> None:
    assert list_the_dow(runs).success
    assert [change for _, change in changes(runs)] == ["added"] * 30
    execute(runs, "DELETE FROM index_changes")
    execute(runs, "UPDATE index_constituents SET member = 'LEFT' WHERE member = 'AAPL'")
    run = list_the_dow(runs)
    assert run.materialised["^DJI"]["membership_changes"] == {"^DJI": {"added": ["AAPL"], "removed": ["LEFT"]}}
    assert "LEFT" not in members(runs)
    assert runs.rows("SELECT count(*) FROM index_constituents WHERE member = 'LEFT' AND removed_at IS NOT NULL") == [
        (1,)
    ]
    execute(runs, "DELETE FROM index_changes")
    execute(runs, "UPDATE index_constituents SET removed_at = now() WHERE member = 'MSFT'")
    assert list_the_dow(runs).success
    assert changes(runs) == [("MSFT", "added")]
    assert {"MSFT", "AAPL"} <= members(runs)


def test_the_same_list_again_changes_nothing(runs: Runs) -> None:
    list_the_dow(runs)
    once = runs.rows("SELECT * FROM index_changes ORDER BY member")
    run = list_the_dow(runs)
    assert run.materialised["^DJI"]["rows_updated"] == 0
    assert runs.rows("SELECT * FROM index_changes ORDER BY member") == once
    assert runs.rows("SELECT count(*) FROM index_constituents WHERE first_seen_at IS NULL") == [(0,)]


def test_a_list_that_leaves_out_too_much_to_be_true_is_no_answer(runs: Runs) -> None:
    list_the_dow(runs)
    execute(runs, "UPDATE index_constituents SET member = 'OLD' || member WHERE member < 'H'")
    before = members(runs)
    run = list_the_dow(runs)
    assert not run.success
    ((errors,),) = runs.rows("SELECT errors FROM failed_symbols")
    assert "it lists 30 members and leaves out" in errors["finviz"]
    assert before <= members(runs), "nobody has left"


def test_members_of_a_list_that_broke_off_are_none_until_a_whole_list_has_them(runs: Runs) -> None:
    execute(
        runs,
        "INSERT INTO index_constituents (symbol, index_name, member, flags, provider, fetched_at, run_id)"
        " VALUES ('^DJI', 'Dow Jones', 'HALF', '{}', 'finviz', now(), 'broken off')",
    )
    assert list_the_dow(runs).success
    assert runs.rows("SELECT count(*) FROM index_constituents WHERE member = 'HALF'") == [(0,)]
    assert "HALF" not in dict(changes(runs))
