"""What the documents name is there: tables from the code, links, paths, modules, commands, settings, messages."""

import ast
import importlib
import re
import shlex
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
import typer
import yaml

from market_pipeline.cli.app import app
from market_pipeline.datasets import DATASETS, Strategy
from market_pipeline.definitions import defs
from market_pipeline.providers.errors import ProviderError
from market_pipeline.providers.registry import PROVIDERS
from market_pipeline.settings import PROJECT_ROOT, ProviderSettings, Settings
from market_pipeline_tests.docs.documents import DOCUMENTS, Document, document
from market_pipeline_tests.docs.tables import TABLES, shown, variable

PACKAGE = PROJECT_ROOT / "market_pipeline"
SUFFIXES = ("md", "py", "sql", "toml", "yaml", "yml", "csv", "txt")
A_PATH = re.compile(rf"(?:[\w.-]+/)+(?:[\w.-]+\.(?:{'|'.join(SUFFIXES)}))?|[\w-]+\.(?:{'|'.join(SUFFIXES)})")
MADE_WHEN_USED = {".venv/", ".pg/", ".dagster/"}
A_NAME = re.compile(r"(market_pipeline(?:_tests)?(?:\.\w+)+)(?:\(\))?")
A_VARIABLE = re.compile(r"([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)(?:=.*)?")
NOT_OURS = {"NOT_FOUND", "PG_BIN"} | {strategy.value for strategy in Strategy}
EXAMPLE_VENDOR = "ticktape"  # of docs/add-a-vendor.md

each_document = pytest.mark.parametrize("one", DOCUMENTS, ids=lambda one: one.name)


@pytest.mark.parametrize("name", TABLES)
def test_a_table_of_the_readme_is_the_one_that_follows_from_the_code(name: str) -> None:
    due = TABLES[name]()
    assert shown(document("README.md").text)[name] == due, f"run `make docs`; this is due:\n{due}"


def test_the_readme_begins_with_the_commands_that_start_it() -> None:
    first_screen = document("README.md").text.splitlines()[:20]
    assert [line.split()[1] for line in first_screen if line.startswith("make ")] == ["demo", "dev", "test"]


def test_the_shown_demo_is_about_every_data_type() -> None:
    block = document("README.md").text.partition("<!-- demo -->")[2].split("```")[1]
    assert [line.split()[0] for line in block.splitlines() if line.split()[:1] and line.split()[0] in DATASETS] == list(
        DATASETS
    )


@each_document
def test_links_lead_somewhere(one: Document) -> None:
    broken = []
    for link in one.links:
        path, _, anchor = link.partition("#")
        if path.startswith(("https://", "http://")):
            continue
        target = Document(one.path if not path else (one.path.parent / path).resolve())
        if not target.path.exists() or (anchor and anchor not in target.anchors):
            broken.append(link)
    assert not broken


@each_document
def test_paths_in_backticks_exist(one: Document) -> None:
    named = {code for code in one.codes if A_PATH.fullmatch(code)} - MADE_WHEN_USED
    missing = [
        path
        for path in sorted(named)
        if not any((folder / path).exists() for folder in (PROJECT_ROOT, PACKAGE, one.path.parent))
    ]
    assert not missing


@each_document
def test_modules_and_classes_in_backticks_can_be_imported(one: Document) -> None:
    for match in filter(None, map(A_NAME.fullmatch, one.codes)):
        assert resolved(match[1]) is not None


def resolved(name: str) -> Any:
    """The module, class or function of a dotted name.  Raises ImportError or AttributeError."""
    parts = name.split(".")
    for end in range(len(parts), 0, -1):
        try:
            found = importlib.import_module(".".join(parts[:end]))
        except ModuleNotFoundError:
            continue
        for part in parts[end:]:
            found = getattr(found, part)
        return found
    raise ImportError(name)


@each_document
def test_variables_in_backticks_are_settings(one: Document) -> None:
    own = {variable(name, field) for name, field in Settings.model_fields.items()}
    vendors = {
        f"{vendor}_{name}".upper() for vendor in (*PROVIDERS, EXAMPLE_VENDOR) for name in ProviderSettings.model_fields
    }
    in_blocks = [
        match[1] for block in one.blocks("sh") for match in re.finditer(r"^([A-Z_]+)=", block.text, re.MULTILINE)
    ]
    named = {match[1] for match in filter(None, map(A_VARIABLE.fullmatch, one.codes))} | set(in_blocks)
    constants = {name for name in named if any(re.search(rf"^{name}\b", text, re.MULTILINE) for text in sources())}
    assert not named - own - vendors - NOT_OURS - constants


