"""The simulator's answers have the structure of recorded ones: for each recorded request that an adapter makes.

Every path of the recording that the adapter makes use of is there, nothing is there that none of the endpoint's
recordings has, and the types are the same.  For other recordings: `--recordings DIR`.
"""

from collections.abc import Iterator

import pytest

from market_pipeline.simulator.process import RunningSimulator
from market_pipeline.simulator.server import SimulatorSettings
from market_pipeline_tests.recordings import DEFAULT_FOLDER
from market_pipeline_tests.simulator.fidelity import Case, Comparison, cases, entitled
from market_pipeline_tests.simulator.meant import ALLOWED, NO_REQUEST, covers


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "case" not in metafunc.fixturenames:
        return
    folder = metafunc.config.getoption("--recordings")
    absent = pytest.mark.skip(reason=f"no recordings that a simulated vendor serves in {folder} (see --recordings)")
    found = [pytest.param(case, id=case.recording.id) for case in cases(folder)]
    metafunc.parametrize("case", found or [pytest.param(None, marks=absent, id="absent")])


@pytest.fixture(scope="module")
def comparison() -> Iterator[Comparison]:
    with RunningSimulator(SimulatorSettings(port=0, rate_limits=None), entitled) as running:
        yield Comparison(running.control)


def test_a_recorded_request_gets_an_answer_of_the_recorded_structure(case: Case, comparison: Comparison) -> None:
    if case.recording.id in NO_REQUEST:
        pytest.skip(NO_REQUEST[case.recording.id])
    if case.beyond_the_market:
        pytest.skip(f"the synthetic market has companies only, no {', '.join(sorted(case.beyond_the_market))}")
    found = comparison.unexpected(case)
    assert not found, f"{case.endpoint} {case.recording.url[:300]}\n" + "\n".join(found)


def test_every_meant_difference_is_still_one(comparison: Comparison) -> None:
    if not DEFAULT_FOLDER.is_dir():
        pytest.skip(f"no recordings in {DEFAULT_FOLDER}")
    unfounded = {endpoint: set(paths) for endpoint, paths in ALLOWED.items()}
    for case in cases(DEFAULT_FOLDER):
        if case.endpoint in unfounded:
            wrong = comparison.wrong(case)
            unfounded[case.endpoint] -= {one for one in ALLOWED[case.endpoint] for path in wrong if covers(one, path)}
    assert not {endpoint: paths for endpoint, paths in unfounded.items() if paths}
