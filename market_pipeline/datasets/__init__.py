"""What we keep: the data types that are fetched, in the order in which a refresh runs them, and those computed from them.

Adding a data type is one file here and one line below; nothing in this package knows vendors, HTTP, SQL or Dagster.
"""

from market_pipeline.datasets.annual_returns import ANNUAL_RETURNS
from market_pipeline.datasets.base import (
    MARKET_WIDE,
    Ages,
    Cadence,
    Checked,
    Dataset,
    DataType,
    Derived,
    Freshness,
    PartitionedBy,
    Record,
    Rejected,
    Strategy,
)
from market_pipeline.datasets.company_info import COMPANY_INFO
from market_pipeline.datasets.dividends import DIVIDENDS
from market_pipeline.datasets.earnings import EARNINGS
from market_pipeline.datasets.economic_events import ECONOMIC_EVENTS
from market_pipeline.datasets.fields import SYMBOL_PATTERN, bounds_of, column_type
from market_pipeline.datasets.fundamentals import FUNDAMENTALS
from market_pipeline.datasets.historical_prices import HISTORICAL_PRICES
from market_pipeline.datasets.index_constituents import INDEX_CONSTITUENTS
from market_pipeline.datasets.news import NEWS
from market_pipeline.datasets.options_chain import OPTIONS_CHAIN
from market_pipeline.datasets.price_features import PRICE_FEATURES
from market_pipeline.datasets.stock_quotes import STOCK_QUOTES

DATASETS: dict[str, Dataset] = {
    dataset.name: dataset
    for dataset in (
        STOCK_QUOTES,
        COMPANY_INFO,
        HISTORICAL_PRICES,
        OPTIONS_CHAIN,
        EARNINGS,
        DIVIDENDS,
        FUNDAMENTALS,
        NEWS,
        ECONOMIC_EVENTS,
        INDEX_CONSTITUENTS,
    )
}

DERIVED: dict[str, Derived] = {derived.name: derived for derived in (PRICE_FEATURES, ANNUAL_RETURNS)}

DATA_TYPES: tuple[DataType, ...] = (*DATASETS.values(), *DERIVED.values())
"""All that has to be fresh, in one list: see the table `data_types`."""

__all__ = [
    "DATASETS",
    "DATA_TYPES",
    "DERIVED",
    "MARKET_WIDE",
    "SYMBOL_PATTERN",
    "Ages",
    "Cadence",
    "Checked",
    "DataType",
    "Dataset",
    "Derived",
    "Freshness",
    "PartitionedBy",
    "Record",
    "Rejected",
    "Strategy",
    "bounds_of",
    "column_type",
]
