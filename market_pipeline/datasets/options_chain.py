"""Options chain: every contract on an underlying, the last snapshot of each session."""

from datetime import timedelta
from typing import Annotated, Literal

from pydantic import StringConstraints

from market_pipeline.datasets.base import Ages, Cadence, Dataset, Freshness, PartitionedBy, QuotedRecord
from market_pipeline.datasets.fields import (
    Count,
    Currency,
    Day,
    Moment,
    NonNegative,
    Number,
    Price,
    described,
    required,
)

ContractSymbol = Annotated[str, StringConstraints(pattern=r"^[A-Z0-9.]{1,6}\d{6}[CP]\d{8}$")]


class OptionContract(QuotedRecord):
    """One listed option as it stood when the chain was read.  `symbol` is the underlying."""

    contract_symbol: ContractSymbol = required("OCC symbol without padding: AAPL261218C00200000")
    session: Day = required("trading day of the snapshot", "exchange-local date")
    expiration: Day = required("last day of the contract", "exchange-local date")
    option_type: Literal["call", "put"] = required("call or put")
    strike: Price = required("exercise price", "currency per share")
    last_price: NonNegative | None = described("last trade", "currency per share")
    last_trade_at: Moment | None = described("time of the last trade", "UTC")
    volume: Count | None = described("contracts traded in the session", "contracts")
    open_interest: Count | None = described("contracts outstanding", "contracts")
    implied_volatility: NonNegative | None = described("annualised; 0.25 is 25 per cent", "fraction")
    delta: Number | None = described("change of the option's price per unit of the underlying's")
    gamma: Number | None = described("change of delta per unit of the underlying's price")
    theta: Number | None = described("change of the option's price per calendar day", "currency per day")
    vega: Number | None = described("change of the option's price per percentage point of volatility", "currency")
    rho: Number | None = described("change of the option's price per percentage point of interest rate", "currency")
    in_the_money: bool | None = described("whether exercising at the underlying's price would pay")
    underlying_price: Price | None = described("the underlying at the time of the snapshot", "currency per share")
    currency: Currency | None = described("currency of every price in the row", "ISO 4217")


OPTIONS_CHAIN = Dataset(
    name="options_chain",
    title="Options chain",
    family="prices",
    record=OptionContract,
    key=("session", "contract_symbol"),
    partitioned_by=PartitionedBy.SESSION,
    dated_by="session",
    live=True,
    refreshed_when_stale=False,
    cadence=Cadence(cron="*/5 * * * *", market_hours_only=True),
    freshness=Freshness(warn=timedelta(minutes=15), fail=timedelta(hours=1), ages=Ages.WHILE_OPEN),
    cache_ttl=timedelta(minutes=4),
)
