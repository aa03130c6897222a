"""The structure of an answer, without its values: which keys an object has, where, and of which type their values are.

A path is `chart.result[].meta.symbol`: `[]` is any item of a list, `*` any key that is itself a datum (a date, a number,
one of the symbols that were asked for).  Here belong taking structures, comparing them, and leaving paths out of a
body; which answers are compared belongs to `fidelity.py`.
"""

import csv
import io
import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import orjson

MISSING = "is missing, and the adapter makes use of it"

Path = tuple[str, ...]
Types = dict[Path, set[str]]

_DATUM = re.compile(r"\d+|\d{4}-\d{2}-\d{2}.*")
_CLASS = re.compile(r"""(?<=\s)(?:class|id)\s*=\s*(?:"[^"]*"|'[^']*')""")
_NAME = re.compile(r"""[^\s"'=]+""")


@dataclass(frozen=True, slots=True)
class Structure:
    """`format` is json, csv or html; `types` has every path with the JSON types found there (null left out)."""

    format: str
    types: Types

    def lacks(self, path: Path) -> bool:
        """Whether it has everything above a path and not the path itself."""
        return path not in self.types and all(path[:depth] in self.types for depth in range(1, len(path)))


def structure_of(body: bytes, symbols: Collection[str] = ()) -> Structure:
    """The structure of a JSON, CSV or HTML body.  Of CSV the columns, of HTML the classes and ids."""
    match _format_of(body):
        case "html":
            names = {name for found in _CLASS.findall(body.decode()) for name in _NAME.findall(found)[1:]}
            return Structure("html", {(name,): {"class"} for name in names})
        case "csv":
            columns = next(csv.reader(io.StringIO(body.decode("utf-8-sig"))), [])
            return Structure("csv", {(column,): {"column"} for column in columns})
    types: Types = defaultdict(set)
    for path, kind in _walk(orjson.loads(body), (), symbols):
        types[path] |= {kind} - {"null"}
    return Structure("json", dict(types))


def union(structures: Iterable[Structure]) -> Types:
    """The types of everything that is in at least one of them."""
    types: Types = defaultdict(set)
    for one in structures:
        for path, kinds in one.types.items():
            types[path] |= kinds
    return dict(types)


def invented(simulated: Structure, ever: Types) -> dict[Path, str]:
    """What a simulated answer has that no recorded one had; of a whole new object only its own path.

    An object that was never recorded with a key in it says nothing about its keys.
    """
    filled = {path[:-1] for path in ever if path}
    new = {path for path in simulated.types if path not in ever and path[:-1] in filled}
    wrong = dict.fromkeys(new, "was never recorded")
    for path, kinds in simulated.types.items():
        recorded_kinds = ever.get(path)
        if recorded_kinds and not kinds <= recorded_kinds:
            wrong[path] = f"is {' or '.join(sorted(kinds))}, recorded is {' or '.join(sorted(recorded_kinds))}"
    return {path: wrong[path] for path in topmost(wrong)}


def needed(paths: list[Path], matters: Callable[[list[Path]], bool]) -> list[Path]:
    """Those of `paths` without which, alone or together, something is different: found by halving."""
    if not paths or not matters(paths):
        return []
    if len(paths) == 1:
        return paths
    half = len(paths) // 2
    return needed(paths[:half], matters) + needed(paths[half:], matters) or paths


def topmost(paths: Collection[Path]) -> list[Path]:
    """Those of `paths` that are not within another of them."""
    return sorted(path for path in paths if not any(path[:depth] in paths for depth in range(len(path))))


def shown(path: Path) -> str:
    """`chart.result[].meta`"""
    return ".".join(path).replace(".[]", "[]")


def without(body: bytes, paths: Collection[Path], symbols: Collection[str] = ()) -> bytes:
    """The body without the keys, columns or classes at these paths, everywhere."""
    match _format_of(body):
        case "html":
            names = {path[0] for path in paths}
            nameless = lambda found: _NAME.sub(lambda one: "" if one[0] in names else one[0], found[0])  # noqa: E731
            return _CLASS.sub(nameless, body.decode()).encode()
        case "csv":
            rows = list(csv.DictReader(io.StringIO(body.decode("utf-8-sig"))))
            written = io.StringIO()
            writer = csv.DictWriter(written, [name for name in rows[0] if (name,) not in paths], extrasaction="ignore")
            writer.writeheader()
            writer.writerows(rows)
            return written.getvalue().encode()
        case _:
            return orjson.dumps(_pruned(orjson.loads(body), (), set(paths), symbols))


def _format_of(body: bytes) -> str:
    start = body.lstrip()[:1]
    return "html" if start == b"<" else "json" if start in (b"{", b"[") else "csv"


def _pruned(value: Any, at: Path, gone: set[Path], symbols: Collection[str]) -> Any:
    if isinstance(value, dict):
        below = ((name, item, _below(at, name, symbols)) for name, item in value.items())
        return {name: _pruned(item, path, gone, symbols) for name, item, path in below if path not in gone}
    if isinstance(value, list):
        path = (*at, "[]")
        return [] if path in gone else [_pruned(item, path, gone, symbols) for item in value]
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
