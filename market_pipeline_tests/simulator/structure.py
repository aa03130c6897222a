"""The structure of an answer, without its values: which keys an object has, where, and of which type their values are.

A path is `chart.result[].meta.symbol`: `[]` is any item of a list, `*` any key that is itself a datum (a date, a number,
one of the symbols that were asked for).  Here belong taking structures, tracing what an adapter reads of an answer, and
comparing; which answers are compared belongs to `test_fidelity.py`.
"""

import csv
import io
import re
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from market_pipeline.providers.messages import Answer

_DATUM = re.compile(r"\d+|\d{4}-\d{2}-\d{2}.*")
_CLASS = re.compile(r"""\b(?:class|id)\s*=\s*(?:"([^"]*)"|'([^']*)')""")

Path = tuple[str, ...]
Types = dict[Path, set[str]]


@dataclass(frozen=True, slots=True)
class Structure:
    """`format` is json, csv or html; `types` has every path with the JSON types found there (null left out)."""

    format: str
    types: Types


def structure_of(body: bytes, symbols: Collection[str] = ()) -> Structure:
    """The structure of a JSON, CSV or HTML body.  Of CSV the columns, of HTML the classes and ids."""
    if body.lstrip()[:1] == b"<":
        names = {name for found in _CLASS.findall(body.decode()) for name in "".join(found).split()}
        return Structure("html", {(name,): {"class"} for name in names})
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError:
        columns = next(csv.reader(io.StringIO(body.decode("utf-8-sig"))), [])
        return Structure("csv", {(column,): {"column"} for column in columns})
    types: Types = defaultdict(set)
    for path, kind in _walk(value, (), symbols):
        types[path] |= {kind} - {"null"}
    return Structure("json", dict(types))


def union(structures: Sequence[Structure]) -> Structure:
    """Everything that is in at least one of them, in the format of the first."""
    types: Types = defaultdict(set)
    for one in structures:
        for path, kinds in one.types.items():
            types[path] |= kinds
    return Structure(structures[0].format, dict(types))


def differences(simulated: Structure, recorded: Structure, ever: Structure, read: Collection[Path]) -> dict[str, str]:
    """What is wrong with a simulated answer, by path; where a whole object is missing or new, only its own path.

    `recorded` is the recorded answer to the same request, `ever` the union over all recordings of the endpoint, `read`
    the paths that the adapter reads of the recorded one.  An object that was never recorded with a key in it says
    nothing about its keys.
    """
    if simulated.format != recorded.format:
        return {"": f"is {simulated.format}, recorded is {recorded.format}"}
    wrong: dict[Path, str] = {}
    for path in read:
        if path in recorded.types and path not in simulated.types:
            wrong[path] = "is read of the recording and missing"
    filled = {path[:-1] for path in ever.types if path}
    for path, kinds in simulated.types.items():
        recorded_kinds = ever.types.get(path)
        if recorded_kinds is None and path[:-1] in filled:
            wrong[path] = "was never recorded"
        elif recorded_kinds and not kinds <= recorded_kinds:
            wrong[path] = f"is {_either(kinds)}, recorded is {_either(recorded_kinds)}"
    return {shown(path): what for path, what in wrong.items() if path[:-1] not in wrong}


def shown(path: Path) -> str:
    """`chart.result[].meta`"""
    return ".".join(path).replace(".[]", "[]")


@dataclass(frozen=True, kw_only=True)
class TracedAnswer(Answer):
    """An answer that notes which paths of its JSON, or columns of its CSV, are read."""

    symbols: Collection[str] = ()
    read: set[Path] = field(default_factory=set)

    def json(self) -> Any:
        return _traced(super().json(), (), self)

    def csv(self, *columns: str) -> list[dict[str, str]]:
        return [_TracedObject(row, (), self) for row in super().csv(*columns)]


class _TracedObject(dict[str, Any]):
    """An object that notes the keys it is asked for; going through all of it reads all of it."""

    def __init__(self, content: Mapping[str, Any], path: Path, answer: TracedAnswer) -> None:
        super().__init__(content)
        self._path, self._answer = path, answer

    def _note(self, *keys: Any) -> None:
        self._answer.read.update(_below(self._path, str(key), self._answer.symbols) for key in keys)

    def __getitem__(self, key: str) -> Any:
        self._note(key)
        return super().__getitem__(key)

    def get(self, key: str, default: Any = None) -> Any:
        self._note(key)
        return super().get(key, default)

    def __contains__(self, key: object) -> bool:
        self._note(key)
        return super().__contains__(key)

    def __iter__(self) -> Iterator[str]:
        self._note(*super().__iter__())
        return super().__iter__()

    def keys(self) -> Any:
        self._note(*super().__iter__())
        return super().keys()

    def items(self) -> Any:
        self._note(*super().__iter__())
        return super().items()

    def values(self) -> Any:
        self._note(*super().__iter__())
        return super().values()


def _traced(value: Any, path: Path, answer: TracedAnswer) -> Any:
    if isinstance(value, dict):
        content = {name: _traced(item, _below(path, name, answer.symbols), answer) for name, item in value.items()}
        return _TracedObject(content, path, answer)
    if isinstance(value, list):
        return [_traced(item, (*path, "[]"), answer) for item in value]
    return value


def _walk(value: Any, path: Path, symbols: Collection[str]) -> Iterator[tuple[Path, str]]:
    yield path, _type_of(value)
    if isinstance(value, dict):
        for name, item in value.items():
            yield from _walk(item, _below(path, name, symbols), symbols)
    elif isinstance(value, list):
        for item in value:
            yield from _walk(item, (*path, "[]"), symbols)


def _type_of(value: Any) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "bool"
        case int() | float():
            return "number"
        case str():
            return "string"
        case list():
            return "list"
        case _:
            return "object"


def _below(path: Path, name: str, symbols: Collection[str]) -> Path:
    return (*path, "*" if name in symbols or _DATUM.fullmatch(name) else name)


def _either(kinds: Collection[str]) -> str:
    return " or ".join(sorted(kinds))
