"""The fault suite in short: two of its faults and some of a day of its week, and an account without a loss."""

from datetime import UTC, datetime

import pytest
from rich.console import Console

from market_pipeline_tests.chaos.accountant import account
from market_pipeline_tests.chaos.director import come_to_rest, play
from market_pipeline_tests.chaos.plan import Act
from market_pipeline_tests.chaos.report import show, survived
from market_pipeline_tests.chaos.stage import stage
from market_pipeline_tests.chaos.week import week

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1500)]

PLAYED = [
    Act("run worker killed", 0, seed=1),
    Act("code server's inner process killed", 0, seed=2),
]
ORDERED = ("news", "earnings", "stock_quotes", "historical_prices")  # by day, by symbol, live, by session


def test_of_what_is_asked_for_while_things_die_nothing_is_lost() -> None:
    with stage() as pipeline:
        day = week(pipeline.universe(), datetime.now(UTC), days=1)
        orders = [order for order in day if order.data_type in ORDERED]
        played = play(pipeline, PLAYED, orders, say=print)
        come_to_rest(pipeline)
        found = account(pipeline)
    show(Console(), played, found, seed=1, seconds=0)
    assert survived(played, found)
