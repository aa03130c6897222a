"""`/api/v1/symbols`: the universe, which is fetched."""

import csv
from io import StringIO
from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Query, UploadFile
from pydantic import BaseModel, Field

from market_pipeline.monitor.access import controller
from market_pipeline.monitor.services import Reading, Served
from market_pipeline.storage.universe import (
    InvalidSymbol,
    TrackedSymbol,
    checked_symbol,
    parse_csv,
    track,
    tracked_symbols,
    untrack,
)

LARGEST_CSV = 5_000_000  # bytes: some 50,000 symbols
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
    names = _checked(given.symbols)
    with services.database.connect(name="monitor symbols") as connection:
        known = {one.symbol: one for one in tracked_symbols(connection, include_inactive=True)}
        track(connection, [known.get(name, TrackedSymbol(name)) for name in names])
    return Changed(changed=names)


@router.post("/import", dependencies=[Depends(controller)])
def import_csv(services: Served, file: UploadFile) -> Changed:
    """Track the symbols of a CSV with a column `symbol`; where one line is wrong none is taken."""
    if (file.size or 0) > LARGEST_CSV:
        raise HTTPException(413, f"the file has more than {LARGEST_CSV:,} bytes")
    try:
        found = parse_csv(StringIO(file.file.read().decode("utf-8-sig"), newline=""), "the file")
    except (InvalidSymbol, UnicodeDecodeError, csv.Error) as error:
        raise HTTPException(400, f"nothing was imported: {error}") from None
    with services.database.connect(name="monitor symbols") as connection:
        track(connection, found)
    return Changed(changed=[one.symbol for one in found])


@router.delete("/{symbol}", dependencies=[Depends(controller)])
def remove(services: Served, symbol: str) -> Changed:
    """Stop fetching a symbol.  Its data stays."""
    (name,) = _checked([symbol])
    with services.database.connect(name="monitor symbols") as connection:
        gone = untrack(connection, [name])
    if not gone:
        raise HTTPException(404, f"{name} is not tracked")
    return Changed(changed=list(gone))


def _checked(symbols: list[str]) -> list[str]:
    try:
        return [checked_symbol(symbol) for symbol in symbols]
    except InvalidSymbol as error:
        raise HTTPException(400, str(error)) from None
