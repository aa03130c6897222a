"""Rows as a fetch would leave them: checked by the dataset and stored by the writer."""

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from market_pipeline.datasets import DATASETS
from market_pipeline.storage.database import Database
from market_pipeline.storage.writer import Provenance, Writer

FETCHED = datetime(2026, 11, 20, 22, tzinfo=UTC)


def bar(symbol: str, session: date, close: float = 100, **fields: Any) -> dict[str, Any]:
    """A daily bar that is as good as bars are."""
    midnight = datetime.combine(session, time(), ZoneInfo("America/New_York"))
    row = {"symbol": symbol, "timeframe": "1d", "bar_start": midnight, "session": session, "adjustment": "split"}
    return row | {"open": close, "high": close, "low": close, "close": close, "volume": 1000} | fields


def quote(symbol: str, at: datetime, session: date, price: float = 100) -> dict[str, Any]:
    return {"symbol": symbol, "as_of": at, "session": session, "price": price}


def keep(
    database: Database,
    data_type: str,
    rows: Iterable[Mapping[str, Any]],
    *,
    provider: str = "yahoo",
    fetched_at: datetime = FETCHED,
    homes: Mapping[str, str] | None = None,
) -> None:
    """Store good rows, and put the others into quarantine.  `homes` are the vendors of pinned series."""
    dataset, provenance = DATASETS[data_type], Provenance(provider, fetched_at, "run")
    checked = dataset.check(rows)
    with database.connect() as connection:
        writer = Writer(connection)
        writer.write(dataset, checked.records, provenance, (homes or {}) if dataset.pinned else None)
        writer.quarantine(dataset, checked.rejected, provenance)
