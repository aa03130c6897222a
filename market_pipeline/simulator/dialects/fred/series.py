"""FRED's series, from the synthetic market's indicators: levels where the market has changes.

The market never revises, so that an observation has one vintage: from its release on.
"""

import math
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import NamedTuple

from market_pipeline.simulator.dialect import Call, Reply
from market_pipeline.simulator.dialects.fred.wording import CENTRAL, asked_day, error, today
from market_pipeline.simulator.market import EconomicEvent, SyntheticMarket

FIRST_YEAR = 2018  # levels start here
LAST_YEAR = 2044  # the market's calendar ends in 2045

Step = Callable[[float, float], float]
"""The next level, from the last one and what the market said."""


class Source(NamedTuple):
    """The market's indicator behind a series, the level it starts from, and how it goes on."""

    code: str
    start: float
    step: Step


def _itself(level: float, said: float) -> float:
    return said


def _in_units(level: float, said: float) -> float:
    return said * 1000


def _added(level: float, said: float) -> float:
    return level + said


def _grown(level: float, said: float) -> float:
    return level * (1 + said / 100)


def _grown_for_a_quarter(level: float, said: float) -> float:
    return level * math.pow(1 + said / 100, 0.25)  # growth rates of GDP are annual ones


SERIES: Mapping[str, Source] = {
    "PAYEMS": Source("US_NONFARM_PAYROLLS", 148_000, _added),
    "UNRATE": Source("US_UNEMPLOYMENT_RATE", 0, _itself),
    "ICSA": Source("US_INITIAL_JOBLESS_CLAIMS", 0, _in_units),
    "CPIAUCSL": Source("US_CPI_MOM", 248.7, _grown),
    "PPIFIS": Source("US_PPI_MOM", 115.2, _grown),
    "GDP": Source("US_GDP_QOQ", 20_000, _grown_for_a_quarter),
    "A191RL1Q225SBEA": Source("US_GDP_QOQ", 0, _itself),
    "RSAFS": Source("US_RETAIL_SALES_MOM", 490_000, _grown),
    "INDPRO": Source("US_INDUSTRIAL_OUTPUT_MOM", 101.6, _grown),
    "DGORDER": Source("US_DURABLE_GOODS_MOM", 245_000, _grown),
    "HOUST": Source("US_HOUSING_STARTS", 0, _itself),
    "UMCSENT": Source("US_MICHIGAN_SENTIMENT", 0, _itself),
    "DFF": Source("US_FED_FUNDS_RATE", 0, _itself),  # an observation for a decision, not for every day
}
EMPTY = frozenset({"JTSJOL", "CPILFESL", "PCEPI"})
"""Series that FRED has and the market has nothing for."""


def observations(call: Call) -> Reply:
    series_id = call.params.get("series_id", "")
    if series_id not in SERIES and series_id not in EMPTY:
        return error("Bad Request.  The series does not exist.")
    try:
        known_since = asked_day(call, "realtime_start", today(call))
        known_until = asked_day(call, "realtime_end", today(call))
        start = asked_day(call, "observation_start", date(1776, 7, 4))
        end = asked_day(call, "observation_end", date(9999, 12, 31))
    except ValueError as wrong:
        return error(f"Bad Request.  {wrong}")
    found = [
        {
            "realtime_start": max(released, known_since).isoformat(),
            "realtime_end": known_until.isoformat(),
            "date": observed.isoformat(),
            "value": f"{level:.10g}",
        }
        for released, observed, level in _levels(call, series_id)
        if released <= known_until and start <= observed <= end
    ]
    return Reply(
        {
            "realtime_start": known_since.isoformat(),
            "realtime_end": known_until.isoformat(),
            "observation_start": start.isoformat(),
            "observation_end": end.isoformat(),
            "units": "lin",
            "output_type": 1,
            "file_type": "json",
            "order_by": "observation_date",
            "sort_order": "asc",
            "count": len(found),
            "offset": 0,
            "limit": 100_000,
            "observations": found,
        }
    )


def _levels(call: Call, series_id: str) -> Iterator[tuple[date, date, float]]:
    """Day of release, day that an observation is about, and its value, for all that is released by now."""
    if series_id in EMPTY:
        return
    source = SERIES[series_id]
    level = source.start
    for year in range(FIRST_YEAR, min(call.now.year, LAST_YEAR) + 1):
        for event in _told_in(call.market, year):
            if event.code == source.code and event.released_at <= call.now and event.actual is not None:
                level = round(source.step(level, event.actual), 3)
                yield event.released_at.astimezone(CENTRAL).date(), _observed(event.period), level


@lru_cache(maxsize=32)
def _told_in(market: SyntheticMarket, year: int) -> tuple[EconomicEvent, ...]:
    """All events of a year as the market will have told them: drawn once, as every level needs all before it."""
    next_year = datetime(year + 1, 1, 1, tzinfo=UTC)
    return tuple(market.economic_events(date(year, 1, 1), date(year, 12, 31), as_of=next_year))


def _observed(period: str) -> date:
    """The first day of a month or quarter, else the day: 2026-10 is 2026-10-01, 2026-Q3 is 2026-07-01."""
    if "Q" in period:
        return date(int(period[:4]), 3 * int(period[-1]) - 2, 1)
    return date.fromisoformat(period if len(period) > len("2026-10") else f"{period}-01")
