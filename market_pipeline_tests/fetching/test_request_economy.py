"""How many requests a fetch takes: quotas are scarce, so the cheapest plan is the one that is carried out."""

from datetime import UTC, date, datetime

import pytest

from market_pipeline.datasets import DATASETS, Strategy
from market_pipeline.providers.messages import Window
from market_pipeline.sessions import Sessions
from market_pipeline.simulator.market import SyntheticMarket
from market_pipeline_tests.fetching.conftest import World

FIVE_HUNDRED = SyntheticMarket().symbols()
EVENING = datetime(2026, 11, 20, 23, tzinfo=UTC)
SESSION = Window(date(2026, 11, 20), date(2026, 11, 20))


def total_requests(world: World) -> int:
    return sum(vendor["requests"] for vendor in world.simulator.control.state()["vendors"].values())


def test_500_symbols_of_one_session_are_one_request_for_the_whole_market(world: World) -> None:
    world.simulator.control.set_clock(EVENING, speed=0)
    done = world.market_data(now=EVENING).refresh(
        DATASETS["historical_prices"], FIVE_HUNDRED, window=SESSION, timeframe="1d"
    )
    assert len(done.report.answered) == 500
    assert done.order[0] == "polygon", "the only vendor with the whole market in one answer"
    assert total_requests(world) == 1


def test_10_symbols_of_250_sessions_are_one_request_each(world: World) -> None:
    world.simulator.control.set_clock(EVENING, speed=0)
    sessions = Sessions().between(date(2025, 11, 1), date(2026, 11, 20))[-250:]
    done = world.market_data(now=EVENING).refresh(
        DATASETS["historical_prices"], FIVE_HUNDRED[:10], window=Window(sessions[0], sessions[-1]), timeframe="1d"
    )
    assert done.written.inserted == 2500
    assert total_requests(world) == 10


@pytest.mark.parametrize(
    ("vendor", "data_type", "most"), [("yahoo", "stock_quotes", 12), ("finviz", "stock_quotes", 10)]
)
def test_batches_are_used_where_a_vendor_has_them(world: World, vendor: str, data_type: str, most: int) -> None:
    world.simulator.control.set_clock(EVENING, speed=0)
    done = world.market_data(now=EVENING).refresh(
        DATASETS[data_type],
        FIVE_HUNDRED[:100],
        window=SESSION,
        providers=[vendor],
        strategy=Strategy.FALLBACK_CHAIN,
    )
    assert len(done.report.answered) == 100
    assert world.requests(vendor) <= most, "ten symbols a request, and Yahoo's cookie and crumb"
