"""One door for several threads, as an enrichment uses it, and the threads behind it."""

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest

from market_pipeline.datasets import DATASETS, Strategy
from market_pipeline.ingestion.delivery import Refreshed
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


def test_a_run_that_is_interrupted_waits_for_no_answer_and_gives_everything_back(world: World, fault: Fault) -> None:
    fault("finnhub:slow=0.5,slow_seconds=6")

    def interrupted(so_far: Refreshed) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        world.quotes(TWENTY, "finnhub", progress=interrupted)
    under_way = [thread for thread in threading.enumerate() if thread.name.startswith("finnhub")]
    assert under_way, "slow answers are still to come"
    world.opened.close()
    assert world.rows("SELECT * FROM provider_leases") == []
    [(kept,)] = world.rows("SELECT count(*) FROM stock_quotes")
    assert kept > 0, "what has come is stored"
    for thread in under_way:
        thread.join()
    assert world.rows("SELECT * FROM provider_leases") == [], "nor do answers that come later take anything"
