"""`/api/v1`: what is fresh, what has failed and how good it is, by data type and symbol."""

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, HTTPException, Query
from pydantic import BaseModel, Field

from market_pipeline.monitor.access import controller
from market_pipeline.monitor.services import Reading, Served
from market_pipeline.tracking.failed_symbols import FailedSymbol, force_retry, read_failed_symbols
from market_pipeline.tracking.quality import Quality, QualitySummary, quality_summary, read_quality
from market_pipeline.tracking.staleness import (
    FreshnessEntry,
    StalenessReport,
    StalenessSummary,
    freshness_summary,
    staleness_report,
    symbol_freshness,
)

router = APIRouter(prefix="/api/v1", tags=["data"])
DataType = Annotated[str | None, Query(max_length=100, description="one data type; all of them without")]
Symbol = Annotated[str | None, Query(max_length=20)]
Limit = Annotated[int, Query(ge=1, le=1000)]
Offset = Annotated[int, Query(ge=0, le=1_000_000)]


class FreshnessByType(BaseModel):
    timestamp: datetime
    data_types: dict[str, StalenessSummary]


class FailedSymbols(BaseModel):
    timestamp: datetime
    failed_symbols: list[FailedSymbol]


class Retried(BaseModel):
    due: int = Field(description="symbols that are due now")


class DataQuality(BaseModel):
    timestamp: datetime
    summary: QualitySummary
    symbols: list[Quality]


@router.get("/freshness")
def freshness(services: Served, connection: Reading) -> FreshnessByType:
    """How much of each data type is fresh, aging, stale and missing now."""
    return FreshnessByType(timestamp=services.clock(), data_types=freshness_summary(connection))


@router.get("/freshness/{data_type}")
def freshness_of(connection: Reading, data_type: str, limit: Limit = 100) -> StalenessReport:
    """One data type, symbol by symbol: at most `limit` of each status."""
    if data_type not in freshness_summary(connection):
        raise HTTPException(404, f"there is no data type {data_type[:100]!r} that is monitored")
    return staleness_report(connection, data_type=data_type, limit=limit)


@router.get("/symbols/{symbol}/freshness", tags=["symbols"])
def freshness_of_symbol(connection: Reading, symbol: str) -> list[FreshnessEntry]:
    """How fresh all data of a symbol is."""
    found = symbol_freshness(connection, symbol.upper())
    if not found:
        raise HTTPException(404, f"{symbol[:40]!r} is not tracked")
    return found


@router.get("/failed-symbols")
def failed_symbols(
    services: Served,
    connection: Reading,
    data_type: DataType = None,
    state: Literal["waiting", "exhausted", "unknown", "expired"] | None = None,
    symbol: Symbol = None,
    limit: Limit = 100,
    offset: Offset = 0,
) -> FailedSymbols:
    """What no vendor answered for, with each vendor's words and the time of the next try; the latest failure first."""
    found = read_failed_symbols(connection, limit, offset=offset, data_type=data_type, state=state, symbol=symbol)
    return FailedSymbols(timestamp=services.clock(), failed_symbols=found)


@router.post("/failed-symbols/retry", dependencies=[Depends(controller)])
def retry(
    services: Served, data_type: DataType = None, symbols: Annotated[list[str] | None, Query()] = None
) -> Retried:
    """Retry failed symbols at once, also those that were given up; a sensor starts the runs within a minute."""
    with services.database.connect(autocommit=True, name="monitor retry") as connection:
        return Retried(due=force_retry(connection, data_type, symbols, now=services.clock()))


@router.get("/quality")
def quality(
    services: Served,
    connection: Reading,
    data_type: DataType = None,
    symbol: Symbol = None,
    limit: Limit = 100,
    offset: Offset = 0,
) -> DataQuality:
    """How good the rows of symbols are, the worst first."""
    found = read_quality(connection, data_type=data_type, symbols=None if symbol is None else [symbol])
    return DataQuality(
        timestamp=services.clock(), summary=quality_summary(connection), symbols=found[offset : offset + limit]
    )
