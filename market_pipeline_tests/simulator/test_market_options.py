"""Option chains: listed like the OCC lists them, priced without contradictions."""

from datetime import datetime, timedelta
from decimal import Decimal
from math import exp
from typing import Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from market_pipeline.simulator.market import OptionContract
from market_pipeline.simulator.options import black_scholes
from market_pipeline_tests.simulator.markets import FRIDAY_NOON, MARKET, MOMENTS, SYMBOLS

KINDS: st.SearchStrategy[Literal["call", "put"]] = st.sampled_from(["call", "put"])


@pytest.mark.parametrize(("kind", "price"), [("call", 4.76), ("put", 0.81)])
def test_the_model_gives_the_prices_of_hulls_example(kind: Literal["call", "put"], price: float) -> None:
    """Hull, "The Black–Scholes–Merton Model", example: a six-month option, strike 40, on a share at 42."""
    assert black_scholes(kind, 42, 40, 0.5, 0.1, 0.0, 0.2).price == pytest.approx(price, abs=0.005)


@given(
    kind=KINDS,
    spot=st.floats(20, 400),
    moneyness=st.floats(0.8, 1.25),
    years=st.floats(0.02, 2),
    volatility=st.floats(0.1, 0.8),
)
def test_the_greeks_are_the_slopes_of_the_price(
    kind: Literal["call", "put"], spot: float, moneyness: float, years: float, volatility: float
) -> None:
    def price(spot: float = spot, years: float = years, volatility: float = volatility, rate: float = 0.04) -> float:
        return black_scholes(kind, spot, moneyness * spot_now, years, rate, 0.01, volatility).price

    spot_now, small = spot, 1e-4
    value = black_scholes(kind, spot, moneyness * spot, years, 0.04, 0.01, volatility)
    step = spot * small
    assert value.delta == pytest.approx((price(spot + step) - price(spot - step)) / (2 * step), abs=1e-4)
    assert value.gamma * spot == pytest.approx(
        (price(spot + step) - 2 * price() + price(spot - step)) / step**2 * spot, abs=1e-2
    )
    assert value.vega * 100 == pytest.approx(
        (price(volatility=volatility + small) - price()) / small, rel=1e-2, abs=1e-2
    )
    assert value.rho * 100 == pytest.approx((price(rate=0.04 + small) - price()) / small, rel=1e-2, abs=1e-2)
    assert value.theta * 365 == pytest.approx(-(price(years=years + small) - price()) / small, rel=1e-1, abs=1e-1)


@given(symbol=SYMBOLS, at=MOMENTS)
@settings(max_examples=25)
def test_quotes_do_not_cross_and_calls_and_puts_agree(symbol: str, at: datetime) -> None:
    chain = MARKET.option_chain(symbol, at)
    spot = float(chain.spot)
    pairs = list(zip(chain.contracts[0::2], chain.contracts[1::2], strict=True))
    assert pairs
    for call, put in pairs:
        assert (call.kind, put.kind) == ("call", "put")
        assert (call.strike, call.expiration) == (put.strike, put.expiration)
        for contract in (call, put):
            assert 0 <= contract.bid < contract.ask
            assert 0 < contract.last <= contract.ask
        years = (MARKET.hours(call.expiration).close - chain.as_of) / timedelta(days=365)
        share, cash = spot * exp(-chain.dividend_yield * years), float(call.strike) * exp(-chain.risk_free_rate * years)
        spread = float(call.ask - call.bid + put.ask - put.bid)
        assert _middle(call) - _middle(put) == pytest.approx(share - cash, abs=spread)


def _middle(contract: OptionContract) -> float:
    return float(contract.bid + contract.ask) / 2


@given(symbol=SYMBOLS, at=MOMENTS)
@settings(max_examples=25)
def test_expirations_are_future_sessions_and_contracts_are_of_them(symbol: str, at: datetime) -> None:
    chain = MARKET.option_chain(symbol, at)
    assert chain.expirations == MARKET.option_expirations(symbol, at)
    assert len(chain.expirations) == 7
    assert list(chain.expirations) == sorted(set(chain.expirations))
    assert all(MARKET.hours(day).close > at for day in chain.expirations)
    assert {contract.expiration for contract in chain.contracts} == set(chain.expirations)
    assert all(contract.last_trade_at <= at for contract in chain.contracts)


def test_an_expiration_on_a_holiday_moves_to_the_session_before() -> None:
    before_good_friday = datetime(2027, 3, 8, 17, tzinfo=FRIDAY_NOON.tzinfo)
    assert before_good_friday.replace(month=3, day=25).date() in MARKET.option_expirations("AAPL", before_good_friday)


def test_one_expiration_is_a_part_of_the_whole_chain() -> None:
    whole = MARKET.option_chain("AAPL", FRIDAY_NOON)
    day = whole.expirations[2]
    part = MARKET.option_chain("AAPL", FRIDAY_NOON, day)
    assert part.contracts == tuple(contract for contract in whole.contracts if contract.expiration == day)
    assert part.expirations == whole.expirations
    assert MARKET.option_chain("AAPL", FRIDAY_NOON, day + timedelta(days=1)).contracts == ()


@pytest.mark.parametrize(("symbol", "root"), [("AAPL", "AAPL"), ("BRK.B", "BRKB")])
def test_contract_symbols_spell_root_day_kind_and_strike(symbol: str, root: str) -> None:
    for contract in MARKET.option_chain(symbol, FRIDAY_NOON).contracts:
        assert contract.contract_symbol.startswith(root)
        day, kind, strike = (contract.contract_symbol[at] for at in (slice(-15, -9), slice(-9, -8), slice(-8, None)))
        assert datetime.strptime(day, "%y%m%d").date() == contract.expiration  # noqa: DTZ007 (a date, no moment)
        assert kind == contract.kind[0].upper()
        assert Decimal(strike) / 1000 == contract.strike


def test_volumes_grow_through_the_day_while_open_interest_stands() -> None:
    morning = MARKET.option_chain("MSFT", FRIDAY_NOON - timedelta(hours=2))
    noon = MARKET.option_chain("MSFT", FRIDAY_NOON)
    later = {contract.contract_symbol: contract for contract in noon.contracts}
    assert all(contract.volume <= later[contract.contract_symbol].volume for contract in morning.contracts)
    assert sum(contract.volume for contract in morning.contracts) < sum(contract.volume for contract in noon.contracts)
    assert all(
        contract.open_interest == later[contract.contract_symbol].open_interest for contract in morning.contracts
    )


def test_the_money_lies_on_either_side_of_the_spot() -> None:
    chain = MARKET.option_chain("AAPL", FRIDAY_NOON)
    for contract in chain.contracts:
        gains = chain.spot - contract.strike if contract.kind == "call" else contract.strike - chain.spot
        assert contract.in_the_money == (gains > 0)
    assert {contract.in_the_money for contract in chain.contracts} == {True, False}
