"""What a dry run says comes true, and asks nobody."""

from collections import Counter

import pytest

from market_pipeline.datasets import DATASETS, Strategy
from market_pipeline.fetching.planner import Wanted
from market_pipeline.ingestion.dry_run import DryRun, dry_run
from market_pipeline.ingestion.market_data import MarketData
from market_pipeline_tests.fetching.conftest import SESSION, Fault, World
from market_pipeline_tests.fetching.test_routing_scenarios import SIX, TEN


def look_ahead(
    world: World,
    market_data: MarketData,
    data_type: str,
    symbols: list[str],
    *providers: str,
    strategy: Strategy = Strategy.FALLBACK_CHAIN,
) -> DryRun:
    dataset = DATASETS[data_type]
    wanted = Wanted(
        dataset=dataset,
        symbols=tuple(symbols),
        window=SESSION if dataset.live else None,
        strategy=strategy,
        deadline=world.watch.now,
    )
    with world.database.connect(autocommit=True) as connection:
        return dry_run(
            connection, market_data._ranking, wanted, providers, use_cache=True, concurrency=5, spent=Counter()
        )


def calls(found: DryRun) -> dict[str, int]:
    return {share.vendor: share.calls for share in found.plan.shares if share.calls}


@pytest.mark.parametrize(
    ("limits", "expected"),
    [
        ({}, {"finnhub": 10}),
        ({"finnhub": "4/86400", "nasdaq": "100/60"}, {"finnhub": 4, "nasdaq": 6}),
        ({"finnhub": "2/86400", "nasdaq": "3/86400"}, {"finnhub": 2, "nasdaq": 3, "finviz": 1}),
    ],
)
def test_who_is_asked_how_often_comes_true(world: World, limits: dict[str, str], expected: dict[str, int]) -> None:
    names = ("finnhub", "nasdaq", "finviz")
    own = {
        name: {"priority": place} | ({"limits": limits[name]} if name in limits else {})
        for place, name in enumerate(names, start=1)
    }
    market_data = world.market_data(**own)
    found = look_ahead(world, market_data, "stock_quotes", TEN, *names)
    assert calls(found) == expected
    assert sum(map(world.requests, names)) == 0, "nobody was asked"
    done = market_data.refresh(
        DATASETS["stock_quotes"], TEN, window=SESSION, providers=names, strategy=Strategy.FALLBACK_CHAIN
    )
    assert {name: world.requests(name) for name in expected} == expected
    assert len(done.report.answered) == 10


def test_what_was_spent_and_answered_already_counts(world: World) -> None:
    market_data = world.market_data(finnhub={"limits": "8/86400"})
    market_data.refresh(DATASETS["company_info"], SIX[:3], providers=["finnhub"])
    found = look_ahead(world, market_data, "company_info", SIX, "finnhub")
    assert (found.cached, calls(found)) == (3, {"finnhub": 3})
    assert [share.units_left for share in found.plan.shares] == [5]
    nothing = look_ahead(world, market_data, "company_info", SIX[:3], "finnhub")
    assert (nothing.cached, calls(nothing), nothing.seconds) == (3, {}, 0)


def test_who_is_put_away_is_left_out_and_told(world: World, fault: Fault) -> None:
    world.settings["fetch_concurrency"] = 1
    fault("finnhub:outage=0-")
    world.quotes(SIX, "finnhub", "nasdaq")
    found = look_ahead(world, world.market_data(), "stock_quotes", TEN, "finnhub", "nasdaq")
    assert calls(found) == {"nasdaq": 10}
    assert [(gate.name, gate.state) for gate in found.away] == [("finnhub", "cooldown")]
    alone = look_ahead(world, world.market_data(), "stock_quotes", TEN, "finnhub")
    assert (calls(alone), alone.plan.unserved) == ({}, 10)


def test_it_takes_no_turn(world: World) -> None:
    market_data = world.market_data()
    for _ in range(3):
        look_ahead(world, market_data, "stock_quotes", TEN, "finnhub", "nasdaq", strategy=Strategy.ROUND_ROBIN)
    assert world.rows("SELECT * FROM provider_rotation") == []


def test_the_time_that_answers_take_is_counted(world: World) -> None:
    found = look_ahead(world, world.market_data(), "stock_quotes", TEN, "finnhub")
    assert found.plan.seconds == 0
    assert found.seconds == pytest.approx(10 * 2 / 3 / 5), "nobody knows Finnhub: 667 ms a call, five at once"
