"""What a fetch would ask of whom, and how long the limits make it take: the router's walk, without a call.

Pure.  It supposes that everybody answers: who fails costs calls of the next ones.  What the vendors allow at the moment is
read by `tracking.gates`.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from itertools import islice
from math import ceil

from market_pipeline.fetching.pace import Allowance, Supply, amount_by, least_seconds
from market_pipeline.fetching.planner import Leg, Planner, Wanted, cost_of


@dataclass(slots=True)
class Share:
    """What one vendor would do."""

    vendor: str
    endpoint: str
    symbols: int = 0
    calls: int = 0
    units: int = 0
    """Of the vendor's quota, follow-up pages aside."""
    units_left: float = 0.0
    """That its limits allow now, infinity without limits."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a fetch would come to if everybody answered."""

    shares: tuple[Share, ...]
    """In the order of asking; vendors that nothing is left for are in it, with no call."""
    seconds: float
    """The least time that the limits allow; infinity where they never do."""
    unserved: int = 0
    """Symbols for which nobody may be asked."""


def plan(planner: Planner, wanted: Wanted, legs: Collection[Leg], supplies: Mapping[str, Supply]) -> Plan:
    """The plan of a fetch along `legs`, with what each vendor allows now and from now on."""
    left = dict.fromkeys(wanted.symbols)
    shares: dict[str, Share] = {}
    for leg in legs:
        share = shares.setdefault(leg.vendor.name, Share(leg.vendor.name, leg.endpoint.name))
        share.units_left = amount_by(supplies[share.vendor], 0)
        for ask in planner.asks(wanted, leg.endpoint, [symbol for symbol in left if leg.takes(symbol)]):
            cost = cost_of(leg.endpoint, ask)
            if share.units + cost > share.units_left:
                break
            _add(share, leg, calls=1, units=cost, symbols=len(ask.symbols))
            for symbol in ask.symbols:
                del left[symbol]
    if not left:
        return Plan(tuple(shares.values()), 0.0)
    seconds, unserved = _wait(planner, wanted, legs, supplies, shares, list(left))
    return Plan(tuple(shares.values()), seconds, unserved)


def _wait(
    planner: Planner,
    wanted: Wanted,
    legs: Collection[Leg],
    supplies: Mapping[str, Supply],
    shares: Mapping[str, Share],
    symbols: list[str],
) -> tuple[float, int]:
    """Deal out the symbols for which limits have to be waited for, as these allow; the time, and how many nobody takes."""
    ways: dict[str, tuple[Leg, int, int]] = {}  # by vendor: the leg, and symbols and units of one call
    for leg in legs:
        if leg.only is None and leg.vendor.name not in ways:
            (ask,) = islice(planner.asks(wanted, leg.endpoint, symbols), 1)
            ways[leg.vendor.name] = leg, len(ask.symbols), cost_of(leg.endpoint, ask)
    in_symbols = {
        name: [
            Allowance((one.at_once - shares[name].units) * size / units, one.per_second * size / units)
            for one in supplies[name]
        ]
        for name, (_, size, units) in ways.items()
    }
    seconds = least_seconds(len(symbols), in_symbols.values())
    missing = len(symbols)
    for name, (leg, size, units) in ways.items():
        taken = int(min(missing, amount_by(in_symbols[name], seconds) + 1))  # no part of a symbol is asked for
        if taken > 0:
            missing -= taken
            calls = ceil(taken / size)
            _add(shares[name], leg, calls=calls, units=calls * units, symbols=taken)
    return seconds, missing


def _add(share: Share, leg: Leg, *, calls: int, units: int, symbols: int) -> None:
    share.endpoint = leg.endpoint.name
    share.calls += calls
    share.units += units
    share.symbols += symbols
