"""Shares of the world's exchanges in one spelling."""

import pytest

from market_pipeline.providers.exchanges import SUFFIXES, exchange_zone, listed_symbol


@pytest.mark.parametrize(
    ("ticker", "market", "symbol"),
    [
        ("BRK-B", "XNYS", "BRK.B"),
        ("BT.A", "XLON", "BT-A.L"),
        ("000120", "XKRX", "000120.KS"),
        ("aapl", "XNGS", "AAPL"),
        ("AAPL", "XNOWHERE", None),
        ("NOT A TICKER", "XLON", None),
    ],
)
def test_a_share_carries_the_suffix_of_its_exchange(ticker: str, market: str, symbol: str | None) -> None:
    assert listed_symbol(ticker, SUFFIXES.get(market)) == symbol


@pytest.mark.parametrize("suffix", sorted({*SUFFIXES.values()} - {""}))
def test_every_exchange_abroad_has_a_time_zone_of_its_own(suffix: str) -> None:
    assert exchange_zone(f"A{suffix}") != exchange_zone("A")


def test_a_dot_before_a_share_class_names_no_exchange() -> None:
    assert exchange_zone("BRK.B").key == "America/New_York"
