"""What the tests of the synthetic market share: one market, and strategies for questions to it. No tests here."""

from datetime import UTC, datetime

from hypothesis import strategies as st

from market_pipeline.simulator.market import SyntheticMarket

MARKET = SyntheticMarket(seed=7)
FRIDAY_NOON = datetime(2026, 11, 20, 17, 0, tzinfo=UTC)
"""12:00 in New York on a full trading day."""

REAL_SYMBOLS = st.sampled_from(MARKET.symbols())
MADE_UP_SYMBOLS = st.from_regex(r"[A-Y][A-Z]{1,3}", fullmatch=True).filter(MARKET.knows)
SYMBOLS = st.one_of(REAL_SYMBOLS, MADE_UP_SYMBOLS)
MOMENTS = st.datetimes(datetime(2021, 1, 4), datetime(2027, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001 (aware by timezones)
