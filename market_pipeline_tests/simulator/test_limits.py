"""Limits: who gets in, how long the others wait, how much was asked for."""

import pytest

from market_pipeline.providers.base import Rate
from market_pipeline.simulator.limits import Limits


def test_the_call_above_the_limit_waits_until_the_first_one_is_old_enough() -> None:
    limits = Limits((Rate(3, 60),))
    assert [limits.take(float(now)) for now in (0, 10, 20)] == [0, 0, 0]
    assert limits.take(30) == 30
    assert limits.take(59) == 1
    assert limits.take(60) == 0
    assert limits.take(60) == 10


def test_a_refused_call_uses_nothing_but_is_seen() -> None:
    limits = Limits((Rate(1, 10),))
    assert limits.take(0) == 0
    assert all(limits.take(5) > 0 for _ in range(4))
    assert limits.take(10) == 0
    assert limits.most() == {"1 per 10 s": 5}


def test_a_quota_is_new_at_midnight_however_late_it_was_used_up() -> None:
    limits = Limits((Rate(2, 86_400),))
    assert [limits.take(86_300), limits.take(86_399), limits.take(86_399)] == [0, 0, 1]
    assert [limits.take(86_400), limits.take(86_400)] == [0, 0]
    assert limits.take(86_400) == 86_400
    assert limits.most() == {"2 per 86400 s": 3}


def test_every_window_has_to_have_room() -> None:
    limits = Limits((Rate(2, 1), Rate(3, 60)))
    assert [limits.take(0), limits.take(0), limits.take(0)] == [0, 0, 1]
    assert limits.take(1) == 0
    assert limits.take(2) == 58


def test_a_call_can_cost_more_than_one() -> None:
    limits = Limits((Rate(10, 60),))
    assert limits.take(0, tokens=8) == 0
    assert limits.take(1, tokens=3) == 59
    assert limits.take(1, tokens=2) == 0


def test_a_call_that_costs_more_than_the_limit_gets_into_an_empty_window() -> None:
    limits = Limits((Rate(5, 60),))
    assert limits.take(0, tokens=9) == 0
    assert limits.take(1, tokens=9) == 59
    assert limits.take(60, tokens=9) == 0


def test_a_factor_scales_and_none_only_measures() -> None:
    assert [Limits((Rate(2, 60),), factor=0.5).take(0)] == [0]
    halved = Limits((Rate(2, 60),), factor=0.5)
    assert [halved.take(0), halved.take(0)] == [0, 60]
    off = Limits((Rate(2, 60),), factor=None)
    assert [off.take(0) for _ in range(7)] == [0] * 7
    assert off.most() == {"2 per 60 s": 7}


@pytest.mark.parametrize("factor", [0, -1, float("inf"), float("nan")])
def test_a_factor_that_is_none_is_refused(factor: float) -> None:
    with pytest.raises(ValueError, match="positive factor"):
        Limits((Rate(2, 60),), factor)
