"""Economic events: releases of figures that move markets, past and scheduled."""

from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import StringConstraints, model_validator

from market_pipeline.datasets.base import MARKET_WIDE, Cadence, Dataset, Freshness, PartitionedBy, Record
from market_pipeline.datasets.fields import Day, Moment, Number, Text, described, required


class EconomicEvent(Record):
    """One release of one figure for one country.  `symbol` is always `*`: it is about the whole market."""

    symbol: Literal["*"] = described("always *: the whole market", default=MARKET_WIDE)
    event_date: Day = required("day of the release", "date in the country's capital or UTC, as the vendor has it")
    country: Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")] = required("ISO 3166 code; EU for the euro area")
    event: Text = required("name of the release as the vendor spells it")
    event_at: Moment | None = described("time of the release; None where only the day is known", "UTC")
    period: Text | None = described("what the figure is about: Oct, Q3, 2026-10-01")
    actual: Number | None = described("released figure; None before the release", "unit")
    estimate: Number | None = described("consensus forecast", "unit")
    previous: Number | None = described("figure of the period before", "unit")
    unit: Text | None = described("unit of the figures: %, K, USD, index")
    importance: Literal["low", "medium", "high"] | None = described("how much markets usually care")

    @model_validator(mode="before")
    @classmethod
    def _derive_the_day(cls, row: Any) -> Any:
        if row.get("event_date") is None and row.get("event_at") is not None:
            return {**row, "event_date": row["event_at"].date()}
        return row


ECONOMIC_EVENTS = Dataset(
    name="economic_events",
    title="Economic events",
    family="events",
    record=EconomicEvent,
    key=("event_date", "country", "event"),
    partitioned_by=PartitionedBy.DAY,
    dated_by="event_date",
    cadence=Cadence(cron="0 */12 * * *"),
    freshness=Freshness(warn=timedelta(hours=14), fail=timedelta(hours=36)),
    cache_ttl=timedelta(hours=1),
    stale_if_error=timedelta(days=1),
    per_symbol=False,
    days_behind=1,  # what was released yesterday
    days_ahead=14,
)
