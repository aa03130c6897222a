"""The plan of faults: it follows from the seed, plays each fault once, and asks for different things each time."""

from datetime import date, timedelta
from itertools import islice

from hypothesis import given
from hypothesis import strategies as st

from market_pipeline.datasets import DATASETS
from market_pipeline_tests.chaos.injectors import FAULTS
from market_pipeline_tests.chaos.plan import ORDERED, acts, orders

WANTED = [(name, fault.seconds) for name, fault in FAULTS.items()]
SYMBOLS = [f"S{number}" for number in range(30)]
SESSIONS = [date(2026, 5, 1) + timedelta(days=number) for number in range(20)]


@given(st.integers(0, 2**32))
def test_a_seed_plays_each_fault_once_and_always_alike(seed: int) -> None:
    played = acts(WANTED, seed)
    assert played == acts(WANTED, seed)
    assert sorted(act.fault for act in played) == sorted(FAULTS)


def test_seeds_differ_in_the_order_of_faults_and_in_what_is_asked_for() -> None:
    assert acts(WANTED, 1) != acts(WANTED, 2)
    first, second = (list(islice(orders(SYMBOLS, SESSIONS, seed), 20)) for seed in (1, 2))
    assert first != second


@given(st.integers(0, 2**32))
def test_no_symbol_is_asked_for_again_before_all_others_were(seed: int) -> None:
    one_round = list(islice(orders(SYMBOLS, SESSIONS, seed), len(ORDERED) * 8))
    for name in ORDERED:
        asked = [symbol for order in one_round if order.data_type == name for symbol in order.symbols]
        assert sorted(asked) == sorted(SYMBOLS)


def test_only_what_is_kept_of_past_sessions_is_asked_for_by_session() -> None:
    dated = {order.data_type for order in islice(orders(SYMBOLS, SESSIONS, 1), len(ORDERED)) if order.days}
    assert dated == {"historical_prices"}
    assert all(not DATASETS[name].live for name in dated)
