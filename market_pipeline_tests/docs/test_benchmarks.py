"""docs/benchmarks.md is what `make bench` writes: every bench of the code, told and judged as its figures say."""

import re
from datetime import date

import pytest

from market_pipeline_tests.benchmarks.__main__ import BENCHES
from market_pipeline_tests.benchmarks.document import DOCUMENT, cells, written
from market_pipeline_tests.benchmarks.measure import Result, lines
from market_pipeline_tests.docs.documents import Document, rows

BENCHMARKS = Document(DOCUMENT)
ROWS = rows(BENCHMARKS.text)


def test_every_bench_has_its_lines_there_and_no_other_has() -> None:
    assert list(dict.fromkeys(re.findall(r"\w+", cells[0])[0] for cells in ROWS)) == list(BENCHES)


@pytest.mark.parametrize("name", BENCHES)
def test_it_is_told_how_to_read_a_bench_as_the_code_tells_it(name: str) -> None:
    assert BENCHMARKS.section(name).strip() == (BENCHES[name].__doc__ or "").strip()


def test_a_goal_counts_as_met_where_the_ratio_reaches_it() -> None:
    judged = [cells[-4:] for cells in ROWS if cells[-1] in {"met", "missed"}]
    assert len(judged) > 10
    for ratio, _, goal, verdict in judged:
        if percent(ratio) != percent(goal):  # else what was rounded away decides
            assert verdict == ("met" if percent(ratio) > percent(goal) else "missed")


def percent(cell: str) -> float:
    return float(cell.rstrip("%").replace(",", ""))


def test_of_several_measurements_the_one_with_the_median_ratio_is_shown_with_the_spread() -> None:
    measured = [Result("rows", "rows/s", one, 200.0, "COPY", 0.6) for one in (180.0, 100.0, 110.0)]
    other = Result("rows", "rows/s", 100.0, 1_000.0, "COPY without a key")
    first, second = lines("writing", [measured[0], other, *measured[1:]])
    assert cells(first) == ("writing", "rows", "110 rows/s", "200 rows/s", "COPY", "55%", "50%–90%", "60%", "missed")
    assert cells(second)[-4:] == ("10%", "", "", "")


def test_the_document_names_day_rounds_and_machine() -> None:
    found = lines("writing", [Result("rows", "rows/s", 1.0, 2.0, "COPY")])
    text = written(found, {"writing": "Rows."}, day=date(2026, 11, 22), rounds=3, postgres="18.4", load=0.25)
    assert all(
        words in text for words in ("2026-11-22", "Rounds: 3", "PostgreSQL 18.4", "load\n0.2 beforehand", "cores")
    )
    assert "| [writing](#writing) | rows | 1.00 rows/s | 2.00 rows/s | COPY | 50% |" in text
