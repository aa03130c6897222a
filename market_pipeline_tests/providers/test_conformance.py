"""Every adapter reads every recorded answer of its vendor: into valid records, or as the error that it is.

`pytest market_pipeline_tests/providers --recordings DIR` takes any folder in the layout of `recordings.py`; a table of
what was parsed, told as an error and not served is printed at the end.  In the default folder nothing is left open: an
answer without records, a rejected row and an address that nobody serves need an entry in `known.py`.
"""

from collections.abc import Callable

import pytest

from market_pipeline.providers.registry import PROVIDERS
from market_pipeline_tests.providers.conformance import RECORDS, faults, readings
from market_pipeline_tests.providers.known import BAD_ROWS, EXPECTED, NOT_SERVED, matches, not_served_because
from market_pipeline_tests.recordings import ERRORS, Recording

Note = Callable[[str, object], None]


def test_a_recorded_answer_is_read_or_recognised(
    recording: Recording, is_default_folder: bool, record_property: Note
) -> None:
    provider = PROVIDERS.get(recording.provider)
    if provider is None:
        not_served(recording, f"no adapter is registered for {recording.provider}", record_property)
        return
    found = readings(provider, recording)
    known = not_served_because(recording.id) if is_default_folder else "no endpoint asks for it"
    if not found:
        not_served(recording, known, record_property)
        return
    outcome = found[0].outcome
    record_property(
        "conformance", (recording.id, "parsed" if outcome == RECORDS else "error recognised", f"as {outcome}")
    )
    expect, bad_rows = None, 0
    if is_default_folder:
        expect = EXPECTED.get(recording.id, None if recording.data_type == ERRORS else {"outcome": RECORDS})
        bad_rows, _ = BAD_ROWS.get(recording.id, (0, ""))
        assert not any(matches(recording.id, pattern) for pattern in NOT_SERVED), "known.py says that nobody serves it"
    wrong = faults(recording, found, expect=expect, bad_rows=bad_rows)
    assert not wrong, f"{recording.url}\n" + "\n".join(wrong)


def not_served(recording: Recording, reason: str | None, note: Note) -> None:
    note("conformance", (recording.id, "not served", reason))
    assert reason is not None, f"no endpoint asks for {recording.url}, and known.py gives no reason"
    pytest.skip(f"not served: {reason}")


def test_whatever_is_known_is_about_a_recording_that_is_there(
    recordings: dict[str, Recording], is_default_folder: bool
) -> None:
    if not is_default_folder:
        pytest.skip("known.py knows the default folder only")
    known = [*EXPECTED, *BAD_ROWS, *NOT_SERVED]
    assert [pattern for pattern in known if not any(matches(one, pattern) for one in recordings)] == []


def test_every_recorded_error_has_an_outcome_that_was_decided_by_reading_it(
    recordings: dict[str, Recording], is_default_folder: bool
) -> None:
    if not is_default_folder:
        pytest.skip("known.py knows the default folder only")
    errors = {one for one, recording in recordings.items() if recording.data_type == ERRORS or recording.status >= 400}
    assert errors - EXPECTED.keys() == set()
