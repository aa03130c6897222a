"""Answers as broken as networks, caches and vendors can make them, grown from recorded ones with Hypothesis.

Here belongs the breaking of bodies, statuses and headers.  What has to survive it belongs to `test_fuzz.py`.
"""

import copy
import csv
import io
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from hypothesis import strategies as st

from market_pipeline.providers.messages import Answer
from market_pipeline_tests.recordings import Recording

KEPT = 3  # items of every list and lines of every table: parallel arrays stay aligned, and the shape is all that counts
NUMBERS = st.one_of(
    st.sampled_from(
        [0, -0.0, -1, 1e-300, 1e300, 2**63, -(10**40), 253402300799, -62135596800, 10**12, "", "None", "-"]
    ),
    st.sampled_from(
        ["NaN", "Infinity", "-1e999", "1e400", "(0.1)", "1,2.3.4B", "%", "9" * 400, "١٢", "0x10", "1e-99999"]
    ),
)
DATES = st.one_of(
    st.sampled_from(["0001-01-01", "9999-12-31", "9999-12-31T23:59:59-14:00", "2026-02-30", "0000-00-00", "1/1/1"]),
    st.sampled_from(["12/31/0000", "13/13/2026", "20261120T", "2026-11-20T25:00:00", "Nov 20", "May/10000", "-", 0]),
)
JUNK = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**40), 10**40),
    st.floats(allow_nan=False, allow_infinity=False),  # JSON has neither; as text both are above
    st.text(max_size=6),
    st.sampled_from(["javascript:1", "http://[", "O:X", "<b>", "=1+1", "\x00", "\u202e", "日本", "A" * 10_000, " "]),
    st.sampled_from([[], {}, [None], [[]], {"": None}, {"raw": None}, {"raw": {}}, [[[{}]]], [1, "a", None]]),
)
DROPPED = object()
DATES_AT_THE_EDGE = ("0001-01-01", "9999-12-31T23:59:59-14:00")
SENSELESS: tuple[Any, ...] = (None, "", [], {}, True, "abc", "\x00a", "NaN", "1e-99999", -1, 10**40, *DATES_AT_THE_EDGE)
PLACES = {".json": 40, ".csv": 40}  # a page of HTML takes ten times as long to parse
PLACES_ELSEWHERE = 15
SPLICES = st.one_of(
    st.sampled_from([b"", b"\x00", b"\xff\xfe", b'"', b",", b"\n", b"<", b"</td>", b"NaN", b"1e999", b"{", b"null"]),
    st.binary(max_size=8),
)
BODIES = st.one_of(
    st.sampled_from([b"", b" ", b"null", b"[]", b"{}", b"[null]", b'""', b"0", b"NaN", b"true", b'{"error": 1}']),
    st.sampled_from([b"<html><title>Just a moment...</title></html>", b"Too Many Requests", b'{"data": {}}']),
    st.sampled_from([b"[" * 100_000, b'{"a":' * 900 + b"1" + b"}" * 900, b"\xef\xbb\xbf{}", b"\x1f\x8b\x08"]),
    st.sampled_from([b"a,b\n1,2", b"a\n" + b'"' * 200_000, b"a,b\n1", b"\n\n"]),
)
STATUSES = st.sampled_from([200] * 40 + [204, 301, 400, 401, 402, 403, 404, 418, 429, 451, 500, 503, 599])
HEADERS = st.dictionaries(
    st.sampled_from(["retry-after", "content-type", "x-ratelimit-reset", "x-rate-limit-retry-after-milliseconds"]),
    st.one_of(
        st.sampled_from(["0", "-1", "nan", "1e400", "9" * 30, "Fri, 31 Dec 9999 23:59:59 GMT", "Fri, 20 Nov 2026", ""]),
        st.text(max_size=10),
    ),
    max_size=2,
)


def slim(recording: Recording) -> bytes:
    """A recorded body with its lists cut to KEPT items and its table to KEPT lines; HTML as it is."""
    if recording.body_file.suffix == ".json":
        return json.dumps(_cut(json.loads(recording.body))).encode()
    if recording.body_file.suffix == ".csv":
        return b"".join(recording.body.splitlines(keepends=True)[: KEPT + 1])
    return recording.body


def _cut(tree: Any) -> Any:
    if isinstance(tree, dict):
        return {key: _cut(value) for key, value in tree.items()}
    return [_cut(item) for item in tree[:KEPT]] if isinstance(tree, list) else tree


