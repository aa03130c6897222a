"""The universe: which symbols are tracked, and which vendor each price series belongs to.

Here belongs SQL over `tracked_symbols` and `price_series`.  Registering symbols as Dagster partitions does not.
"""

import csv
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib import resources
from io import StringIO
from pathlib import Path
from typing import Annotated

from psycopg import sql
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb
from typing_extensions import Doc

from market_pipeline.datasets import SYMBOL_PATTERN, Dataset
from market_pipeline.datasets.historical_prices import HISTORICAL_PRICES
from market_pipeline.storage.database import Connection
from market_pipeline.storage.errors import StorageError

COLUMNS = ("symbol", "name", "asset_class", "exchange", "sector", "industry", "indices", "timeframes")


class InvalidSymbol(StorageError):
    """A symbol that cannot be one; the message says which, and what is accepted."""


@dataclass(frozen=True, slots=True)
class TrackedSymbol:
    """One row of `tracked_symbols`; what its columns mean is said here, and repeated in the table's comments."""

    symbol: Annotated[str, Doc("canonical ticker: BRK.B, ^GSPC")]
    name: Annotated[str | None, Doc("name of the company or fund")] = None
    asset_class: Annotated[str, Doc("what kind of security it is: stock, etf, index, …")] = "stock"
    exchange: Annotated[str | None, Doc("where it is listed, as whoever added it spells it")] = None
    sector: Annotated[str | None, Doc("sector, one of eleven: Technology, Healthcare, Financial Services, …")] = None
    industry: Annotated[str | None, Doc("industry within the sector")] = None
    indices: Annotated[tuple[str, ...], Doc("names of the indices that it is in: S&P 500, Nasdaq 100, …")] = ()
    timeframes: Annotated[tuple[str, ...], Doc("bar lengths that are fetched for it: 1d, 1h")] = ("1d",)
    active: Annotated[bool, Doc("whether it is fetched; a symbol that was removed keeps its data")] = True

    def matches(self, *, asset_class: str | None = None, index: str | None = None, sector: str | None = None) -> bool:
        """Whether it is in a part of the universe; None does not narrow it."""
        return (
            asset_class in (None, self.asset_class)
            and sector in (None, self.sector)
            and (index is None or index in self.indices)
        )


def checked_symbol(text: str) -> str:
    """The canonical spelling of a symbol that a person typed: upper case, no space around it.

    Raises InvalidSymbol for anything that is no ticker.
    """
    symbol = text.strip().upper()
    if re.match(SYMBOL_PATTERN, symbol) is None:
        shown = text if len(text) <= 40 else f"{text[:40]}… ({len(text)} characters)"
        raise InvalidSymbol(f"{shown!r} is no symbol: 1 to 20 letters, digits and . - = ^ are accepted, such as BRK.B")
    return symbol


def active_symbols(connection: Connection) -> tuple[str, ...]:
    rows = connection.execute("SELECT symbol FROM tracked_symbols WHERE active ORDER BY symbol").fetchall()
    return tuple(symbol for (symbol,) in rows)


def tracked_symbols(connection: Connection, *, include_inactive: bool = False) -> list[TrackedSymbol]:
    with connection.cursor(row_factory=dict_row) as cursor:
        cursor.execute(
            "SELECT symbol, name, asset_class, exchange, sector, industry, indices, timeframes, active"
            " FROM tracked_symbols WHERE active OR %s ORDER BY symbol",
            [include_inactive],
        )
        return [
            TrackedSymbol(**{**row, "indices": tuple(row["indices"]), "timeframes": tuple(row["timeframes"])})
            for row in cursor
        ]


@dataclass(frozen=True, slots=True, order=True)
class NewSymbol:
    """An active symbol and since when it is tracked as it is; in the order in which symbols were added."""

    tracked_since: datetime
    symbol: str


def new_symbols(connection: Connection, after: NewSymbol | None, limit: int) -> list[NewSymbol]:
    """The first so many active symbols that came after one, or of all."""
    since, symbol = ("-infinity", "") if after is None else (after.tracked_since, after.symbol)
    rows = connection.execute(
        "SELECT tracked_since, symbol FROM tracked_symbols WHERE active AND (tracked_since, symbol) > (%s, %s)"
        " ORDER BY tracked_since, symbol LIMIT %s",
        [since, symbol, limit],
    ).fetchall()
    return [NewSymbol(*row) for row in rows]


def symbols_kept(connection: Connection, dataset: Dataset) -> set[str]:
    """The symbols that a dataset has rows of."""
    query = sql.SQL("SELECT DISTINCT symbol FROM {}").format(sql.Identifier("public", dataset.name))
    return {symbol for (symbol,) in connection.execute(query).fetchall()}


