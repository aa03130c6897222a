"""The economic calendar: what each release said, what was expected, and which ones are still to come.

The series and their release days are in indicators.py. A value depends on its series and the number of the release only.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from math import fsum
from zoneinfo import ZoneInfo

from market_pipeline.simulator.dice import Dice
from market_pipeline.simulator.indicators import CURRENCIES, INDICATORS, ZONES, Importance, Indicator
from market_pipeline.simulator.trading_days import FIRST_DAY, LAST_DAY, TradingDays, in_utc

_MEMORY = 6  # a value is the mean of this many draws, so that a series moves smoothly
_ESTIMATED_AHEAD = timedelta(days=30)
_SURPRISE = 0.35  # how far estimates miss, in units of the series' spread
_THURSDAY = 3


@dataclass(frozen=True, slots=True)
class EconomicEvent:
    """One release.

    released_at: UTC, also when it is still to come; actual: None until then; estimate: None until 30 days before; previous: the
    release before, None while that one is still to come. period: what it is about, "2026-10", "2026-Q3", or a day: the end of
    the week, or the day of the decision. unit: "%" (3.1 is 3.1 %), "K" (thousands), "index" (points).
    """

    id: str
    code: str
    country: str
    currency: str
    event: str
    period: str
    released_at: datetime
    actual: float | None
    estimate: float | None
    previous: float | None
    unit: str
    importance: Importance


class EconomicCalendar:
    """Releases of all indicators."""

    def __init__(self, dice: Dice, days: TradingDays) -> None:
        self._dice = dice
        self._days = days
        self._value = lru_cache(maxsize=16384)(self._draw_value)

    def events(self, start: date, end: date, as_of: datetime) -> list[EconomicEvent]:
        """Everything released, or to be released, on the UTC days from start to end, oldest first."""
        as_of = in_utc(as_of)
        first, last = max(start, FIRST_DAY), min(end, LAST_DAY)
        found = [
            self._event(indicator, number, day, as_of)
            for indicator in INDICATORS
            for number, day in self._releases(indicator, first - timedelta(days=7), last + timedelta(days=7))
        ]
        within = [event for event in found if first <= event.released_at.date() <= last]
        return sorted(within, key=lambda event: (event.released_at, event.code))

    def _releases(self, indicator: Indicator, start: date, end: date) -> Iterator[tuple[int, date]]:
        """The number and local day of each release about between two days; numbers count up without gaps."""
        if indicator.day is None:
            thursday = start + timedelta(days=(_THURSDAY - start.weekday()) % 7)
            while thursday <= end:
                yield thursday.toordinal() // 7, self._release_day(indicator, thursday.toordinal() // 7)
                thursday += timedelta(days=7)
            return
        for year in range(start.year, end.year + 1):
            for at, month in enumerate(indicator.months):
                if (start.year, start.month) <= (year, month) <= (end.year, end.month):
                    number = year * len(indicator.months) + at
                    yield number, self._release_day(indicator, number)

    def _release_day(self, indicator: Indicator, number: int) -> date:
        """The rule's day; US releases wait for the next day the exchange is open, weekly ones come a day early instead."""
        if indicator.day is None:
            return self._days.on_or_before(date.fromordinal(number * 7 + _THURSDAY + 1))
        year, at = divmod(number, len(indicator.months))
        day = indicator.day(year, indicator.months[at])
        return self._days.on_or_after(day) if indicator.country == "US" else day

    def _event(self, indicator: Indicator, number: int, day: date, as_of: datetime) -> EconomicEvent:
        released_at = self._moment(indicator, day)
        value = self._value(indicator, number)
        miss = _SURPRISE * indicator.spread * self._dice.bells(1, "miss", indicator.code, number)[0]
        before_is_out = self._moment(indicator, self._release_day(indicator, number - 1)) <= as_of
        return EconomicEvent(
            id=f"{indicator.code}-{day}",
            code=indicator.code,
            country=indicator.country,
            currency=CURRENCIES[indicator.country],
            event=indicator.event,
            period=_period(indicator, number, day),
            released_at=released_at,
            actual=value if released_at <= as_of else None,
            estimate=_in_steps(value + miss, indicator.step) if released_at <= as_of + _ESTIMATED_AHEAD else None,
            previous=self._value(indicator, number - 1) if before_is_out else None,
            unit=indicator.unit,
            importance=indicator.importance,
        )

    def _moment(self, indicator: Indicator, day: date) -> datetime:
        return datetime.combine(day, indicator.at, ZoneInfo(ZONES[indicator.country])).astimezone(UTC)

    def _draw_value(self, indicator: Indicator, number: int) -> float:
        draws = [self._dice.bells(1, "release", indicator.code, number - back)[0] for back in range(_MEMORY)]
        return _in_steps(indicator.level + indicator.spread * fsum(draws) / _MEMORY**0.5, indicator.step)


def _period(indicator: Indicator, number: int, day: date) -> str:
    """What a release is about, in the notation of EconomicEvent."""
    if indicator.about == "decision":
        return str(day)
    if indicator.about == "week":
        return str(date.fromordinal(number * 7 + _THURSDAY + 1) - timedelta(days=5))
    year, at = divmod(number, len(indicator.months))
    months = year * 12 + indicator.months[at] - 1 - indicator.lag
    if indicator.about == "quarter":
        return f"{months // 12}-Q{months % 12 // 3 + 1}"
    return f"{months // 12}-{months % 12 + 1:02d}"


def _in_steps(value: float, step: float) -> float:
    """The value as published: a whole number of steps."""
    return round(round(value / step) * float(step), 2)
