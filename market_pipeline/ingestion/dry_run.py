"""What a fetch would take, before it is made: calls, quota and time by vendor, in the order of asking.  Nobody is asked.

Here what `market_data` puts together for a fetch is put together for looking at it: cache, ranking, gates.  The walk without
calls is `fetching.plan`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from market_pipeline.fetching.pace import Allowance, supply_of
from market_pipeline.fetching.plan import Plan, plan
from market_pipeline.fetching.planner import Wanted
from market_pipeline.fetching.strategies import UNKNOWN, Standing
from market_pipeline.ingestion.ranking import Ranking
from market_pipeline.storage.answers import AnswerCache, Question
from market_pipeline.storage.database import Connection
from market_pipeline.tracking.gates import GateStatus, allowances, gate_status, put_away


@dataclass(frozen=True, slots=True)
class DryRun:
    """What one fetch would take, if everybody answered who may be asked now."""

    plan: Plan
    cached: int = 0
    """Symbols that are not asked for, because they were answered lately."""
    seconds: float = 0.0
    """What it takes, by the limits or by the time that answers took lately, whichever is longer."""
    away: tuple[GateStatus, ...] = ()
    """The endpoints that would not be asked, because they cool down."""


def dry_run(
    connection: Connection,
    ranking: Ranking,
    wanted: Wanted,
    providers: Sequence[str],
    *,
    use_cache: bool,
    concurrency: int,
    spent: Mapping[str, int],
) -> DryRun:
    """The dry run of a fetch after others that would have `spent` so much of each vendor's quota.  Raises NoVendor."""
    question = Question(
        dataset=wanted.dataset, window=wanted.window, timeframe=wanted.timeframe, providers=tuple(providers)
    )
    cache = AnswerCache(connection, question, run_id="dry run", clock=ranking.clock)
    served = cache.fresh(wanted.symbols, others=use_cache).answers
    wanted = replace(wanted, symbols=tuple(symbol for symbol in wanted.symbols if symbol not in served))
    if not wanted.symbols:
        return DryRun(Plan((), 0.0), len(served))
    ranked = ranking.of(connection, wanted, providers, dry=True)
    vendors = [ranking.vendors[name] for name in ranked.order]
    gates, allowed = gate_status(connection), allowances(connection)
    legs, away = [], []
    for leg in ranking.planner.legs(wanted, vendors):
        gate = put_away(gates, leg.vendor.name, leg.endpoint.name)
        if gate is None:
            legs.append(leg)
        elif gate not in away:
            away.append(gate)
    supplies = {
        vendor.name: [
            Allowance(one.at_once - spent.get(vendor.name, 0), one.per_second)
            for one in allowed.get(vendor.name, supply_of(vendor))
        ]
        for vendor in vendors
    }
    planned = plan(ranking.planner, wanted, legs, supplies)
    workers = {vendor.name: min(vendor.provider.concurrency, concurrency) for vendor in vendors}
    seconds = max(planned.seconds, _answering(planned, ranked.standings, workers))
    return DryRun(planned, len(served), seconds, tuple(away))


def _answering(planned: Plan, standings: Mapping[str, Standing], workers: Mapping[str, int]) -> float:
    """Seconds that the vendors' answers take, one vendor after the other.  Pure."""
    return sum(
        share.calls * standings.get(share.vendor, UNKNOWN).expected_ms / 1000 / workers[share.vendor]
        for share in planned.shares
    )
