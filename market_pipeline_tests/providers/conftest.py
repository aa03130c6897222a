"""The recordings as a parameter: a test that takes `recording` runs once for each of them."""

from pathlib import Path

import pytest

from market_pipeline_tests.recordings import DEFAULT_FOLDER, Recording, load


def found_recordings(config: pytest.Config) -> list[Recording]:
    """The recordings of --recordings, by id; [] where the default folder is absent."""
    folder: Path = config.getoption("--recordings")
    return load(folder) if folder.is_dir() else []


def absent(config: pytest.Config) -> str:
    return f"no recordings in {config.getoption('--recordings')} (another folder: --recordings DIR)"


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "recording" not in metafunc.fixturenames:
        return
    found = [pytest.param(one, id=one.id) for one in found_recordings(metafunc.config)]
    skipped = pytest.param(None, id="absent", marks=pytest.mark.skip(reason=absent(metafunc.config)))
    metafunc.parametrize("recording", found or [skipped])


@pytest.fixture(scope="session")
def recordings(request: pytest.FixtureRequest) -> dict[str, Recording]:
    """The recordings of the folder by id; skips where there are none."""
    found = found_recordings(request.config)
    if not found:
        pytest.skip(absent(request.config))
    return {recording.id: recording for recording in found}


@pytest.fixture(scope="session")
def is_default_folder(request: pytest.FixtureRequest) -> bool:
    """Whether the recordings are the ones that `known.py` knows by name."""
    return bool(request.config.getoption("--recordings") == DEFAULT_FOLDER)
