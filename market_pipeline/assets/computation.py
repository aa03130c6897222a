"""A run that computes series, one after the other: what it tells Dagster and the execution log.

Here belongs that an error of one series stops no other, and which runs fail.  Which series are due belongs to the assets, what
is computed and how it is stored to `computing.series`.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import dagster as dg
import psycopg

from market_pipeline.assets.choices import SAMPLE
from market_pipeline.checks import check_results
from market_pipeline.computing.series import Computed
from market_pipeline.datasets import Derived
from market_pipeline.resources import Pipeline
from market_pipeline.storage.database import Connection
from market_pipeline.storage.upsert import Written
from market_pipeline.tracking.executions import ExecutionLog, SymbolStatus
from market_pipeline.tracking.findings import Inspection

Series = tuple[str, str]  # a symbol, and the bar length of its series; "" where it is about the symbol


@dataclass(slots=True)
class Batch:
    """What came of computing some series."""

    computed: dict[Series, Computed] = field(default_factory=dict)
    failed: dict[Series, str] = field(default_factory=dict)

    @property
    def written(self) -> Written:
        return sum((one.written for one in self.computed.values()), Written())

    def metadata(self) -> dict[str, Any]:
        written = self.written
        return {
            "rows": written.rows,
            "rows_inserted": written.inserted,
            "rows_updated": written.updated,
            "series_computed": len(self.computed),
            "series_failed": len(self.failed),
            "failed_sample": dg.MetadataValue.json(
                {" ".join(one).strip(): self.failed[one] for one in list(self.failed)[:SAMPLE]}
            ),
        }


def plan(log: ExecutionLog, partition: str, series: Sequence[Series]) -> None:
    log.plan(partition, [SymbolStatus(symbol=symbol, timeframe=bars, status="pending") for symbol, bars in series])


def compute_each(
    log: ExecutionLog, series: Sequence[Series], compute: Callable[[Series], Computed], warn: Callable[[str], None]
) -> Batch:
    """Compute one series after the other.  An error of one is told and stops no other; that the database is gone, all.

    Raises psycopg.OperationalError.
    """
    batch = Batch()
    ended: list[SymbolStatus] = []
    for one in series:
        # The end of one is the beginning of the next: its time counts from here on.  So a series costs one statement.
        log.note([*ended, SymbolStatus(symbol=one[0], timeframe=one[1], status="in_progress")])
        try:
            computed = batch.computed[one] = compute(one)
            ended = [_status(one, computed=computed)]
        except psycopg.OperationalError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever is wrong with one series, the others are not to blame
            batch.failed[one] = said = f"{type(error).__name__}: {error}"
            ended = [_status(one, error=said)]
            warn(f"{' '.join(one).strip()} failed: {said}")
    log.note(ended)
    return batch


def report(context: dg.AssetExecutionContext, batch: Batch, good: Mapping[str, int]) -> None:
    """Tell Dagster which partitions are materialised, with their rows."""
    figures = batch.metadata()
    for key, rows in good.items():
        metadata = {**figures, "dagster/partition_row_count": rows}
        context.log_event(dg.AssetMaterialization(context.asset_key, partition=key, metadata=metadata))


def checked(
    connection: Connection, data_type: Derived, pipeline: Pipeline, days: Sequence[date] = ()
) -> Iterator[dg.AssetCheckResult]:
    look = Inspection(
        connection=connection, dataset=data_type, sessions=pipeline.sessions, now=pipeline.clock(), days=days
    )
    return check_results(look)


def conclude(
    context: dg.AssetExecutionContext, batch: Batch, *, good: Mapping[str, int], bad: Sequence[str], remedy: str
) -> None:
    """Fail the step where no partition is good, or one was named that is not."""
    named = context.has_partition_key or context.has_partition_key_range
    if good and not (bad and named):
        return
    name, reasons = context.asset_key.to_user_string(), [f"{' '.join(one)}: {why}" for one, why in batch.failed.items()]
    what = f"{len(bad)} of {len(bad) + len(good)} partitions of {name}: {', '.join(bad[:SAMPLE])}" if bad else name
    because = "; ".join(reasons[:SAMPLE]) or remedy
    raise dg.Failure(f"could not compute {what}. {because}", metadata=batch.metadata(), allow_retries=False)


def _status(one: Series, *, computed: Computed | None = None, error: str | None = None) -> SymbolStatus:
    written = Written() if computed is None else computed.written
    return SymbolStatus(
        symbol=one[0],
        timeframe=one[1],
        status="completed" if error is None else "failed",
        records_processed=written.rows,
        records_inserted=written.inserted,
        records_updated=written.updated,
        features_computed=written.rows,
        error_message=error,
    )
