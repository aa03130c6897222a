"""What a refresh means for Dagster: which partitions are good, and the figures that are told with them.

Pure.  Telling it is `refresh`.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import dagster as dg

from market_pipeline.assets.choices import SAMPLE
from market_pipeline.assets.targets import Target
from market_pipeline.datasets import Dataset
from market_pipeline.fetching.report import Errors
from market_pipeline.ingestion.delivery import Refreshed
from market_pipeline.partitions import key_of


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a refresh means for Dagster: which keys are good, which are not, and the figures."""

    good: list[str]
    bad: list[str]
    metadata: dict[str, Any]
    rows_by_key: dict[str, int]
    permanent: bool
    """Whether trying again would not help: whoever failed is unknown to every vendor, or vendors have no rows of a day."""


def outcome_of(dataset: Dataset, wanted: Target, done: Sequence[Refreshed]) -> Outcome:
    """Which keys are good: a symbol that is settled or served stale, a day that has rows, or had nobody fail for it.  Pure."""
    failed = {symbol: errors for one in done for symbol, errors in one.unserved.items()}
    rows: Counter[str] = Counter()
    for one in done:
        rows.update({key_of(day): count for day, count in one.rows_by_day.items()})
    keys = wanted.keys
    if dataset.partitioned_by.is_dated:
        bad = [key for key in keys if key not in rows and (failed or not dataset.empty_is_answer)]
    else:
        bad = [key for key in keys if key in failed]
    return Outcome(
        good=[key for key in keys if key not in bad],
        bad=bad,
        metadata=_metadata(done, failed),
        rows_by_key=dict(rows),
        permanent=all(one.report.unknown == set(one.unserved) for one in done),
    )


def _metadata(done: Sequence[Refreshed], failed: dict[str, Errors]) -> dict[str, Any]:
    vendors: Counter[str] = Counter()
    for one in done:
        vendors.update(one.report.vendors)
    seconds = sum(one.report.seconds for one in done)
    least = sum(one.report.least_seconds for one in done)
    changes = {index: dict(found) for one in done for index, found in one.membership_changes.items()}
    return {
        "rows": sum(one.written.rows for one in done),
        "rows_inserted": sum(one.written.inserted for one in done),
        "rows_updated": sum(one.written.updated for one in done),
        "rows_rejected": sum(one.report.rejected for one in done),
        "symbols_requested": sum(len(one.cached) + one.report.requested for one in done),
        "symbols_cached": sum(len(one.cached) for one in done),
        "symbols_fetched": sum(len(one.report.answered) for one in done),
        "symbols_failed": sum(len(one.unserved) for one in done),
        "symbols_stale": sum(len(one.stale) for one in done),
        "fallbacks": sum(one.report.fallbacks for one in done),
        "calls": sum(one.report.attempts for one in done),
        "seconds": round(seconds, 3),
        "least_seconds": round(least, 3),
        **({"achieved_to_theoretical": round(seconds / least, 3)} if least > 0 else {}),
        "vendors": dg.MetadataValue.json(dict(vendors)),
        **({"membership_changes": dg.MetadataValue.json(changes)} if changes else {}),
        "failed_sample": dg.MetadataValue.json({symbol: in_words(failed[symbol]) for symbol in list(failed)[:SAMPLE]}),
        **_sample(done),
    }


def _sample(done: Sequence[Refreshed]) -> dict[str, dg.TableMetadataValue]:
    """A few of the records, in the columns that one of them has filled; Dagster refuses a table without rows."""
    records = [record.model_dump() for one in done for record in one.sample]
    columns = {name: None for record in records for name, value in record.items() if value is not None}
    rows = [dg.TableRecord({name: _shown(record[name]) for name in columns}) for record in records]
    return {"sample": dg.MetadataValue.table(rows)} if rows else {}


def _shown(value: object) -> str:
    return "" if value is None else str(value)[:80]


def in_words(errors: Errors) -> dict[str, str]:
    return {name: str(error) for name, error in errors.items()}
