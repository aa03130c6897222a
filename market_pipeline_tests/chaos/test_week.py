"""The trading week is the schedules' own: who is asked for when, and for which days."""

from collections import Counter
from datetime import UTC, date, datetime

from market_pipeline.datasets import DATASETS
from market_pipeline_tests.chaos.week import week

SUNDAY = datetime(2026, 5, 31, 23, tzinfo=UTC)


def test_a_week_asks_for_each_session_in_the_order_of_time() -> None:
    found = list(week(("AAPL", "MSFT"), SUNDAY))
    assert {order.data_type for order in found} == DATASETS.keys() - {"annual_returns", "price_features"}
    bars = [order for order in found if order.data_type == "historical_prices"]
    assert [order.days for order in bars] == [(date(2026, 5, day),) for day in (22, 26, 27, 28)], (
        "the 25th was Memorial Day"
    )
    assert all(order.symbols == ("AAPL", "MSFT") and order.anew for order in bars)
    live = [order for order in found if DATASETS[order.data_type].live]
    assert Counter(order.data_type for order in live) == {"stock_quotes": 4, "options_chain": 4}
    assert {(order.days, order.tags["dagster/priority"]) for order in live} == {((), "10")}