def track(connection: Connection, symbols: Iterable[TrackedSymbol]) -> int:
    """Add symbols, or update and reactivate them; what is not given (None, no indices) keeps its value.  How many.

    Of a symbol that is given twice the last one counts.
    """
    rows = {one.symbol: {name: getattr(one, name) for name in COLUMNS} for one in symbols}
    with connection.transaction(), connection.cursor() as cursor:
        # One at a time, so that `tracked_since` grows in the order of commits and a reader with a cursor misses nobody.
        cursor.execute("LOCK TABLE tracked_symbols IN SHARE ROW EXCLUSIVE MODE")
        # In one statement, because after each one what has to be fresh is worked out.
        cursor.execute(
            """
            INSERT INTO tracked_symbols AS old
                (symbol, name, asset_class, exchange, sector, industry, indices, timeframes)
            SELECT * FROM jsonb_to_recordset(%s) AS given (symbol text, name text, asset_class text, exchange text, sector text,
                industry text, indices text[], timeframes text[])
            ON CONFLICT (symbol) DO UPDATE SET
                name = coalesce(excluded.name, old.name), asset_class = excluded.asset_class,
                exchange = coalesce(excluded.exchange, old.exchange), sector = coalesce(excluded.sector, old.sector),
                industry = coalesce(excluded.industry, old.industry), timeframes = excluded.timeframes,
                indices = CASE WHEN excluded.indices = '{}' THEN old.indices ELSE excluded.indices END,
                tracked_since = CASE WHEN old.active AND excluded.timeframes <@ old.timeframes THEN old.tracked_since
                    ELSE clock_timestamp() END,
                active = true, updated_at = now()
            """,
            [Jsonb(list(rows.values()))],
        )
    return len(rows)


def track_names(connection: Connection, names: Iterable[str]) -> list[str]:
    """Track symbols by name (again); what is known of them stays.  Their canonical names; raises InvalidSymbol."""
    checked = [checked_symbol(name) for name in names]
    known = {one.symbol: one for one in tracked_symbols(connection, include_inactive=True)}
    track(connection, [known.get(name, TrackedSymbol(name)) for name in checked])
    return checked


def untrack(connection: Connection, symbols: Sequence[str]) -> tuple[str, ...]:
    """Stop fetching symbols; their data stays, and nothing of them is retried any more.  Those that were active."""
    with connection.transaction():
        rows = connection.execute(
            "UPDATE tracked_symbols SET active = false, updated_at = now()"
            " WHERE symbol = ANY(%s) AND active RETURNING symbol",
            [list(symbols)],
        ).fetchall()
        connection.execute("DELETE FROM failed_symbols WHERE symbol = ANY(%s)", [list(symbols)])
    return tuple(symbol for (symbol,) in rows)


def read_csv(path: Path) -> list[TrackedSymbol]:
    """Symbols from a CSV with a column `symbol` and any of the others; `indices` and `timeframes` separated by `;`.

    Raises InvalidSymbol that names the line, for a symbol that is none, and for a file that is no such CSV; OSError.
    """
    return parse_csv(path.read_bytes(), str(path))


def parse_csv(content: bytes, name: str) -> list[TrackedSymbol]:
    """As `read_csv`, from what is in the file; `name` is what errors call it."""
    try:
        reader = csv.DictReader(StringIO(content.decode("utf-8-sig"), newline=""))
        if "symbol" not in (reader.fieldnames or ()):
            raise InvalidSymbol(f"{name}: the first line must name the columns, `symbol` among them")
        return [_from_csv(name, reader.line_num, row) for row in reader]
    except (UnicodeDecodeError, csv.Error) as error:
        raise InvalidSymbol(f"{name} cannot be read as CSV in UTF-8: {error}") from None


def default_universe() -> list[TrackedSymbol]:
    """The large caps that a new database starts with."""
    with resources.as_file(resources.files("market_pipeline") / "data" / "universe.csv") as path:
        return read_csv(path)


def _from_csv(path: str, line: int, row: Mapping[str, str | None]) -> TrackedSymbol:
    given = {name: text.strip() for name, text in row.items() if name in COLUMNS and text is not None and text.strip()}
    try:
        symbol = checked_symbol(given.get("symbol", ""))
    except InvalidSymbol as error:
        raise InvalidSymbol(f"{path}, line {line}: {error}") from None
    lists = {
        name: tuple(part.strip() for part in given[name].split(";") if part.strip())
        for name in ("indices", "timeframes")
        if name in given
    }
    wrong = [one for one in lists.get("timeframes", ()) if one not in HISTORICAL_PRICES.timeframes]
    if wrong:
        kept = ", ".join(HISTORICAL_PRICES.timeframes)
        raise InvalidSymbol(f"{path}, line {line}: no such timeframe: {', '.join(wrong)}. Bars are kept for {kept}.")
    plain = {name: text for name, text in given.items() if name not in ("symbol", "indices", "timeframes")}
    return TrackedSymbol(symbol=symbol, **plain, **lists)  # type: ignore[arg-type]


def series_homes(connection: Connection, symbols: Sequence[str], timeframe: str) -> dict[str, str]:
    """The vendor that each symbol's price series belongs to; a symbol without a series is not in it."""
    rows = connection.execute(
        "SELECT symbol, provider FROM price_series WHERE symbol = ANY(%s) AND timeframe = %s",
        [list(symbols), timeframe],
    ).fetchall()
    return dict(rows)


def claim_series(connection: Connection, homes: Mapping[str, str], timeframe: str) -> None:
    """Make vendors the homes of series that have none yet."""
    with connection.transaction(), connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO price_series (symbol, timeframe, provider) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING",
            [(symbol, timeframe, provider) for symbol, provider in sorted(homes.items())],
        )
