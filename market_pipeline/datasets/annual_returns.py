"""Annual returns: what a share gained in a calendar year.  The formulas are in `market_pipeline.computing.returns`."""

from datetime import timedelta
from typing import Annotated

from pydantic import BaseModel, Field

from market_pipeline.datasets.base import Derived, Freshness, PartitionedBy
from market_pipeline.datasets.dividends import DIVIDENDS
from market_pipeline.datasets.fields import Day, Distance, Moment, Positive, Return, Symbol, described, required
from market_pipeline.datasets.historical_prices import HISTORICAL_PRICES


class AnnualReturn(BaseModel):
    """Price return and total return of a share in one calendar year, from daily closes adjusted for splits."""

    symbol: Symbol = required("canonical ticker: BRK.B, ^GSPC")
    year: Annotated[int, Field(ge=1900, le=2100)] = required("calendar year")
    first_session: Day = required("first trading day of the year that has a bar", "exchange-local date")
    last_session: Day = required("last trading day of the year that has a bar", "exchange-local date")
    sessions: int = required("bars of the year")
    base_session: Day = required(
        "trading day whose close the return starts from: the last one of the year before, else first_session",
        "exchange-local date",
    )
    base_close: Positive = required(
        "close of base_session, per share after all splits that are known", "currency per share"
    )
    last_close: Positive = required("close of last_session, likewise", "currency per share")
    is_partial: bool = required("whether bars are missing at an end of the year, or it is not over")
    price_return: Return | None = described("last_close over base_close, less 1", "fraction")
    dividends: Distance | None = described(
        "dividends since base_session; null where they were never fetched", "currency per share"
    )
    total_return: Return | None = described(
        "return with dividends put into the share again; null without them", "fraction"
    )
    computed_at: Moment = required("when it was computed", "UTC")
    run_id: str = required("Dagster run that computed it")


ANNUAL_RETURNS = Derived(
    name="annual_returns",
    title="Annual returns",
    family="features",
    record=AnnualReturn,
    key=("symbol", "year"),
    partitioned_by=PartitionedBy.SYMBOL,
    computed_from=(HISTORICAL_PRICES.name, DIVIDENDS.name),
    reaches="last_session",
    freshness=Freshness(warn=timedelta(hours=26), fail=timedelta(hours=72)),
    empty_is_answer=False,
)