@cache
def sources() -> tuple[str, ...]:
    return tuple(path.read_text("utf-8") for path in sorted(PACKAGE.rglob("*.py")))


def commands(one: Document) -> Iterator[list[str]]:
    """The commands of the shell blocks and of the words in backticks, as a shell would split them."""
    lines = [line for block in one.blocks("sh") for line in block.text.replace("\\\n", " ").splitlines()]
    for line in (*lines, *one.codes):
        if re.match(r"(make|market-pipeline|dagster) ", line):
            yield shlex.split(line, comments=True)


@each_document
def test_make_targets_exist(one: Document) -> None:
    targets = set(re.findall(r"^([a-z]+):", (PROJECT_ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    assert {words[1] for words in commands(one) if words[0] == "make"} <= targets


@each_document
def test_market_pipeline_commands_exist_with_their_options(one: Document) -> None:
    for words in commands(one):
        if words[0] != "market-pipeline":
            continue
        command: Any = typer.main.get_command(app)
        for word in words[1:]:
            if hasattr(command, "commands"):
                command = command.commands[word]
            elif word.startswith("--"):
                assert word in {option for parameter in command.params for option in parameter.opts}, words
        assert not hasattr(command, "commands"), f"incomplete: {words}"


@each_document
def test_dagster_commands_name_jobs_and_assets_that_exist(one: Document) -> None:
    jobs = {job.name for job in defs.resolve_all_job_defs()}
    assets = {key.to_user_string() for key in defs.resolve_asset_graph().get_all_asset_keys()}
    for words in commands(one):
        if words[0] == "dagster":
            options = dict(zip(words, words[1:], strict=False))
            assert options.get("-j", "market_data_refresh") in jobs
            assert options.get("--select", "stock_quotes") in assets


def test_run_config_is_accepted_by_the_job_it_is_for() -> None:
    blocks = [yaml.safe_load(block.text) for one in DOCUMENTS for block in one.blocks("yaml")]
    assert len(blocks) >= 2
    for config in blocks:
        job = f"{next(iter(config['ops']))}_job" if "ops" in config else "market_data_refresh"
        dg.validate_run_config(defs.resolve_job_def(job), config)


def rows(one: Document, column: int = 0) -> list[str]:
    """What stands in backticks in a column of the document's tables."""
    lines = [line.split(" | ") for line in one.text.splitlines() if line.startswith("| ")]
    return [code for cells in lines if len(cells) > column for code in re.findall(r"`([^`]+)`", cells[column])]


def test_the_error_tree_is_told_class_by_class_with_its_outcome() -> None:
    architecture = document("docs/architecture.md")
    table = [
        line.split("`")[1:4:2] for line in architecture.text.splitlines() if line.startswith("| `") and "` | `" in line
    ]
    assert {tuple(cells) for cells in table} == {
        (one.__name__, one.outcome) for one in ProviderError.__subclasses__()
    } - {("NotAsked", "not_asked")}


def test_every_state_of_a_failed_symbol_is_told() -> None:
    schema = (PROJECT_ROOT / "sql" / "schema.sql").read_text("utf-8")
    constraint = re.search(r"failed_symbols_state_check CHECK (.*)", schema)
    assert constraint is not None
    states = set(re.findall(r"'(\w+)'::text", constraint[1]))
    assert states
    assert states <= set(rows(document("docs/operations.md")))


def test_messages_are_quoted_as_the_code_has_them() -> None:
    text = document("docs/operations.md").text.partition("\n## Messages\n")[2]
    quoted = [
        code
        for line in text.splitlines()
        if line.startswith("| `")
        for code in re.findall(r"`([^`]+)`", line.split(" | ")[0])
    ]
    assert len(quoted) > 30
    said = literals()
    pieces = {message: [piece.strip() for piece in message.split("…") if len(piece.strip()) > 1] for message in quoted}
    assert not {message for message, parts in pieces.items() if not all(part in said for part in parts)}


@cache
def literals() -> str:
    """All text that the package can say: its string literals, also those within f-strings."""
    trees = map(ast.parse, sources())
    found = (node.value for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Constant))
    return "\n".join(one for one in found if isinstance(one, str))


def test_nothing_is_said_of_a_file_that_has_gone() -> None:
    layout = document("docs/architecture.md").text.partition("\n## Layout\n")[2].partition("\n## ")[0]
    told = {
        Path(path).relative_to("market_pipeline").parts[0] for path in re.findall(r"`(market_pipeline/[^`]+)`", layout)
    }
    there = {path.name for path in PACKAGE.iterdir() if not path.name.startswith("__")}
    assert told == there - {"data", "definitions.py"}, "the layout names every part of the package, and no other"
