"""Answers as broken as networks, caches and vendors can make them, grown from recorded ones with Hypothesis.

Here belongs the breaking of bodies, statuses and headers.  What has to survive it belongs to `test_fuzz.py`.
"""

import copy
import json
from dataclasses import replace
from typing import Any

from hypothesis import strategies as st

from market_pipeline.providers.messages import Answer
from market_pipeline_tests.recordings import Recording

KEPT = 3  # items of every list and lines of every table: parallel arrays stay aligned, and the shape is all that counts
JUNK = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**40), 10**40),
    st.floats(allow_nan=False, allow_infinity=False),  # JSON has neither; as text both are below
    st.text(max_size=6),
    st.sampled_from(["", " ", "-", ".", "None", "NaN", "Infinity", "-1e999", "(0.1)", "1,2.3.4B", "%", "9" * 400]),
    st.sampled_from(["0001-01-01", "9999-12-31T23:59:59-14:00", "2026-02-30", "0000-00-00", "12/31/0000", "24:61"]),
    st.sampled_from(["javascript:1", "http://[", "O:X", "<b>", "=1+1", "\x00", "\u202e", "日本", "A" * 10_000]),
    st.sampled_from([[], {}, [None], [[]], {"": None}, {"raw": None}, {"raw": {}}, [[[{}]]], [1, "a", None]]),
)
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


def broken(recording: Recording) -> st.SearchStrategy[Answer]:
    """Answers that began as this recording."""
    body = slim(recording)
    bodies = [BODIES, _spliced(body), _recoded(body)]
    if recording.body_file.suffix == ".json":
        bodies += [_bitten(json.loads(body))] * 5  # wrong values inside a right shape go deepest into a parser
    return st.builds(
        lambda body, status, headers: replace(recording.answer(body), status=status, headers=headers),
        st.one_of(bodies),
        STATUSES,
        HEADERS,
    )


@st.composite
def _bitten(draw: st.DrawFn, tree: Any) -> bytes:
    """JSON with one to four places dropped or replaced by junk."""
    for _ in range(draw(st.integers(1, 4))):
        tree = _bite(draw, tree)
    return json.dumps(tree).encode()


def _bite(draw: st.DrawFn, tree: Any) -> Any:
    choice = draw(st.integers(0, 9))
    if not isinstance(tree, (dict, list)) or not tree or choice == 0:
        return draw(JUNK)
    bitten = copy.copy(tree)
    key = draw(st.sampled_from(list(tree) if isinstance(tree, dict) else range(len(tree))))
    if choice == 1:
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
