"""Earnings: one row per company and quarter, reported or still expected.

Vendors name a quarter in three ways (the fiscal label, the last day of the period, the day of the report), and few give
all three.  The key is therefore the calendar quarter in which the middle of the reported period lies, which follows
from whichever of the two dates is known.
"""

from datetime import date, timedelta
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints, model_validator

from market_pipeline.datasets.base import Cadence, Dataset, Freshness, PartitionedBy, Record
from market_pipeline.datasets.fields import Currency, Day, Number, described, required

HALF_A_QUARTER = timedelta(days=45)
USUAL_REPORTING_LAG = timedelta(days=30)  # US companies report 15 to 60 days after the period ends


def calendar_quarter(period_end: date | None, report_date: date | None) -> str | None:
    """The calendar quarter of the middle of a reported period, such as `2026Q3`; None when neither date is known."""
    if period_end is not None:
        middle = period_end - HALF_A_QUARTER
    elif report_date is not None:
        middle = report_date - USUAL_REPORTING_LAG - HALF_A_QUARTER
    else:
        return None
    return f"{middle.year}Q{(middle.month + 2) // 3}"


class Earnings(Record):
    """What a company earned in a quarter, what analysts expected, and when it was or will be reported."""

    calendar_quarter: Annotated[str, StringConstraints(pattern=r"^\d{4}Q[1-4]$")] = required(
        "calendar quarter of the middle of the period: 2026Q3"
    )
    period_end: Day | None = described("last day of the fiscal quarter", "date")
    fiscal_year: Annotated[int, Field(ge=1900, le=2100)] | None = described("fiscal year as the company counts it")
    fiscal_quarter: Annotated[int, Field(ge=1, le=4)] | None = described("fiscal quarter, 1 to 4")
    report_date: Day | None = described("day of the report, past or expected", "exchange-local date")
    report_time: Literal["bmo", "amc", "dmh"] | None = described(
        "before market open, after market close, during market hours"
    )
    eps_estimate: Number | None = described("analysts' consensus of earnings per share", "currency per share")
    eps_actual: Number | None = described("reported earnings per share; None before the report", "currency per share")
    surprise_percent: Number | None = described("(actual - estimate) / |estimate|", "percent")
    revenue_estimate: Number | None = described("analysts' consensus of revenue", "currency")
    revenue_actual: Number | None = described("reported revenue", "currency")
    currency: Currency | None = described("currency of the row", "ISO 4217")

    @model_validator(mode="before")
    @classmethod
    def _derive_the_quarter(cls, row: Any) -> Any:
        if row.get("calendar_quarter") is None:
            return {**row, "calendar_quarter": calendar_quarter(row.get("period_end"), row.get("report_date"))}
        return row


EARNINGS = Dataset(
    name="earnings",
    title="Earnings",
    family="companies",
    record=Earnings,
    key=("symbol", "calendar_quarter"),
    same_fact=("symbol", "report_date"),  # nobody reports two quarters on one day
    partitioned_by=PartitionedBy.SYMBOL,
    days_around=3,
    cadence=Cadence(cron="15 */6 * * *"),
    freshness=Freshness(warn=timedelta(hours=12), fail=timedelta(hours=48)),
    cache_ttl=timedelta(hours=1),
    stale_if_error=timedelta(days=7),
)
