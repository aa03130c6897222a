"""Which vendors a fetch asks, first to last: the route and the settings, then the strategy over what is known of them.

Here what can be asked is put together with how it has done.  The decisions are pure and belong to `routes` and
`fetching.strategies`; the walk over the vendors belongs to `fetching.router`.
"""

import logging
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

import psycopg

from market_pipeline.datasets import Strategy
from market_pipeline.fetching.planner import Planner, Wanted
from market_pipeline.fetching.strategies import Standing, order, tried_out
from market_pipeline.fetching.vendors import Vendor, configured_vendors
from market_pipeline.providers.registry import PROVIDERS
from market_pipeline.routes import route
from market_pipeline.settings import ProviderSettings, Settings
from market_pipeline.storage.database import Connection
from market_pipeline.storage.locks import impatient
from market_pipeline.storage.universe import series_homes
from market_pipeline.tracking.standings import next_turn, standings

QUOTA = 86_400.0  # seconds
log = logging.getLogger(__name__)


class NoVendor(Exception):
    """Nobody can be asked for a data type: no vendor is enabled, has its key, or is among those chosen."""


@dataclass(frozen=True, slots=True)
class Ranked:
    """The vendors as they are to be asked."""

    order: tuple[str, ...]
    asked_first: Mapping[str, str]
    """The vendor that is asked first for a symbol: the home of its series, or one that is tried out."""
    standings: Mapping[str, Standing]
    """What the order goes by; vendors that were never asked are not in it."""


@dataclass(frozen=True, slots=True)
class Ranking:
    """Puts `vendors` into an order; `priorities` are the settings'.  `chance` gives random numbers from 0 up to 1."""

    vendors: Mapping[str, Vendor]
    priorities: Mapping[str, int]
    planner: Planner
    clock: Callable[[], datetime]
    chance: Callable[[], float] = random.random

    def of(self, connection: Connection, wanted: Wanted, chosen: Sequence[str], *, dry: bool = False) -> Ranked:
        """The order for a fetch, among the `chosen` vendors (all when empty).  Raises NoVendor.

        A `dry` one is only looked at: it takes no turn and tries nobody out.
        """
        quota = self._candidates(wanted, chosen)
        known, turn = self._remembered(connection, wanted, dry)
        names = order(wanted.strategy, list(quota), known, quota=quota, turn=turn)
        dataset, symbols = wanted.dataset, wanted.symbols
        if dataset.pinned and wanted.timeframe is not None:  # whoever is tried out would become the home of the series
            return Ranked(names, series_homes(connection, symbols, wanted.timeframe), known)
        if dry:
            return Ranked(names, {}, known)
        scarce = {name for name in names if self.is_scarce(name)}
        tried = tried_out(wanted.strategy, names, known, symbols, quota=quota, scarce=scarce, chance=self.chance)
        return Ranked(names, tried, known)

    def is_scarce(self, name: str) -> bool:
        """Whether a vendor's plan counts calls by the day or longer: what it allows is kept for when others fail."""
        return any(rate.seconds >= QUOTA for rate in self.vendors[name].limits)

    def _remembered(self, connection: Connection, wanted: Wanted, dry: bool) -> tuple[Mapping[str, Standing], int]:
        """How the vendors stand, and whose turn it is; nothing of both where that cannot be read: a fetch needs neither."""
        try:
            with impatient(connection):
                takes_turn = wanted.strategy is Strategy.ROUND_ROBIN and not dry
                turn = next_turn(connection, wanted.dataset.name) if takes_turn else 0
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
        needs = {name: self.planner.quota_needed(wanted, self.vendors[name]) for name in asked}
        able = {name: count for name, count in needs.items() if count is not None}
        if not able:
            among = f" among {', '.join(chosen)}" if chosen else ""
            raise NoVendor(
                f"no vendor can be asked for {data_type}{among}. It is offered by {', '.join(routed)}: set the key"
                " of one of them (`market-pipeline providers plans` shows which variable), or enable one that is disabled."
                " Vendors that cannot tell about the time asked for are left out."
            )
        return able


@contextmanager
def open_ranking(
    settings: Settings,
    *,
    simulator_url: str | None,
    provider_settings: Callable[[str], ProviderSettings],
    clock: Callable[[], datetime],
    chance: Callable[[], float],
) -> Iterator[Ranking]:
    """The vendors as they are set; leaving it closes their connections.  With `simulator_url` all are the simulator there."""
    own = {name: provider_settings(name) for name in PROVIDERS}
    vendors = configured_vendors(PROVIDERS, settings, own, simulator_url=simulator_url, clock=clock)
    priorities = {name: one.priority for name, one in own.items() if one.priority is not None}
    try:
        yield Ranking(vendors, priorities, Planner(settings.fetch_batch_size, clock), clock, chance)
    finally:
        for vendor in vendors.values():
            vendor.client.close()
