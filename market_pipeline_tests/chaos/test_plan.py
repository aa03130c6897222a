"""The plan of faults: it follows from the seed, and plays each fault once."""

from hypothesis import given
from hypothesis import strategies as st

from market_pipeline_tests.chaos.injectors import FAULTS
from market_pipeline_tests.chaos.plan import acts

WANTED = [(name, fault.seconds) for name, fault in FAULTS.items()]


@given(st.integers(0, 2**32))
def test_a_seed_plays_each_fault_once_and_always_alike(seed: int) -> None:
    played = acts(WANTED, seed)
    assert played == acts(WANTED, seed)
    assert sorted(act.fault for act in played) == sorted(FAULTS)


def test_seeds_differ_in_the_order_of_faults() -> None:
    assert acts(WANTED, 1) != acts(WANTED, 2)
