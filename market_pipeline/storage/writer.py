"""Records into their table by COPY and one INSERT … ON CONFLICT; what was refused, into quarantine.

Here belongs writing rows of datasets, nothing about where they come from.  `make bench` has it beside plain COPY; where
that path reached 172,000 bars a second, psycopg2's execute_values reached 23,000 and pandas' to_sql 2,100.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from operator import itemgetter
from typing import Any

import orjson
import psycopg
from psycopg import sql
from psycopg.rows import TupleRow

from market_pipeline.datasets import Dataset, Record, Rejected

_PROVENANCE = ("provider", "fetched_at", "run_id")
_UNCOMPARED = frozenset({"fetched_at", "run_id"})  # they differ each time: comparing them would rewrite every row
_TRAVELS_AS = {
    "numeric": "text"
}  # psycopg needs 1.0 µs for a Decimal in binary, 0.15 for its text; the server 0.2 to read it


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where rows come from: every market row carries it."""

    provider: str
    fetched_at: datetime
    run_id: str


@dataclass(frozen=True, slots=True)
class Written:
    """What a write did, in rows.  An unchanged row keeps the fetched_at of the fetch that brought it."""

    inserted: int = 0
    updated: int = 0
    unchanged: int = 0

    def __add__(self, other: "Written") -> "Written":
        return Written(self.inserted + other.inserted, self.updated + other.updated, self.unchanged + other.unchanged)

    @property
    def rows(self) -> int:
        """Rows that now stand in the table because of the write."""
        return self.inserted + self.updated + self.unchanged


class Writer:
    """Writes through one connection, which it takes over; each call is one transaction.  Not for several threads.

    A dataset's columns are read from the database once, so that the table's types decide what is sent.
    """

    def __init__(self, connection: psycopg.Connection[TupleRow]) -> None:
        # Otherwise a statement before it would open a transaction that the ones below are only parts of: nothing would be
        # committed as it arrives, and the staging tables would not be emptied.
        connection.autocommit = True
        self._connection = connection
        self._columns: dict[str, dict[str, str]] = {}

    def write(
        self,
        dataset: Dataset,
        records: Sequence[Record],
        provenance: Provenance,
        homes: Mapping[str, str] | None = None,
    ) -> dict[str, Written]:
        """Insert or update by the dataset's key; writing the same again changes nothing.  What it did, by symbol.

        `homes` is the vendor that a symbol's series belongs to, for datasets that are pinned to one.
        """
        if not records:
            return {}
        columns = self._columns_of(dataset)
        latest = _latest(dataset, records)
        with self._connection.transaction(), self._connection.cursor() as cursor:
            cursor.execute(_staging(dataset, columns))
            with cursor.copy(_copy(dataset, columns)) as copy:
                copy.set_types([_TRAVELS_AS.get(kind, kind) for kind in columns.values()])
                for row in _rows(columns, latest, provenance, homes):
                    copy.write_row(row)
            changed = {symbol: counts for symbol, *counts in cursor.execute(_upsert(dataset, columns)).fetchall()}
        return _by_symbol(Counter(record.symbol for record in latest), changed)

    def quarantine(self, dataset: Dataset, rejected: Sequence[Rejected], provenance: Provenance) -> None:
        """Keep refused rows with their reason; the same row refused again counts up."""
        if not rejected:
            return
        with self._connection.transaction(), self._connection.cursor() as cursor:
            cursor.executemany(_QUARANTINE, [_refused(dataset, one, provenance) for one in rejected])

    def _columns_of(self, dataset: Dataset) -> dict[str, str]:
        """Name and type of the columns to send: the record's own, the provenance, and the series' vendor if pinned."""
        if dataset.name not in self._columns:
            types: dict[str, str] = dict(self._connection.execute(_TYPES, [dataset.name]).fetchall())
            names = [name for name in types if name in dataset.record.model_fields]
            names += [*_PROVENANCE, *(["series_provider"] if dataset.pinned else [])]
            self._columns[dataset.name] = {name: types[name] for name in names}
        return self._columns[dataset.name]


def total(written: Mapping[str, Written]) -> Written:
    """What a write did for all symbols together."""
    return sum(written.values(), Written())


def _by_symbol(sent: Mapping[str, int], changed: Mapping[str, Sequence[int]]) -> dict[str, Written]:
    """What became of the rows sent, from those the database inserted and updated."""
    found = {}
    for symbol, rows in sent.items():
        inserted, updated = changed.get(symbol, (0, 0))
        found[symbol] = Written(inserted, updated, rows - inserted - updated)
    return found


_TYPES = """
    SELECT attname, atttypid::regtype::text FROM pg_attribute
    WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = '' ORDER BY attnum
"""

