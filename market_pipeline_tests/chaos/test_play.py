"""The fault suite in short: some of its faults on one pipeline, and an account without a loss."""

import pytest
from rich.console import Console

from market_pipeline_tests.chaos.accountant import account
from market_pipeline_tests.chaos.director import come_to_rest, play
from market_pipeline_tests.chaos.plan import Act, orders
from market_pipeline_tests.chaos.report import show, survived
from market_pipeline_tests.chaos.stage import sessions, stage

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1500)]

PLAYED = [
    Act("run worker killed", 0, seed=1),
    Act("vendors lie", 3, seed=2),
    Act("code server's inner process killed", 0, seed=3),
]


def test_of_what_is_asked_for_while_things_die_nothing_is_lost() -> None:
    with stage() as pipeline:
        played = play(pipeline, PLAYED, orders(pipeline.universe(), sessions(10), seed=1), say=print)
        come_to_rest(pipeline)
        found = account(pipeline)
    show(Console(), played, found, seed=1, seconds=0)
    assert survived(played, found)
