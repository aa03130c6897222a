"""Index constituents: which shares an index is made of, by sector."""

from datetime import timedelta
from typing import Any

from pydantic import model_validator

from market_pipeline.datasets.base import Cadence, Dataset, Freshness, PartitionedBy, Record
from market_pipeline.datasets.fields import Day, Symbol, Text, described, required

INDICES = {"^GSPC": "S&P 500", "^NDX": "Nasdaq 100", "^DJI": "Dow Jones"}
"""The indices that are kept: their symbols, with the names that `tracked_symbols.indices` has for them."""


class IndexConstituent(Record):
    """A member of an index.  One that a later list leaves out stays, with the time at which it did."""

    index_name: Text = required("name of the index: S&P 500, Nasdaq 100 or Dow Jones; follows from its symbol")
    member: Symbol = required("canonical ticker of the share that is in the index")
    name: Text | None = described("name of the company")
    sector: Text | None = described("sector, one of eleven: Technology, Healthcare, Financial Services, …")
    industry: Text | None = described("industry as the vendor spells it")
    added_on: Day | None = described("first day in the index, where the vendor says so", "date")

    @model_validator(mode="before")
    @classmethod
    def _named(cls, row: Any) -> Any:
        return {**row, "index_name": INDICES.get(row.get("symbol"))}


INDEX_CONSTITUENTS = Dataset(
    name="index_constituents",
    title="Index constituents",
    family="universe",
    record=IndexConstituent,
    key=("symbol", "member"),
    partitioned_by=PartitionedBy.INDEX,
    per_symbol=False,
    subjects=tuple(INDICES),
    cadence=Cadence(cron="0 8 * * *"),
    freshness=Freshness(warn=timedelta(hours=26), fail=timedelta(hours=72)),
    cache_ttl=timedelta(hours=12),
    empty_is_answer=False,
    complete=True,
)
