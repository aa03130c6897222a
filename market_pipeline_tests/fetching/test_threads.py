"""One door for several threads, as an enrichment uses it."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

from market_pipeline.datasets import DATASETS, Strategy
from market_pipeline.delivery import Refreshed
from market_pipeline_tests.fetching.conftest import SESSION, Fault, World
from market_pipeline_tests.fetching.test_routing_scenarios import TWENTY


def test_what_five_threads_fetch_is_asked_for_once_and_told_to_the_one_that_wanted_it(
    world: World, fault: Fault
) -> None:
    fault("finnhub:garbage=MSFT+NVDA")
    market_data = world.market_data(finnhub={"priority": 1}, nasdaq={"priority": 2})

    def fetch(symbol: str) -> Refreshed:
        return market_data.refresh(
            DATASETS["stock_quotes"],
            [symbol],
            window=SESSION,
            providers=["finnhub", "nasdaq"],
            strategy=Strategy.FALLBACK_CHAIN,
        )

    with ThreadPoolExecutor(5) as pool:
        found = dict(zip(TWENTY, pool.map(fetch, TWENTY), strict=True))
    for symbol, done in found.items():
        vendor = "nasdaq" if symbol in ("MSFT", "NVDA") else "finnhub"
        assert (done.report.answered, done.written.inserted) == ({symbol: vendor}, 1)
    assert (world.requests("finnhub"), world.requests("nasdaq")) == (20, 2)
    world.opened.close()  # the gate gives back, the recorder writes what it still holds
    asked = world.rows("SELECT provider, symbols[1] FROM fetch_attempts")
    wanted = {("finnhub", symbol) for symbol in TWENTY} | {("nasdaq", "MSFT"), ("nasdaq", "NVDA")}
    assert Counter(asked) == Counter(wanted)
    assert world.rows("SELECT * FROM provider_leases") == []
