"""Structures of answers: what is the same, what is missing, what was invented, and what an adapter needs."""

import pytest

from market_pipeline_tests.simulator.structure import (
    Path,
    Structure,
    invented,
    needed,
    shown,
    structure_of,
    topmost,
    union,
    without,
)


def paths(body: bytes, *symbols: str) -> set[str]:
    return {shown(path) for path in structure_of(body, symbols).types}


def wrong(simulated: bytes, *recorded: bytes) -> dict[str, str]:
    found = invented(structure_of(simulated), union(map(structure_of, recorded)))
    return {shown(path): what for path, what in found.items()}


def test_lists_are_one_item_and_keys_that_are_data_one_key() -> None:
    body = b'{"AAPL": [{"a": 1}, {"b": 2}], "2026-11-20": 3, "1768": 4, "name": 5}'
    assert paths(body, "AAPL") == {"", "*", "*[]", "*[].a", "*[].b", "name"}


def test_types_are_numbers_whole_or_not_and_null_is_none() -> None:
    types = structure_of(b'[{"a": 1}, {"a": 2.5}, {"a": null}, {"a": true}]').types
    assert types[("[]", "a")] == {"number", "bool"}


@pytest.mark.parametrize(
    ("simulated", "says"),
    [
        (b'{"a": 1.5, "b": {"c": null}}', {}),
        (b'{"a": "1"}', {"a": "is string, recorded is number"}),
        (b'{"a": 1, "new": {"of": {"everything": 1}}}', {"new": "was never recorded"}),
        (b'{"b": [1]}', {"b": "is list, recorded is object"}),
        (b'{"empty": [{"x": 1}]}', {}),
    ],
)
def test_what_no_recording_has_is_invented(simulated: bytes, says: dict[str, str]) -> None:
    assert wrong(simulated, b'{"a": 1, "b": {}}', b'{"a": 2, "b": {"c": "d"}, "empty": []}') == says


def test_columns_of_csv_and_classes_of_html_are_keys() -> None:
    assert paths(b"\xef\xbb\xbfsymbol,price\r\nAAPL,1\r\n") == {"symbol", "price"}
    assert paths(b'<p class="a b"><i id="c">class="d"</i></p>') == {"a", "b", "c"}


@pytest.mark.parametrize(
    ("body", "gone", "left"),
    [
        (b'{"rows": [{"a": 1, "b": 2}, {"b": 3}]}', ("rows", "[]", "b"), b'{"rows":[{"a":1},{}]}'),
        (b'{"rows": [{"a": 1}]}', ("rows", "[]"), b'{"rows":[]}'),
        (b"a,b\r\n1,2\r\n", ("a",), b"b\r\n2\r\n"),
        (b'<p class="a b">a</p>', ("a",), b'<p class=" b">a</p>'),
    ],
)
def test_a_path_can_be_left_out(body: bytes, gone: Path, left: bytes) -> None:
    assert without(body, [gone]) == left


def test_a_lacking_path_is_one_whose_surroundings_are_there() -> None:
    structure = Structure("json", {(): {"object"}, ("a",): {"object"}, ("a", "b"): {"number"}})
    assert structure.lacks(("a", "c"))
    assert not structure.lacks(("a", "b"))
    assert not structure.lacks(("x", "y"))
    assert topmost([("a",), ("a", "b"), ("c", "d")]) == [("a",), ("c", "d")]


def test_needed_paths_are_found_alone_and_together() -> None:
    everything: list[Path] = [(name,) for name in "abcdefgh"]

    def one_of_them(gone: list[Path]) -> bool:
        return ("c",) in gone or ("h",) in gone

    def only_both(gone: list[Path]) -> bool:
        return ("a",) in gone and ("h",) in gone  # one stands in for the other

    assert needed(everything, one_of_them) == [("c",), ("h",)]
    assert needed(everything, only_both) == everything
    assert needed(everything, lambda gone: False) == []
