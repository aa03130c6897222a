"""Vendors agree: whoever is asked about a symbol and a day of one market, the record is the same.

For each data type every endpoint of every registered vendor is asked over HTTP; a new vendor or data type is asked too.
"""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal

import pytest

from market_pipeline.datasets import DATASETS, Dataset, Record
from market_pipeline.providers.registry import PROVIDERS
from market_pipeline.simulator.market import SyntheticMarket
from market_pipeline.simulator.process import RunningSimulator
from market_pipeline.simulator.server import SimulatorSettings
from market_pipeline_tests.providers.agreement import findings
from market_pipeline_tests.providers.differences import DIFFERENCES, UNASKED, Difference
from market_pipeline_tests.providers.panel import (
    CLOSED,
    FRIDAY,
    OPEN,
    SYMBOLS,
    TWO_WEEKS,
    Answered,
    Panel,
    is_asked,
    questions,
    source_of,
)
from market_pipeline_tests.simulator.fidelity import entitled

QUOTES = DATASETS["stock_quotes"]
SHOWN = 40  # lines: a vendor that has moved by a day differs in thousands of values


@pytest.fixture(scope="module")
def panel() -> Iterator[Panel]:
    with RunningSimulator(SimulatorSettings(port=0, rate_limits=None), entitled) as running:
        yield Panel(running.control)


@pytest.mark.parametrize("dataset", DATASETS.values(), ids=DATASETS)
def test_vendors_make_the_same_records_of_the_same_market(dataset: Dataset, panel: Panel) -> None:
    answers, meant = panel.answers(dataset), DIFFERENCES.get(dataset.name, ())
    found = findings(dataset, answers, meant)
    assert not found, f"{len(found)} differences that nobody means:\n" + "\n".join(map(str, found[:SHOWN]))
    needless = [one for one in meant if not findings(dataset, answers, [other for other in meant if other is not one])]
    assert not needless, "declared, and no longer found"


def test_every_endpoint_is_asked_or_there_is_a_reason() -> None:
    unasked = {
        source_of(provider, endpoint)
        for provider in PROVIDERS.values()
        for endpoint in provider.endpoints
        if not any(is_asked(endpoint, ask) for ask in questions(DATASETS[endpoint.data_type]))
    }
    assert unasked == UNASKED.keys()


def test_the_questions_are_about_days_on_which_something_happens() -> None:
    market, days = SyntheticMarket(), timedelta(days=3)
    around = (CLOSED.date() - days, CLOSED.date() + days)
    assert market.market_state(OPEN) == "REGULAR"
    assert market.market_state(CLOSED) == "CLOSED"
    assert market.splits("AAPL", TWO_WEEKS.start + timedelta(days=1), FRIDAY, as_of=OPEN)
    assert any(market.dividends(symbol, *around, as_of=CLOSED) for symbol in SYMBOLS)
    assert any(market.earnings(symbol, *around, as_of=CLOSED) for symbol in SYMBOLS)
    assert any(not market.listing(symbol).indices for symbol in SYMBOLS), "a made-up symbol"


def quoted(source: str, *prices: str, volume: int = 100) -> Answered:
    """An answer to the first question about quotes: prices of the first symbols."""
    ask = next(questions(QUOTES))
    rows = [
        {"symbol": symbol, "as_of": OPEN, "session": FRIDAY, "price": Decimal(price), "volume": volume}
        for symbol, price in zip(SYMBOLS, prices, strict=False)
    ]
    records: list[Record] = QUOTES.check(rows).records
    return Answered(source, ask, records, {}, [])


def test_a_value_that_is_not_the_others_is_found_and_named() -> None:
    answers = [
        quoted("one.Quote", "10.00", "20.00"),
        quoted("two.Quote", "10.00", "20"),
        quoted("odd.Quote", "10", "20.01"),
    ]
    (found,) = findings(QUOTES, answers, ())
    assert str(found) == "odd.Quote: stock_quotes BRK.B/2026-07-31: price: 20.01, where one.Quote has 20.00"


def test_a_row_that_is_missing_is_found() -> None:
    answers = [quoted("one.Quote", "10", "20"), quoted("two.Quote", "10", "20"), quoted("odd.Quote", "10")]
    (found,) = findings(QUOTES, answers, ())
    assert str(found) == "odd.Quote: stock_quotes BRK.B: no_data: others have 1 rows"


def test_a_stated_tolerance_holds_for_its_vendor_and_no_further() -> None:
    cents = Difference("odd.*", "price", "whole dollars", within="0.5")
    assert not findings(QUOTES, [quoted("one.Quote", "10.40"), quoted("odd.Quote", "10")], [cents])
    assert findings(QUOTES, [quoted("one.Quote", "10.60"), quoted("odd.Quote", "10")], [cents])
    assert findings(QUOTES, [quoted("one.Quote", "10.40"), quoted("two.Quote", "10")], [cents])
