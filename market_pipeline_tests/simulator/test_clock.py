"""The simulator's clock: standing still, ahead, and faster than real time."""

from datetime import UTC, datetime, timedelta

import pytest

from market_pipeline.simulator.clock import ClockSetting, SimulatorClock

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


class SystemTime:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now


@pytest.mark.parametrize(
    ("setting", "an_hour_later"),
    [
        (ClockSetting(), NOON + timedelta(hours=1)),
        (ClockSetting(speed=0), NOON),
        (ClockSetting(at=datetime(2020, 1, 1, tzinfo=UTC), speed=0), datetime(2020, 1, 1, tzinfo=UTC)),
        (ClockSetting(at=datetime(2020, 1, 1, tzinfo=UTC)), datetime(2020, 1, 1, 1, tzinfo=UTC)),
        (ClockSetting(offset=-86400), NOON - timedelta(hours=23)),
        (ClockSetting(speed=24), NOON + timedelta(days=1)),
    ],
)
def test_an_hour_of_real_time_is_what_the_setting_says(setting: ClockSetting, an_hour_later: datetime) -> None:
    system = SystemTime()
    clock = SimulatorClock(setting, system)
    system.now += timedelta(hours=1)
    assert clock.now() == an_hour_later


def test_setting_the_clock_again_starts_from_real_time() -> None:
    system = SystemTime()
    clock = SimulatorClock(ClockSetting(speed=100), system)
    system.now += timedelta(hours=1)
    clock.set(ClockSetting())
    assert clock.now() == system.now


@pytest.mark.parametrize("wrong", [{"at": "2020-01-01T00:00:00"}, {"speed": -1}, {"offset": float("inf")}, {"when": 1}])
def test_a_setting_without_sense_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        ClockSetting(**wrong)  # type: ignore[arg-type]  # wrong on purpose


def test_an_offset_out_of_the_calendar_is_refused() -> None:
    with pytest.raises(ValueError, match="out of the calendar"):
        SimulatorClock(ClockSetting(offset=1e15))