_QUARANTINE = """
    INSERT INTO rejected_records
        (provider, data_type, payload_hash, reason, payload, run_id, first_seen_at, last_seen_at)
    VALUES (%(provider)s, %(data_type)s, %(hash)s, %(reason)s, %(payload)s, %(run_id)s, %(at)s, %(at)s)
    ON CONFLICT (data_type, provider, payload_hash) DO UPDATE
    SET last_seen_at = excluded.last_seen_at, run_id = excluded.run_id, reason = excluded.reason,
        times_seen = rejected_records.times_seen + 1
"""


def _staging(dataset: Dataset, columns: Mapping[str, str]) -> sql.Composed:
    """A temporary table kept for the connection and emptied at each commit: creating it costs 3 ms, keeping it none."""
    return sql.SQL("CREATE TEMPORARY TABLE IF NOT EXISTS {} ({}) ON COMMIT DELETE ROWS").format(
        _staged(dataset),
        sql.SQL(", ").join(
            sql.SQL("{} {}").format(sql.Identifier(name), sql.SQL(_TRAVELS_AS.get(kind, kind)))
            for name, kind in columns.items()
        ),
    )


def _staged(dataset: Dataset) -> sql.Identifier:
    return sql.Identifier(f"staged_{dataset.name}")


def _copy(dataset: Dataset, columns: Iterable[str]) -> sql.Composed:
    return sql.SQL("COPY {} ({}) FROM STDIN (FORMAT BINARY)").format(_staged(dataset), _names(columns))


def _upsert(dataset: Dataset, columns: Mapping[str, str]) -> sql.Composed:
    """ON CONFLICT and not MERGE, which raises unique violations when two writers insert one key at once."""
    values = [name for name in columns if name not in dataset.key]
    compared = [name for name in values if name not in _UNCOMPARED]
    return sql.SQL(
        "WITH written AS ("
        " INSERT INTO {table} AS old ({names}) SELECT {arrived} FROM {staged}"
        " ON CONFLICT ({key}) DO UPDATE SET {assignments}"
        " WHERE ({old}) IS DISTINCT FROM ({new}) RETURNING symbol, (xmax = 0) AS inserted)"
        " SELECT symbol, count(*) FILTER (WHERE inserted), count(*) FILTER (WHERE NOT inserted) FROM written GROUP BY symbol"
    ).format(
        table=sql.Identifier("public", dataset.name),
        staged=_staged(dataset),
        names=_names(columns),
        arrived=sql.SQL(", ").join(
            sql.SQL("{}::{}").format(sql.Identifier(name), sql.SQL(kind)) for name, kind in columns.items()
        ),
        key=_names(dataset.key),
        assignments=sql.SQL(", ").join(
            sql.SQL("{} = {}").format(sql.Identifier(name), sql.Identifier("excluded", name)) for name in values
        ),
        old=sql.SQL(", ").join(sql.Identifier("old", name) for name in compared),
        new=sql.SQL(", ").join(sql.Identifier("excluded", name) for name in compared),
    )


def _names(columns: Iterable[str]) -> sql.Composed:
    return sql.SQL(", ").join(map(sql.Identifier, columns))


def _latest(dataset: Dataset, records: Sequence[Record]) -> list[Record]:
    """Once a key (the last one counts), because an upsert cannot touch a row twice.

    Sorted by key, so that two writers of the same rows wait for each other instead of deadlocking.
    """
    key = itemgetter(*dataset.key)
    latest = {key(vars(record)): record for record in records}
    return [record for _, record in sorted(latest.items(), key=itemgetter(0))]


def _rows(
    columns: Mapping[str, str], records: Iterable[Record], provenance: Provenance, homes: Mapping[str, str] | None
) -> Iterator[list[Any]]:
    """The values of each record's columns as they travel."""
    shared = [provenance.provider, provenance.fetched_at, provenance.run_id]
    own = len(columns) - len(shared) - (homes is not None)
    values = itemgetter(*list(columns)[:own])
    texts = [place for place, kind in enumerate(columns.values()) if kind in _TRAVELS_AS]
    arrays = [place for place, kind in enumerate(columns.values()) if kind.endswith("[]")]
    for record in records:
        row = [*values(vars(record)), *shared]
        if homes is not None:
            row.append(homes.get(record.symbol, provenance.provider))
        for place in texts:
            if row[place] is not None:
                row[place] = str(row[place])
        for place in arrays:  # psycopg writes lists as arrays, and tuples as composite values
            row[place] = list(row[place])
        yield row


def _refused(dataset: Dataset, rejected: Rejected, provenance: Provenance) -> dict[str, Any]:
    # NUL cannot be stored in jsonb, and a vendor's broken text may hold one
    payload = orjson.dumps(dict(rejected.row), default=str, option=orjson.OPT_NON_STR_KEYS).replace(b"\\u0000", b"")
    return {
        "provider": provenance.provider,
        "data_type": dataset.name,
        "hash": sha256(payload).hexdigest(),
        "reason": rejected.reason,
        "payload": payload.decode(),
        "run_id": provenance.run_id,
        "at": provenance.fetched_at,
    }
