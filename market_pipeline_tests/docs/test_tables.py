"""Tables keep up with the code: those of the README, and those that are kept by hand elsewhere."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

from market_pipeline.datasets import DATASETS, Strategy
from market_pipeline.providers.errors import ProviderError
from market_pipeline.settings import PROJECT_ROOT
from market_pipeline.storage.migrate import sql_directory
from market_pipeline_tests.docs.documents import CODE, document, rows
from market_pipeline_tests.docs.tables import TABLES, shown

README = document("README.md")
OPERATIONS = document("docs/operations.md")
ARCHITECTURE = document("docs/architecture.md")
PACKAGE = PROJECT_ROOT / "market_pipeline"
ERRORS = [one for one in ProviderError.__subclasses__() if one.__module__ == ProviderError.__module__]


@pytest.mark.parametrize("name", TABLES)
def test_a_table_of_the_readme_is_the_one_that_follows_from_the_code(name: str) -> None:
    due = TABLES[name]()
    assert shown(README.text)[name] == due, f"run `make docs`; this is due:\n{due}"


def test_the_readme_begins_with_the_commands_that_start_it() -> None:
    first_screen = README.text.splitlines()[:20]
    assert [line.split()[1] for line in first_screen if line.startswith("make ")] == ["demo", "dev", "test"]


def test_the_demo_in_the_readme_shows_every_data_type() -> None:
    shown_there = README.text.partition("<!-- demo -->")[2].split("```")[1]
    first_words = [line.split()[0] for line in shown_there.splitlines() if line.strip()]
    assert [word for word in first_words if word in DATASETS] == list(DATASETS)


def test_the_strategies_are_told() -> None:
    assert [cells[0].strip("`") for cells in rows(README.section("Run one job"))] == list(Strategy)


def test_the_error_tree_is_told_class_by_class_with_its_outcome() -> None:
    section = ARCHITECTURE.section("One call, and what its error means")
    told = {tuple(cell.strip("`") for cell in cells[:2]) for cells in rows(section)}
    assert told == {(error.__name__, error.outcome) for error in ERRORS}


def test_every_state_of_a_failed_symbol_is_told_and_no_other() -> None:
    schema = (PROJECT_ROOT / "sql" / "schema.sql").read_text("utf-8")
    (constraint,) = re.findall(r"failed_symbols_state_check CHECK (.*)", schema)
    told = {cells[0].strip("`") for cells in rows(OPERATIONS.section("Life of a failed symbol"))}
    assert told == set(re.findall(r"'(\w+)'::text", constraint))


def test_every_outcome_that_can_be_mostly_seen_is_told() -> None:
    told = {outcome for cells in rows(OPERATIONS.section("Vendor X is red")) for outcome in CODE.findall(cells[0])}
    assert told == {error.outcome for error in ERRORS}


def test_messages_are_quoted_as_the_code_has_them() -> None:
    quoted = [message for cells in rows(OPERATIONS.section("Messages")) for message in CODE.findall(cells[0])]
    assert len(quoted) > 30
    pieces = {message: [piece.strip() for piece in message.split("…") if len(piece.strip()) > 1] for message in quoted}
    assert not [message for message, parts in pieces.items() if not all(part in literals() for part in parts)]


@cache
def literals() -> str:
    """All that the package can say: its string literals, also those within f-strings, and those of its SQL functions."""
    trees = (ast.parse(path.read_text("utf-8")) for path in PACKAGE.rglob("*.py"))
    found = (node.value for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Constant))
    functions = (path.read_text("utf-8").replace("''", "'") for path in (sql_directory() / "functions").glob("*.sql"))
    return "\n".join([*(one for one in found if isinstance(one, str)), *functions])


def test_the_layout_names_every_part_of_the_package_and_no_other() -> None:
    paths = [path for cells in rows(ARCHITECTURE.section("Layout")) for path in CODE.findall(cells[0])]
    told = {Path(path).parts[1] for path in paths if path.startswith("market_pipeline/")}
    assert told == {path.name for path in PACKAGE.iterdir() if not path.name.startswith("__")}
