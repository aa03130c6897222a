"""The simulator's answers have the structure of recorded ones: for each recorded request that an adapter makes.

Every key that the adapter reads of the recording is there with the same type, and no key is invented that none of the
endpoint's recordings has.  Run for other recordings with `--recordings DIR`.
"""

from collections.abc import Iterator

import pytest

from market_pipeline.simulator.control import SimulatorControl
from market_pipeline.simulator.process import RunningSimulator
from market_pipeline.simulator.server import SimulatorSettings
from market_pipeline_tests.recordings import DEFAULT_FOLDER
from market_pipeline_tests.simulator.fidelity import ALLOWED, Case, cases, entitled, unexpected, wrong


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "case" not in metafunc.fixturenames:
        return
    folder = metafunc.config.getoption("--recordings")
    absent = pytest.mark.skip(reason=f"no recordings that a simulated vendor serves in {folder} (see --recordings)")
    found = [pytest.param(case, id=case.recording.id) for case in cases(folder)]
    metafunc.parametrize("case", found or [pytest.param(None, marks=absent, id="absent")])


@pytest.fixture(scope="module")
def control() -> Iterator[SimulatorControl]:
    with RunningSimulator(SimulatorSettings(port=0, rate_limits=None), entitled) as running:
        yield running.control


def test_a_recorded_request_gets_an_answer_of_the_recorded_structure(case: Case, control: SimulatorControl) -> None:
    found = unexpected(case, control)
    assert not found, f"{case.endpoint} {case.recording.url}\n" + "\n".join(found)


def test_every_allowed_difference_is_still_one(control: SimulatorControl) -> None:
    if not DEFAULT_FOLDER.is_dir():
        pytest.skip(f"no recordings in {DEFAULT_FOLDER}")
    found: dict[str, set[str]] = {endpoint: set() for endpoint in ALLOWED}
    for case in cases(DEFAULT_FOLDER):
        if case.endpoint in ALLOWED:
            found[case.endpoint] |= wrong(case, control).keys()
    assert {endpoint: set(paths) - found[endpoint] for endpoint, paths in ALLOWED.items()} == {
        endpoint: set() for endpoint in ALLOWED
    }
