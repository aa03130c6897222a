"""The least time that limits allow."""

from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as some

from market_pipeline.fetching.pace import Allowance, Supply, amount_by, least_seconds

allowances = some.builds(Allowance, some.floats(1, 1000), some.floats(0.001, 100))
supplies = some.lists(some.lists(allowances, min_size=1, max_size=3), min_size=1, max_size=5)


@given(some.lists(allowances, min_size=1, max_size=5), some.floats(0, 100_000))
def test_with_one_limit_each_it_is_what_exceeds_the_bursts_by_the_rates_together(
    limits: list[Allowance], needed: float
) -> None:
    bursts, rates = sum(one.at_once for one in limits), sum(one.per_second for one in limits)
    assert least_seconds(needed, [[one] for one in limits]) == pytest.approx(max(0, needed - bursts) / rates, abs=1e-3)


@given(supplies, some.floats(0, 100_000))
def test_it_is_the_first_moment_at_which_there_is_enough(vendors: list[Supply], needed: float) -> None:
    seconds = least_seconds(needed, vendors)
    assert sum(amount_by(supply, seconds) for supply in vendors) >= needed * (1 - 1e-6) - 1e-6
    if seconds > 0:
        assert sum(amount_by(supply, seconds * 0.999) for supply in vendors) < needed


def test_the_figures_of_a_plan_with_a_limit_a_minute_and_one_an_hour() -> None:
    yahoo = [Allowance(100, 100 / 60), Allowance(2000, 2000 / 3600)]
    assert least_seconds(1000, [yahoo]) == pytest.approx(540)
    assert least_seconds(3000, [yahoo]) == pytest.approx(1800), "from the 2000th call on by the hour"


def test_who_has_no_limit_takes_no_time_and_who_gives_nothing_for_ever() -> None:
    assert least_seconds(1e6, [[], [Allowance(1, 1)]]) == 0
    assert least_seconds(10, [[Allowance(5, 0)]]) == inf
    assert least_seconds(10, []) == inf
