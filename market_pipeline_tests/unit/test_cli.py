"""What the command line does before a command of it begins."""

import subprocess
import sys

import pytest
from typer.testing import CliRunner

from market_pipeline.cli.app import app

SCRIPT = """
import sys
from typer.testing import CliRunner
from market_pipeline.cli.app import app
assert CliRunner().invoke(app, sys.argv[1:]).exit_code == 0
print("dagster" in sys.modules)
"""


@pytest.mark.parametrize(("command", "imports"), [("status", False), ("up", True)])
def test_only_commands_that_need_dagster_import_it(command: str, imports: bool) -> None:
    done = subprocess.run([sys.executable, "-c", SCRIPT, command, "--help"], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == str(imports)


def test_the_version_is_told_and_no_command_is_the_help() -> None:
    assert CliRunner().invoke(app, ["--version"]).output == "market_pipeline 0.1.0\n"
    for words in ([], ["--help"]):
        assert "symbols" in CliRunner().invoke(app, words).output
