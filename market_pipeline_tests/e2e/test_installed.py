"""The package without a checkout: built as a user gets it, installed somewhere, and run from an empty folder."""

import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest

from market_pipeline.settings import PROJECT_ROOT
from market_pipeline_tests.e2e.conftest import User

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def commands(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the commands of a new environment, which has the libraries of this one and the package from its sdist."""
    folder = tmp_path_factory.mktemp("installed")
    _run(folder, sys.executable, "-m", "hatchling", "build", "-t", "sdist", "-d", str(folder), cwd=PROJECT_ROOT)
    (source,) = folder.glob("*.tar.gz")
    build = ["wheel", "--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir", str(folder), str(source)]
    _run(folder, sys.executable, "-m", "pip", *build)
    (wheel,) = folder.glob("*.whl")
    venv.create(folder / "venv")
    (packages,) = folder.glob("venv/lib/python*/site-packages")
    (packages / "libraries.pth").write_text(sysconfig.get_path("purelib"))
    into = ["--python", str(folder / "venv"), "install", "--quiet", "--no-deps", "--ignore-installed"]
    _run(folder, sys.executable, "-m", "pip", *into, str(wheel))
    return folder / "venv/bin"


def _run(folder: Path, *command: str, cwd: Path | None = None) -> None:
    done = subprocess.run(command, cwd=cwd or folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_demo_runs_without_a_checkout(commands: Path, user: User, tmp_path: Path) -> None:
    def typed(*words: str) -> str:
        command = [str(commands / "market-pipeline"), *words]
        done = subprocess.run(command, cwd=tmp_path, env=user.environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    assert "AAPL" in typed("symbols", "list")
    user.rows("UPDATE tracked_symbols SET active = symbol = 'AAPL' RETURNING 1")  # all of them take three times as long
    assert "market_data_refresh in" in typed("demo")
    assert list(tmp_path.iterdir()) == []  # everything it keeps is in its home
    for name in ("dagster.yaml", "workspace.yaml"):
        assert (user.home / name).resolve().is_relative_to(commands.parent)
    assert user.rows("SELECT count(*) > 0 FROM historical_prices") == [(True,)]
