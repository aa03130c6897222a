"""The values in records are the ones in the raw bodies, read by the paths in `values.toml`, which know no adapter."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from market_pipeline.providers.registry import PROVIDERS
from market_pipeline_tests.providers.conformance import readings, same
from market_pipeline_tests.providers.raw_bodies import READINGS, at, raw_body
from market_pipeline_tests.recordings import Recording

VALUES = tomllib.loads(Path(__file__).with_name("values.toml").read_text("utf-8"))


@pytest.mark.parametrize("name", VALUES)
def test_a_record_holds_what_the_body_says(
    name: str, recordings: dict[str, Recording], is_default_folder: bool
) -> None:
    if not is_default_folder:
        pytest.skip("values.toml is about the default folder")
    recording, which = recordings[name], VALUES[name]["which"]
    body = raw_body(recording)
    wanted = {field: said(body, place) for field, place in VALUES[name].items() if field != "which"}
    if recording.provider not in PROVIDERS:
        pytest.skip(f"no adapter is registered for {recording.provider}")
    records = readings(PROVIDERS[recording.provider], recording)[0].records
    singled_out = [one for one in records if all(same(getattr(one, field), which[field]) for field in which)]
    assert len(singled_out) == 1, f"{len(singled_out)} of {len(records)} records have {which}"
    found = {field: getattr(singled_out[0], field) for field in wanted}
    assert {field: value for field, value in found.items() if not same(value, wanted[field])} == {}, wanted


def said(body: Any, place: str | Mapping[str, Any]) -> Any:
    """What a body has at a place: as it stands, or by the reading that the table's entry names first."""
    if isinstance(place, str):
        return at(place)(body)
    (reading, where), *details = place.items()
    return READINGS[reading](where, **dict(details))(body)
