"""Dividends: cash paid per share, by ex-date."""

from datetime import timedelta
from typing import Annotated, Literal

from pydantic import Field

from market_pipeline.datasets.base import Cadence, Dataset, Freshness, PartitionedBy, Record
from market_pipeline.datasets.fields import Currency, Day, Price, described, required


class Dividend(Record):
    """A cash dividend.  What a company pays on one ex-date is one row; parsers add up parts of it."""

    ex_date: Day = required("first day on which a buyer no longer gets the dividend", "exchange-local date")
    amount: Price = required("cash per share", "currency per share")
    adjustment: Literal["raw", "split"] = required("raw as declared, or divided by later splits")
    kind: Literal["regular", "special"] | None = described("regular or special, where the vendor says so")
    declaration_date: Day | None = described("day of the announcement", "date")
    record_date: Day | None = described("holders of this day are paid", "date")
    pay_date: Day | None = described("day of the payment", "date")
    frequency: Annotated[int, Field(ge=0, le=365)] | None = described("payments per year; 0 for a one-off")
    currency: Currency | None = described("currency of the amount", "ISO 4217")


DIVIDENDS = Dataset(
    name="dividends",
    title="Dividends",
    family="companies",
    record=Dividend,
    key=("symbol", "ex_date"),
    same_fact=("symbol", "pay_date", "amount"),  # vendors may tell one payment with ex-dates a day apart
    partitioned_by=PartitionedBy.SYMBOL,
    days_around=3,
    cadence=Cadence(cron="45 5 * * *"),
    freshness=Freshness(warn=timedelta(hours=26), fail=timedelta(hours=72)),
    cache_ttl=timedelta(hours=24),
    stale_if_error=timedelta(days=7),
)
