"""A pipeline over a simulated market: real HTTP, a real database, faults on demand."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import Any

import pytest

from market_pipeline.datasets import DATASETS, Strategy
from market_pipeline.ingestion.delivery import Refreshed
from market_pipeline.ingestion.market_data import MarketData, open_market_data
from market_pipeline.providers.messages import Window
from market_pipeline.settings import ProviderSettings, Settings
from market_pipeline.simulator.process import RunningSimulator
from market_pipeline.simulator.server import SimulatorSettings
from market_pipeline.storage.database import Database

NOW = datetime(2026, 11, 20, 20, 30, tzinfo=UTC)  # half an hour before the close of a Friday
SESSION = Window(date(2026, 11, 20), date(2026, 11, 20))


@dataclass
class Watch:
    """A clock that moves only when somebody sleeps, if it `moves` at all; with `patient` the sleep is real as well."""

    now: datetime = NOW
    moves: bool = True
    patient: bool = False
    slept: list[float] = field(default_factory=list)

    def __call__(self) -> datetime:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        if self.moves:
            self.now += timedelta(seconds=seconds)
        if self.patient:
            time.sleep(seconds)


@dataclass
class World:
    """One simulator and one database; `market_data()` opens a new process' view of them, as a new run would."""

    simulator: RunningSimulator
    database: Database
    opened: ExitStack
    watch: Watch = field(default_factory=Watch)
    runs: Iterator[int] = field(default_factory=count)
    settings: dict[str, Any] = field(default_factory=dict)
    """Settings that are not as they are by default."""

    def market_data(
        self,
        run_id: str | None = None,
        now: datetime | None = None,
        *,
        repeats: str | None = None,
        chance: float = 0.0,
        **vendors: dict[str, Any],
    ) -> MarketData:
        def own(name: str) -> ProviderSettings:
            return ProviderSettings(_env_file=None, **vendors.get(name, {}))  # type: ignore[call-arg]

        watch = self.watch if now is None else Watch(now, moves=False)
        settings = Settings(_env_file=None, simulator_rate_factor=1000, **self.settings)
        return self.opened.enter_context(
            open_market_data(
                self.database,
                settings,
                run_id=f"run {next(self.runs)}" if run_id is None else run_id,
                repeats=repeats,
                simulator_url=self.simulator.control.url,
                provider_settings=own,
                clock=watch,
                sleep=watch.sleep,
                chance=lambda: chance,
            )
        )

    def quotes(self, symbols: list[str], *providers: str, **options: Any) -> Refreshed:
        """A refresh of quotes by a new run that asks these vendors in this order."""
        places = {name: {"priority": place} for place, name in enumerate(providers, start=1)}
        market_data = self.market_data(**places)
        asked = {"window": SESSION, "strategy": Strategy.FALLBACK_CHAIN, "providers": providers, **options}
        return market_data.refresh(DATASETS["stock_quotes"], symbols, **asked)

    def requests(self, vendor: str) -> int:
        found: int = self.simulator.control.vendor(vendor)["requests"]
        return found

    def served(self, vendor: str, data_type: str) -> dict[str, int]:
        """How often a vendor has answered honestly about each symbol."""
        found: dict[str, int] = self.simulator.control.vendor(vendor)["served"].get(data_type, {})
        return found

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with self.database.connect(autocommit=True) as connection:
            found = connection.execute(query)  # type: ignore[arg-type]
            return found.fetchall() if found.description else []


@pytest.fixture(scope="session")
def simulator() -> Iterator[RunningSimulator]:
    with RunningSimulator(SimulatorSettings(port=0, rate_limits=None)) as running:
        yield running


@pytest.fixture
def world(simulator: RunningSimulator, database: Database) -> Iterator[World]:
    simulator.control.reset()
    simulator.control.set_faults({})
    simulator.control.set_clock(NOW, speed=0)
    with ExitStack() as opened:
        yield World(simulator, database, opened)


Fault = Callable[[str], None]


@pytest.fixture
def fault(world: World) -> Fault:
    """Changes what goes wrong, in the notation of SIMULATOR_FAULTS."""
    return world.simulator.control.set_faults
