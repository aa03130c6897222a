"""Which vendors a fetch asks, first to last: the route and the settings, then the strategy over what is known of them.

Here what can be asked is put together with how it has done.  The decisions are pure and belong to `routes` and
`fetching.strategies`; the walk over the vendors belongs to `fetching.router`.
"""

import logging
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import psycopg
from psycopg.rows import TupleRow

from market_pipeline.datasets import Strategy
from market_pipeline.fetching.router import Router, Wanted
from market_pipeline.fetching.strategies import Standing, order, tried_out
from market_pipeline.fetching.vendors import Vendor
from market_pipeline.routes import route
from market_pipeline.tracking.standings import next_turn, standings

QUOTA = 86_400.0  # seconds: a plan that counts calls by the day or longer is scarce
log = logging.getLogger(__name__)


class NoVendor(Exception):
    """Nobody can be asked for a data type: no vendor is enabled, has its key, or is among those chosen."""


@dataclass(frozen=True, slots=True)
class Ranked:
    """The vendors as they are to be asked, and the symbols that somebody else is asked for first, to get to know him."""

    order: tuple[str, ...]
    tried_out: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Ranking:
    """Puts `vendors` into an order; `priorities` are the settings'.  `chance` gives random numbers from 0 up to 1."""

    vendors: Mapping[str, Vendor]
    priorities: Mapping[str, int]
    router: Router
    clock: Callable[[], datetime]
    chance: Callable[[], float] = random.random

    def of(self, connection: psycopg.Connection[TupleRow], wanted: Wanted, chosen: Sequence[str]) -> Ranked:
        """The order for a fetch, among the `chosen` vendors (all when empty).  Raises NoVendor."""
        quota = self._candidates(wanted, chosen)
        known, turn = self._remembered(connection, wanted)
        names = order(wanted.strategy, list(quota), known, quota=quota, turn=turn)
        if wanted.dataset.pinned:  # whoever is tried out would become the home of the series
            return Ranked(names, {})
        scarce = {name for name in names if any(rate.seconds >= QUOTA for rate in self.vendors[name].limits)}
        return Ranked(
            names,
            tried_out(wanted.strategy, names, known, wanted.symbols, quota=quota, scarce=scarce, chance=self.chance),
        )

    def _remembered(
        self, connection: psycopg.Connection[TupleRow], wanted: Wanted
    ) -> tuple[Mapping[str, Standing], int]:
        """How the vendors stand, and whose turn it is; nothing of both where that cannot be read: a fetch needs neither."""
        try:
            turn = next_turn(connection, wanted.dataset.name) if wanted.strategy is Strategy.ROUND_ROBIN else 0
            return standings(connection, wanted.dataset.name, self.clock()), turn
        except psycopg.Error as error:
            log.warning("the vendors' records cannot be read, their default order is taken: %s", error)
            return {}, 0

    def _candidates(self, wanted: Wanted, chosen: Sequence[str]) -> dict[str, int]:
        """The vendors that can answer, in their default order and narrowed to `chosen`, with the quota they need.

        Raises NoVendor.
        """
        data_type = wanted.dataset.name
        routed = route(data_type, self.priorities)
        asked = [name for name in routed if name in self.vendors and (not chosen or name in chosen)]
        needs = {name: self.router.quota_needed(wanted, self.vendors[name]) for name in asked}
        able = {name: count for name, count in needs.items() if count is not None}
        if not able:
            among = f" among {', '.join(chosen)}" if chosen else ""
            raise NoVendor(
                f"no vendor can be asked for {data_type}{among}. It is offered by {', '.join(routed)}: set the key"
                " of one of them (`market-pipeline providers plans` shows which variable), or enable one that is disabled."
                " Vendors that cannot tell about the time asked for are left out."
            )
        return able