def swept(recording: Recording) -> Iterator[Answer]:
    """The recording with one place dropped or replaced by each of SENSELESS, for up to PLACES of it."""
    tree, write = _tree(slim(recording).decode("utf-8", errors="replace"), recording.body_file.suffix)
    places = list(_places(tree))
    step = len(places) // PLACES.get(recording.body_file.suffix, PLACES_ELSEWHERE) | 1  # odd: of HTML not markup only
    for place in places[::step]:
        for senseless in (DROPPED, *SENSELESS):
            yield recording.answer(write(_with(tree, place, senseless)).encode("utf-8", errors="replace"))


def _places(tree: Any) -> Iterator[tuple[Any, ...]]:
    """Paths to everything in a tree; of a list only to its first two items, which stand for the others."""
    if isinstance(tree, (dict, list)):
        for key in list(tree) if isinstance(tree, dict) else range(len(tree))[:2]:
            yield (key,)
            yield from ((key, *place) for place in _places(tree[key]))


def _with(tree: Any, place: tuple[Any, ...], value: Any) -> Any:
    key, *below = place
    changed = copy.copy(tree)
    if below:
        changed[key] = _with(tree[key], tuple(below), value)
    elif value is DROPPED:
        del changed[key]
    else:
        changed[key] = value
    return changed


def broken(recording: Recording) -> st.SearchStrategy[Answer]:
    """Answers that began as this recording."""
    body = slim(recording)
    tree, write = _tree(body.decode("utf-8", errors="replace"), recording.body_file.suffix)
    # Wrong values inside a right shape go deepest into a parser, so most of the examples are of that kind.
    bodies = st.one_of([BODIES, _spliced(body), _recoded(body), *[_bitten(tree, write)] * 6])
    return st.builds(
        lambda body, status, headers: replace(recording.answer(body), status=status, headers=headers),
        bodies,
        STATUSES,
        HEADERS,
    )


def _tree(text: str, suffix: str) -> tuple[Any, Callable[[Any], str]]:
    """A body as lists and dicts, and how such a tree is written again.

    In HTML, figures and what is between them come by turns.
    """
    match suffix:
        case ".json":
            return json.loads(text), json.dumps
        case ".csv":
            return list(csv.reader(io.StringIO(text))), _as_csv
        case _:
            pieces = re.split(r"(?<=>)([^<>]*\d[^<>]*)(?=<)", text)
            return dict(enumerate(pieces)), _as_text


def _as_csv(tree: Any) -> str:
    table = io.StringIO()
    csv.writer(table).writerows(map(_listed, _listed(tree)))
    return table.getvalue()


def _as_text(tree: Any) -> str:
    return "".join(map(str, tree.values() if isinstance(tree, dict) else _listed(tree)))


def _listed(tree: Any) -> list[Any]:
    return tree if isinstance(tree, list) else [tree]


@st.composite
def _bitten(draw: st.DrawFn, tree: Any, write: Callable[[Any], str]) -> bytes:
    """One to four places dropped, emptied or replaced by junk."""
    for _ in range(draw(st.integers(1, 4))):
        tree = _bite(draw, tree)
    return write(tree).encode("utf-8", errors="replace")


def _bite(draw: st.DrawFn, tree: Any) -> Any:
    """The tree with one place of it broken; three times in twenty that place is on this level, else it is below."""
    if not isinstance(tree, (dict, list)) or not tree:
        looks_like_a_date = isinstance(tree, str) and re.match(r"\d{4}-|\d+/|\d{8}T|\w{3}[ /]", tree)
        return draw(st.one_of(DATES if looks_like_a_date else NUMBERS, JUNK))
    choice = draw(st.integers(0, 19))
    if choice == 0:
        return draw(st.one_of(st.just(type(tree)()), JUNK))
    key = draw(st.sampled_from(list(tree) if isinstance(tree, dict) else range(len(tree))))
    bitten = copy.copy(tree)
    if choice <= 2:
        del bitten[key]
    else:
        bitten[key] = _bite(draw, tree[key])
    return bitten


@st.composite
def _spliced(draw: st.DrawFn, body: bytes) -> bytes:
    """Text with a piece cut out, up to all of it, and something else in its place; often cut off there."""
    start = draw(st.integers(0, len(body)))
    end = min(len(body), start + draw(st.integers(0, 200)))
    rest = b"" if draw(st.booleans()) else body[end:]
    return body[:start] + draw(SPLICES) + rest


@st.composite
def _recoded(draw: st.DrawFn, body: bytes) -> bytes:
    """The text in an encoding that nobody announced."""
    encoding = draw(st.sampled_from(["utf-16", "utf-32", "cp1252", "utf-8-sig", "cp037"]))
    return body.decode("utf-8", errors="replace").encode(encoding, errors="replace")
