"""What pytest has to know before it collects: its options, how many processes, Hypothesis' profiles, the table at the end.

It lies here because only the outermost conftest is read in time for options, and in every process under xdist.
Fixtures belong to the conftest of the tests that use them.
"""

import argparse
import os
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from hypothesis import settings

from market_pipeline_tests.recordings import DEFAULT_FOLDER, ERRORS

# xdist tells its workers the width of its terminal, and rich's consoles would keep to it.
os.environ.pop("COLUMNS", None)

settings.register_profile("repeatable", derandomize=True, deadline=None, database=None)
settings.register_profile("explore", max_examples=3_000, deadline=None)  # pytest --hypothesis-profile explore
settings.load_profile("repeatable")

CONFORMANCE = "conformance"
VERDICTS = ("parsed", "error recognised", "not served", "failed")


def pytest_xdist_auto_num_workers() -> int:
    """Half of the time tests wait, for processes and for clocks: three of them share two cores."""
    return max(2, 3 * (os.cpu_count() or 1) // 2)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--recordings",
        metavar="DIR",
        type=_folder,
        default=DEFAULT_FOLDER,
        help=f"folder of recorded answers for the conformance suite (default: {DEFAULT_FOLDER})",
    )


def _folder(named: str) -> Path:
    """A folder that somebody named has to be there: only the default one may be absent."""
    if not Path(named).is_dir():
        raise argparse.ArgumentTypeError(f"{named} is no folder")
    return Path(named).resolve()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Provider × data type → how many recordings were parsed, told as errors, not served; then those without records."""
    found: dict[str, tuple[str, str]] = {}
    for reports in terminalreporter.stats.values():
        for report in reports:
            properties = dict(getattr(report, "user_properties", ()))
            if CONFORMANCE in properties and report.when == "call":
                recording, verdict, reason = properties[CONFORMANCE]
                found[recording] = ("failed" if report.failed else verdict, reason)
    if found:
        terminalreporter.section("recorded answers by provider and data type")
        for line in (*_table(found), *_without_records(found)):
            terminalreporter.write_line(line)


def _table(found: Mapping[str, tuple[str, str]]) -> Iterator[str]:
    counts = Counter((*recording.split("/")[:2], verdict) for recording, (verdict, _) in found.items())
    yield f"{'provider':<16}{'data type':<22}" + "".join(f"{verdict:>18}" for verdict in VERDICTS)
    for provider, data_type in sorted({key[:2] for key in counts}):
        cells = "".join(f"{counts[provider, data_type, verdict] or '·':>18}" for verdict in VERDICTS)
        yield f"{provider:<16}{data_type:<22}{cells}"
    totals = Counter(verdict for verdict, _ in found.values())
    yield f"{'all':<38}" + "".join(f"{totals[verdict]:>18}" for verdict in VERDICTS)


def _without_records(found: Mapping[str, tuple[str, str]]) -> Iterator[str]:
    """What nobody serves and why, and which answers filed under a data type were told as which error."""
    named: defaultdict[str, list[str]] = defaultdict(list)
    for recording, (verdict, reason) in sorted(found.items()):
        if verdict == "not served" or (verdict == "error recognised" and recording.split("/")[1] != ERRORS):
            named[f"{verdict} ({reason})"].append(recording)
    for why, recordings in named.items():
        yield f"{why}: {', '.join(recordings)}"
