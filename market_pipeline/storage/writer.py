"""Records into their table; what was refused, into quarantine.

Here belongs writing rows of datasets, nothing about where they come from.  How rows get into a table is `upsert`.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from hashlib import sha256
from operator import itemgetter
from typing import Any

import orjson

from market_pipeline.datasets import Dataset, Record, Rejected
from market_pipeline.storage.database import Connection
from market_pipeline.storage.upsert import Written, column_types, upsert


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where rows come from: every market row carries it."""

    provider: str
    fetched_at: datetime
    run_id: str


_PROVENANCE = tuple(field.name for field in fields(Provenance))


class Writer:
    """Writes through one connection, which it takes over; each call is one transaction.  Not for several threads.

    A dataset's columns are read from the database once, so that the table's types decide what is sent.
    """

    def __init__(self, connection: Connection) -> None:
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
        rows = _rows(columns, records, provenance, homes)
        return upsert(self._connection, dataset.name, dataset.key, columns, rows, asdict(provenance))

    def quarantine(self, dataset: Dataset, rejected: Sequence[Rejected], provenance: Provenance) -> None:
        """Keep refused rows with their reason; the same row refused again counts up."""
        if not rejected:
            return
        with self._connection.transaction(), self._connection.cursor() as cursor:
            cursor.executemany(_QUARANTINE, [_refused(dataset, one, provenance) for one in rejected])

    def _columns_of(self, dataset: Dataset) -> dict[str, str]:
        """Name and type of the columns to send: the record's own, the provenance, and the series' vendor if pinned."""
        if dataset.name not in self._columns:
            types = column_types(self._connection, dataset.name)
            names = [name for name in types if name in dataset.record.model_fields]
            names += [*_PROVENANCE, *(["series_provider"] if dataset.pinned else [])]
            self._columns[dataset.name] = {name: types[name] for name in names}
        return self._columns[dataset.name]


_QUARANTINE = """
    INSERT INTO rejected_records
        (provider, data_type, payload_hash, reason, payload, run_id, first_seen_at, last_seen_at)
    VALUES (%(provider)s, %(data_type)s, %(hash)s, %(reason)s, %(payload)s, %(run_id)s, %(at)s, %(at)s)
    ON CONFLICT (data_type, provider, payload_hash) DO UPDATE
    SET last_seen_at = excluded.last_seen_at, run_id = excluded.run_id, reason = excluded.reason,
        times_seen = rejected_records.times_seen + 1
"""


def _rows(
    columns: Mapping[str, str], records: Iterable[Record], provenance: Provenance, homes: Mapping[str, str] | None
) -> Iterator[list[Any]]:
    """What each record has by itself: the values of its columns, and its series' vendor."""
    values = itemgetter(*list(columns)[: list(columns).index(_PROVENANCE[0])])
    for record in records:
        row = [*values(vars(record))]
        if homes is not None:
            row.append(homes.get(record.symbol, provenance.provider))
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
