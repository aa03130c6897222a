"""A data type refreshed for some partitions: what an asset and the main job have in common.

Here belongs the way from a target to fetches, and from their results to Dagster's events and the execution log.  Which assets
there are belongs to `market_data`, what is asked for to `targets`, how one fetches to `ingestion.market_data`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

import dagster as dg
import psycopg

from market_pipeline.assets.choices import SAMPLE
from market_pipeline.assets.execution import execution
from market_pipeline.assets.inspection import inspect
from market_pipeline.assets.outcome import Outcome, in_words, outcome_of
from market_pipeline.assets.progress import Progress
from market_pipeline.assets.siblings import siblings
from market_pipeline.assets.targets import Fetch, RefreshConfig, Target, target_of
from market_pipeline.datasets import Dataset, PartitionedBy
from market_pipeline.ingestion.delivery import Refreshed
from market_pipeline.ingestion.ranking import NoVendor
from market_pipeline.partitions import SYMBOLS
from market_pipeline.resources import Pipeline
from market_pipeline.tracking.executions import ExecutionLog, State, SymbolStatus


def refresh(
    context: dg.OpExecutionContext,
    dataset: Dataset,
    config: RefreshConfig,
    pipeline: Pipeline,
    keys: Sequence[str] | None,
) -> Iterator[dg.AssetCheckResult]:
    """Fetch and store a data type for partition `keys`, the current ones when None, and report it to Dagster and the log.

    What the asset's checks find is left to the caller to report.  Raises dg.Failure: not to be retried, for what the caller
    got wrong (see `target`); for named partitions when one could not be fetched, else when none could.
    """
    with execution(context, pipeline.database, dataset.name) as log:
        work = _Refresh(context, dataset, config, pipeline, log)
        wanted = work.target(keys)
        deadline = pipeline.market_data.deadline(dataset, config.deadline_seconds)
        log.plan(wanted.partition, [status for fetch in wanted.fetches for status in _waiting(fetch, "pending")])
        done = [work.fetch(fetch, wanted.partition, deadline) for fetch in wanted.fetches]
        outcome = outcome_of(dataset, wanted, done)
        _report(context, dg.AssetKey(dataset.name), outcome)
        yield from inspect(context, dataset, pipeline, done, config.providers)
        _conclude(dataset, outcome, strict=keys is not None)


@dataclass(frozen=True, slots=True)
class _Refresh:
    """One try of a step that refreshes a data type."""

    context: dg.OpExecutionContext
    dataset: Dataset
    config: RefreshConfig
    pipeline: Pipeline
    log: ExecutionLog

    def target(self, keys: Sequence[str] | None) -> Target:
        """What this try is about; its symbols are registered as partitions.  Raises dg.Failure (see `target`)."""
        pipeline, instance = self.pipeline, self.context.instance
        others = siblings(instance, self.context.run)
        with pipeline.database.connect(name="universe") as connection:
            wanted = target_of(
                connection,
                self.dataset,
                self.config,
                keys,
                sessions=pipeline.sessions,
                now=pipeline.clock(),
                siblings=others,
            )
        if self.dataset.partitioned_by is PartitionedBy.SYMBOL:
            instance.add_dynamic_partitions(SYMBOLS, wanted.keys)
        return wanted

    def fetch(self, fetch: Fetch, partition: str, deadline: datetime) -> Refreshed:
        """One fetch, told to the logs while it goes on and when it ends.  Raises dg.Failure."""
        self.context.log.info(
            "asking for %s %s of %d symbols", self.dataset.title.lower(), fetch.timeframe or "", len(fetch.symbols)
        )
        if fetch.reach is not None:
            self.context.log.info(
                "vendors are asked up to %s, so that the next runs of this backfill find it in the answer cache",
                fetch.reach.end,
            )
        self.log.note(_waiting(fetch, "in_progress"))
        progress = Progress(self.context.log.info)

        def watch(so_far: Refreshed) -> None:
            self.log.follow(lambda: _statuses(fetch, so_far))
            progress.tell(len(so_far.report.answered), so_far.report.requested)

        try:
            done = self.pipeline.market_data.refresh(
                self.dataset,
                fetch.symbols,
                window=fetch.window,
                reach=fetch.reach,
                timeframe=fetch.timeframe,
                strategy=self.config.strategy,
                providers=self.config.providers,
                partition_key=partition,
                deadline=deadline,
                use_cache=self.config.use_cache,
                progress=watch,
            )
        except NoVendor as error:
            raise dg.Failure(str(error), allow_retries=False) from None
        except psycopg.OperationalError as error:
            raise dg.Failure(
                f"the database went away while {self.dataset.name} was being fetched ({str(error).strip()}). What was written"
                " before stays; another try asks for the rest."
            ) from error
        self.log.note(_statuses(fetch, done))
        _tell(self.context, done)
        return done


def _report(context: dg.OpExecutionContext, key: dg.AssetKey, outcome: Outcome) -> None:
    """Tell Dagster which partitions are materialised.

    Logged one by one, because a step that returns marks all partitions of its run as good and one that raises none.
    """
    for good in outcome.good:
        rows = outcome.rows_by_key.get(good, 0)
        context.log_event(
            dg.AssetMaterialization(
                key, partition=good, metadata={**outcome.metadata, "dagster/partition_row_count": rows}
            )
        )


def _conclude(dataset: Dataset, outcome: Outcome, *, strict: bool) -> None:
    """Fail the step where nothing (or, if `strict`, not all) is materialised."""
    if outcome.bad and (strict or not outcome.good):
        raise dg.Failure(
            f"{len(outcome.bad)} of {len(outcome.bad) + len(outcome.good)} partitions of {dataset.name} could not"
            f" be fetched: {', '.join(outcome.bad[:SAMPLE])}. What each vendor said is in failed_symbols and fetch_attempts.",
            metadata=outcome.metadata,
            allow_retries=not outcome.permanent,
        )


def _tell(context: dg.OpExecutionContext, done: Refreshed) -> None:
    """What came of a fetch, in the run's log."""
    report, written = done.report, done.written
    if done.cached:
        context.log.info(
            "%d symbols are served from the answer cache (use_cache: false fetches them again)", len(done.cached)
        )
    if report.requested > 0:
        context.log.info(
            "%d of %d symbols settled by %s in %.1f s%s; rows: %d new, %d changed, %d as before",
            len(report.answered),
            report.requested,
            report.vendors,
            report.seconds,
            "" if report.pace is None else f", {report.pace:.2f} times the least that the vendors' limits allow",
            written.inserted,
            written.updated,
            written.unchanged,
        )
    if done.stale:
        context.log.warning("%d symbols that failed are served by old rows, flagged as stale", len(done.stale))
    if report.retry_at is not None:
        context.log.warning(
            "no vendor could be called for %d symbols; earliest retry at %s",
            len(report.kept_back),
            f"{report.retry_at:%Y-%m-%d %H:%M:%S %Z}",
        )
    for symbol, errors in list(report.failed.items())[:SAMPLE]:
        context.log.warning("%s failed: %s", symbol, in_words(errors))


def _waiting(fetch: Fetch, status: State) -> Iterator[SymbolStatus]:
    """The symbols of a fetch that has brought nothing yet."""
    return (SymbolStatus(symbol=symbol, timeframe=fetch.timeframe or "", status=status) for symbol in fetch.symbols)


def _statuses(fetch: Fetch, so_far: Refreshed) -> Iterator[SymbolStatus]:
    """How the symbols of a fetch do of which something can be told: those that are settled or have failed.  Pure."""
    report, unserved = so_far.report, so_far.unserved
    for symbol in (*so_far.settled, *report.failed):
        rows = so_far.rows_by_symbol[symbol]
        said = "; ".join(f"{name}: {error}" for name, error in report.failed.get(symbol, {}).items())
        yield SymbolStatus(
            symbol=symbol,
            timeframe=fetch.timeframe or "",
            status="failed" if symbol in unserved else "completed",
            records_processed=rows.rows,
            records_inserted=rows.inserted,
            records_updated=rows.updated,
            error_message=(said or "no vendor was asked") if symbol in report.failed else None,
        )
