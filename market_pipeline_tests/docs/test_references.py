"""What the documents name is there: links, paths, modules, settings, commands, jobs, run config."""

import re
import shlex
from collections.abc import Iterator
from copy import deepcopy
from itertools import pairwise
from pkgutil import resolve_name
from typing import Any

import dagster as dg
import pytest
import typer
import yaml  # type: ignore[import-untyped]

from market_pipeline.assets.targets import RefreshConfig
from market_pipeline.cli.app import app
from market_pipeline.datasets import Strategy
from market_pipeline.definitions import defs
from market_pipeline.providers.registry import PROVIDERS
from market_pipeline.settings import PROJECT_ROOT, ProviderSettings, Settings
from market_pipeline_tests.docs.documents import DOCUMENTS, Document
from market_pipeline_tests.docs.tables import variable

SUFFIX = r"\.(?:md|py|sql|toml|yaml|csv|txt)"
A_PATH = re.compile(rf"(?:[\w.-]+/)+(?:[\w.-]+{SUFFIX})?|[\w-]+{SUFFIX}")
MADE_WHEN_USED = {".venv/", ".pg/", ".spool/", ".dagster/"}
A_NAME = re.compile(r"market_pipeline(?:_tests)?(?:\.\w+)+")
A_VARIABLE = re.compile(r"[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+")
NO_VARIABLES = {*Strategy, "DAGSTER_HOME", "DATASETS", "MARKET_DATA_ASSETS", "PG_BIN"}
EXAMPLE_VENDOR = "ticktape"  # of docs/add-a-vendor.md
A_COMMAND = re.compile(r"(?:make|market-pipeline|dagster) ")

each_document = pytest.mark.parametrize("one", DOCUMENTS, ids=lambda one: one.name)


def commands(one: Document, program: str) -> Iterator[list[str]]:
    """The calls of a program in shell blocks and in backticks, split as a shell does, without the program."""
    lines = [line for block in one.blocks("sh") for line in block.text.replace("\\\n", " ").splitlines()]
    for line in filter(A_COMMAND.match, [*lines, *one.codes]):
        name, *words = shlex.split(line, comments=True)
        if name == program:
            yield words


@each_document
def test_links_lead_somewhere(one: Document) -> None:
    broken = []
    for link in one.links:
        path, _, anchor = link.partition("#")
        if path.startswith(("https://", "http://")):
            continue
        target = Document((one.path.parent / path).resolve() if path else one.path)
        if not target.path.exists() or (anchor and anchor not in target.anchors):
            broken.append(link)
    assert not broken


@each_document
def test_paths_exist(one: Document) -> None:
    named = {code for code in one.codes if A_PATH.fullmatch(code)} - MADE_WHEN_USED
    assert not [path for path in sorted(named) if not (PROJECT_ROOT / path).exists()]


@each_document
def test_modules_classes_and_functions_can_be_imported(one: Document) -> None:
    for name in filter(A_NAME.fullmatch, one.codes):
        assert resolve_name(name) is not None


@each_document
def test_variables_are_settings(one: Document) -> None:
    vendors = (*PROVIDERS, EXAMPLE_VENDOR)
    known = {variable(name, field) for name, field in Settings.model_fields.items()}
    known |= {f"{vendor}_{name}".upper() for vendor in vendors for name in ProviderSettings.model_fields}
    set_in_blocks = [
        name for block in one.blocks("sh") for name in re.findall(r"^([A-Z_]+)=", block.text, re.MULTILINE)
    ]
    named = {code.partition("=")[0] for code in one.codes} | set(set_in_blocks)
    assert not {name for name in named if A_VARIABLE.fullmatch(name)} - known - NO_VARIABLES


@each_document
def test_make_targets_exist(one: Document) -> None:
    targets = re.findall(r"^([a-z-]+):", (PROJECT_ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    assert {words[0] for words in commands(one, "make")} <= set(targets)


@each_document
def test_commands_of_market_pipeline_exist_with_their_options(one: Document) -> None:
    for words in commands(one, "market-pipeline"):
        command: Any = typer.main.get_command(app)
        for word in words:
            if hasattr(command, "commands") and not word.startswith("--"):
                command = command.commands[word]
            elif word.startswith("--"):
                assert word in {option for parameter in command.params for option in parameter.opts}, words
        is_group = hasattr(command, "commands") and not command.invoke_without_command
        assert not is_group, f"{words} is a group of commands"


@each_document
def test_jobs_and_assets_that_dagster_is_given_exist(one: Document) -> None:
    jobs = {job.name for job in defs.resolve_all_job_defs()}
    assets = {key.to_user_string() for key in defs.resolve_asset_graph().get_all_asset_keys()}
    for words in commands(one, "dagster"):
        options = dict(pairwise(words))
        assert options.get("-j", "market_data_refresh") in jobs, words
        assert options.get("--select", "stock_quotes") in assets, words


def test_run_config_is_accepted_by_the_job_it_is_for() -> None:
    configs = [yaml.safe_load(block.text) for one in DOCUMENTS for block in one.blocks("yaml")]
    given = [config["ops"].popitem()[1]["config"] if "ops" in config else config for config in map(deepcopy, configs)]
    assert {key for config in given for key in config} == set(RefreshConfig.model_fields), "every key is shown"
    for config in configs:
        job = f"{next(iter(config['ops']))}_job" if "ops" in config else "market_data_refresh"
        assert dg.validate_run_config(defs.resolve_job_def(job), config)
