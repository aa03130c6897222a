"""`/api/v1/symbols`: the universe, which is fetched."""

from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Query, UploadFile
from pydantic import BaseModel, Field

from market_pipeline.monitor.access import controller
from market_pipeline.monitor.services import Reading, Served
from market_pipeline.monitor.universe import add_symbols, import_symbols, remove_symbol
from market_pipeline.storage.universe import TrackedSymbol, tracked_symbols

router = APIRouter(prefix="/api/v1/symbols", tags=["symbols"])


class Symbols(BaseModel):
    total: int
    symbols: list[TrackedSymbol]


class Given(BaseModel):
    symbols: list[str] = Field(min_length=1, max_length=5000, examples=[["NVDA", "BRK.B"]])


class Changed(BaseModel):
    changed: list[str]


@router.get("")
def symbols(
    connection: Reading,
    include_inactive: bool = False,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    offset: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
) -> Symbols:
    """Tracked symbols by name."""
    found = tracked_symbols(connection, include_inactive=include_inactive)
    return Symbols(total=len(found), symbols=found[offset : offset + limit])


@router.post("", dependencies=[Depends(controller)])
def add(services: Served, given: Given) -> Changed:
    """Track symbols (again); what is known of them stays.  A sensor fetches what is new."""
    return Changed(changed=add_symbols(services, given.symbols))


@router.post("/import", dependencies=[Depends(controller)])
def import_csv(services: Served, file: UploadFile) -> Changed:
    """Track the symbols of a CSV with a column `symbol`; where one line is wrong none is taken."""
    return Changed(changed=import_symbols(services, file))


@router.delete("/{symbol}", dependencies=[Depends(controller)])
def remove(services: Served, symbol: str) -> Changed:
    """Stop fetching a symbol.  Its data stays."""
    gone = remove_symbol(services, symbol)
    if gone is None:
        raise HTTPException(404, f"{symbol.upper()} is not tracked")
    return Changed(changed=[gone])
