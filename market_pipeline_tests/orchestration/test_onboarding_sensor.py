"""The sensor that gives new symbols what the others have: in which runs, in which batches, and each symbol once."""

from datetime import UTC, date, datetime

import dagster as dg
import pytest

from market_pipeline.datasets import DATASETS
from market_pipeline.sensors.onboarding import BATCH, onboarding_sensor
from market_pipeline.storage.universe import TrackedSymbol, track, untrack
from market_pipeline_tests.orchestration.conftest import NOW, TRACKED, Runs, config_of, range_of

REFERENCE = ["company_info", "earnings", "dividends", "fundamentals"]


class Onboarding:
    """The sensor from tick to tick, as the daemon evaluates it."""

    def __init__(self, runs: Runs, now: datetime = NOW) -> None:
        self._runs, self._sensor = runs, onboarding_sensor(lambda: now)
        self.cursor: str | None = None

    def tick(self) -> dict[str, dg.RunRequest]:
        done = self._runs.tick(self._sensor, self.cursor)
        self.cursor, self.said = done.cursor, done.skip_message
        requests = {str(request.job_name).removesuffix("_job"): request for request in done.run_requests or ()}
        assert len(requests) == len(done.run_requests or ()), "one run per data type"
        return requests


@pytest.fixture
def onboarding(runs: Runs, environment: pytest.MonkeyPatch) -> Onboarding:
    environment.setenv("HISTORY_SESSIONS", "5")
    return Onboarding(runs)


def test_a_new_symbol_gets_its_reference_data_and_its_history(runs: Runs, onboarding: Onboarding) -> None:
    onboarding.tick()
    runs.track("NVDA")
    requests = onboarding.tick()
    assert set(requests) == {*REFERENCE, "historical_prices"}
    assert {tuple(config_of(request)["symbols"]) for request in requests.values()} == {("NVDA",)}
    for request in requests.values():
        assert runs.requested(request).success
    for data_type in REFERENCE:
        assert runs.rows(f"SELECT DISTINCT symbol FROM {data_type}") == [("NVDA",)], data_type
    assert runs.rows("SELECT symbol, session FROM historical_prices ORDER BY session") == [
        ("NVDA", date(2026, 5, day))
        for day in (21, 22, 26, 27, 28)  # Monday was Memorial Day, Friday is not over
    ]
    assert onboarding.tick() == {}
    assert onboarding.said == "no new symbols"


@pytest.mark.parametrize(
    ("moment", "last"),
    [
        # Closed at 20:00, bars are settled half an hour later.
        (datetime(2026, 5, 29, 20, 29, tzinfo=UTC), "2026-05-28"),
        (datetime(2026, 5, 29, 20, 30, tzinfo=UTC), "2026-05-29"),
        (datetime(2026, 5, 30, 12, tzinfo=UTC), "2026-05-29"),
        (datetime(2026, 6, 1, 13, tzinfo=UTC), "2026-05-29"),
        (datetime(2026, 11, 27, 19, tzinfo=UTC), "2026-11-27"),  # closed at 13:00 in New York
    ],
)
def test_the_history_ends_with_the_last_session_whose_bar_is_settled(
    runs: Runs, environment: pytest.MonkeyPatch, moment: datetime, last: str
) -> None:
    environment.setenv("HISTORY_SESSIONS", "252")
    start, end = range_of(Onboarding(runs, moment).tick()["historical_prices"])
    assert end == last
    assert (date.fromisoformat(end) - date.fromisoformat(start)).days in range(362, 369)


def test_the_history_can_be_switched_off(runs: Runs, environment: pytest.MonkeyPatch) -> None:
    environment.setenv("HISTORY_SESSIONS", "0")
    assert set(Onboarding(runs).tick()) == set(REFERENCE)


def test_many_new_symbols_are_one_run_per_data_type_and_hundred_and_wait_for_each_other(
    runs: Runs, onboarding: Onboarding
) -> None:
    many = [f"NEW{number:03}" for number in range(500)]
    runs.track(*many)
    taken: list[str] = []
    ticks = 0
    while requests := onboarding.tick():
        ticks += 1
        (symbols,) = {tuple(config_of(request)["symbols"]) for request in requests.values()}
        assert len(symbols) <= BATCH
        taken += symbols
        queued = [runs.enqueue(request) for request in requests.values()]
        assert onboarding.tick() == {}
        assert onboarding.said == "5 runs of the previous batch have not ended"
        for run in queued:
            runs.instance.report_run_canceled(run)
    assert ticks == 6
    assert sorted(taken) == sorted([*TRACKED, *many])


def test_a_tick_that_was_not_completed_is_repeated_with_the_same_run_keys(runs: Runs, onboarding: Onboarding) -> None:
    once = onboarding.tick()
    onboarding.cursor = None
    again = onboarding.tick()
    assert {request.run_key for request in once.values()} == {request.run_key for request in again.values()}
    assert len({request.run_key for request in once.values()}) == len(once)


def test_reference_data_that_is_there_is_not_asked_for_again(runs: Runs, onboarding: Onboarding) -> None:
    assert runs.of("company_info", symbols=["AAPL", "MSFT"]).success
    requests = onboarding.tick()
    assert config_of(requests["company_info"])["symbols"] == ["JPM", "XOM"]
    assert set(config_of(requests["historical_prices"])["symbols"]) == set(TRACKED)


def test_who_comes_back_or_gets_hourly_bars_is_new_again_and_who_is_only_described_anew_is_not(
    runs: Runs, onboarding: Onboarding
) -> None:
    onboarding.tick()
    with runs.database.connect() as connection:
        track(connection, [TrackedSymbol("AAPL", name="Apple Inc."), TrackedSymbol("XOM", timeframes=("1d", "1h"))])
        untrack(connection, ["JPM", "MSFT"])
        track(connection, [TrackedSymbol("JPM")])
    assert config_of(onboarding.tick()["historical_prices"])["symbols"] == ["XOM", "JPM"]


def test_who_was_removed_before_the_sensor_saw_it_is_not_asked_for(runs: Runs, onboarding: Onboarding) -> None:
    onboarding.tick()
    runs.track("NVDA")
    with runs.database.connect() as connection:
        untrack(connection, ["NVDA"])
    assert onboarding.tick() == {}


def test_what_is_fetched_for_new_symbols_follows_from_the_data_types() -> None:
    named = {target.job_name for target in onboarding_sensor().targets}
    assert named == {f"{name}_job" for name in (*REFERENCE, "historical_prices")}
    assert named <= {f"{name}_job" for name in DATASETS}
