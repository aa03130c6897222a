"""The tables of README.md that follow from the code: `make docs` writes them, a test compares them.

A table stands behind a line `<!-- table: NAME -->`.  Here belongs what is in each; that nobody edits them by hand is what
the test is for.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import typer
from pydantic import SecretStr
from pydantic.fields import FieldInfo

from market_pipeline.cli.app import app
from market_pipeline.cli.providers import coverage_matrix
from market_pipeline.datasets import DATASETS, DERIVED, Dataset, Derived, PartitionedBy
from market_pipeline.providers.base import Provider
from market_pipeline.providers.registry import PROVIDERS
from market_pipeline.sessions import Sessions
from market_pipeline.settings import ProviderSettings, Settings
from market_pipeline.timetable import cron_of
from market_pipeline_tests.docs.documents import document

MARKED = re.compile(r"(?<=<!-- table: )(?P<name>[\w-]+)(?P<mark> -->\n)(?P<table>(?:\|.*\n)*)")
PARTITIONS = {
    PartitionedBy.SESSION: "trading day",
    PartitionedBy.DAY: "calendar day, UTC",
    PartitionedBy.SYMBOL: "symbol",
    PartitionedBy.INDEX: "index",
}


def data_types() -> str:
    header = ("data type, asset and table", "one row is", "one partition is a", "due (New York time, for XNYS)", "key")
    return _table(header, map(_data_type, DATASETS.values()))


def _data_type(dataset: Dataset) -> list[str]:
    cadence = dataset.cadence
    due = f"`{cron_of(cadence, Sessions('XNYS'))}`" + (
        ", while the exchange is open" if cadence.market_hours_only else ""
    )
    row = dataset.description.split(".")[0]
    return [f"`{dataset.name}`", row, PARTITIONS[dataset.partitioned_by], due, ", ".join(dataset.key)]


def derived_data_types() -> str:
    return _table(
        ("asset and table", "one row is", "one partition is a", "computed from", "key"), map(_derived, DERIVED.values())
    )


def _derived(derived: Derived) -> list[str]:
    row = derived.description.split(".")[0]
    sources = ", ".join(f"`{source}`" for source in derived.computed_from)
    return [f"`{derived.name}`", row, PARTITIONS[derived.partitioned_by], sources, ", ".join(derived.key)]


def vendors() -> str:
    return _table(("vendor", "name in settings", "key", "free plan's limits"), map(_vendor, PROVIDERS.values()))


def _vendor(provider: Provider) -> list[str]:
    key = f"`{provider.name.upper()}_API_KEY`" if provider.needs_key else "none needed"
    limits = ", ".join(f"{rate.calls}/{rate.seconds:g}" for rate in provider.limits) or "undocumented"
    return [f"[{provider.title}]({provider.homepage})", f"`{provider.name}`", key, limits]


def coverage() -> str:
    """A vendor's place in the default order of each data type."""
    matrix = coverage_matrix()
    rows = [[f"`{name}`", *(str(matrix[data_type].get(name, "")) for data_type in DATASETS)] for name in PROVIDERS]
    totals = ["vendors", *(str(len(matrix[data_type])) for data_type in DATASETS)]
    return _table(("vendor", *(dataset.title.lower() for dataset in DATASETS.values())), [*rows, totals])


def commands() -> str:
    rows = ([f"`market-pipeline {name}`", (help_ or "").split("\n\n")[0]] for name, help_ in cli_commands().items())
    return _table(("command", "what it does"), rows)


def cli_commands() -> dict[str, str | None]:
    """The help of every command, by the words that follow `market-pipeline`."""
    return {" ".join(words): command.help for words, command in _walk(typer.main.get_command(app), ())}


def _walk(command: Any, words: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    """The leaves below a command; typed loosely because Typer brings a private copy of Click."""
    if not hasattr(command, "commands"):
        yield words, command
        return
    if command.invoke_without_command and words:  # a group that does something by itself
        yield words, command
    for name, one in command.commands.items():
        yield from _walk(one, (*words, name))


def settings() -> str:
    return _settings_table(Settings.model_fields, prefix="")


def vendor_settings() -> str:
    return _settings_table(ProviderSettings.model_fields, prefix="<VENDOR>_")


def variable(name: str, field: FieldInfo) -> str:
    """The environment variable of a field of Settings."""
    return str(field.validation_alias or name).upper()


def _settings_table(fields: Mapping[str, FieldInfo], prefix: str) -> str:
    rows = (
        [f"`{prefix}{variable(name, field)}`", _default(field), field.description or ""]
        for name, field in fields.items()
    )
    return _table(("variable", "default", "meaning"), rows)


def _default(field: FieldInfo) -> str:
    value = field.default
    if field.default_factory is not None or value is None or isinstance(value, SecretStr):
        return ""
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def _table(header: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    lines = [list(header), *map(list, rows)]
    lines.insert(1, ["---"] * len(lines[0]))
    cells = ([cell.replace("\n", " ").replace("|", r"\|").replace("  ", " ") for cell in line] for line in lines)
    return "".join(f"| {' | '.join(line)} |\n" for line in cells)


TABLES: dict[str, Callable[[], str]] = {
    "vendors": vendors,
    "data-types": data_types,
    "derived-data-types": derived_data_types,
    "coverage": coverage,
    "commands": commands,
    "settings": settings,
    "vendor-settings": vendor_settings,
}


def shown(text: str) -> dict[str, str]:
    """The tables that a document has behind its marks, by name."""
    return {found["name"]: found["table"] for found in MARKED.finditer(text)}


def brought_up_to_date(text: str) -> str:
    """The document with every marked table as it is due."""
    return MARKED.sub(lambda found: found["name"] + found["mark"] + TABLES[found["name"]](), text)


if __name__ == "__main__":
    readme = document("README.md")
    readme.path.write_text(brought_up_to_date(readme.text), "utf-8")
