"""The assets that are computed from stored prices: features of every bar, returns of every year.

Here belongs what a run of theirs tells Dagster and the execution log, and that an error of one symbol stops no other.  What
is computed, and how it is stored, is `market_pipeline.computing.series`.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import dagster as dg
import psycopg
from pydantic import Field

from market_pipeline.assets.describe import KINDS, OWNER, description_of, freshness_of, metadata_of, tags_of
from market_pipeline.assets.execution import RETRIES, execution
from market_pipeline.assets.targets import (
    SAMPLE,
    SymbolsConfig,
    by_timeframe,
    chosen_symbols,
    days_of,
    named_partitions,
    symbols_of,
)
from market_pipeline.checks import check_results, check_specs
from market_pipeline.computing.series import Computed, Connection, compute_annual_returns, compute_features
from market_pipeline.datasets import DERIVED, Derived
from market_pipeline.partitions import SYMBOLS, key_of, range_key, session_partitions, symbol_partitions
from market_pipeline.providers.messages import Window
from market_pipeline.resources import Pipeline
from market_pipeline.sessions import Sessions
from market_pipeline.settings import load_settings
from market_pipeline.storage.universe import tracked_symbols
from market_pipeline.storage.upsert import Written
from market_pipeline.tracking.executions import ExecutionLog, FeatureFailure, SymbolStatus
from market_pipeline.tracking.findings import Inspection

PRICE_FEATURES, ANNUAL_RETURNS = DERIVED["price_features"], DERIVED["annual_returns"]

Series = tuple[str, str]  # a symbol, and the bar length of its series; "" where it is about the symbol


class FeaturesConfig(SymbolsConfig):
    """Narrows a run, and says how much is computed anew."""

    timeframes: list[str] = Field(default=[], description="only these bar lengths; empty for each symbol's own")
    full: bool = Field(default=False, description="all of the series anew, also where no bar has changed")


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


def compute_each(
    log: ExecutionLog, series: Sequence[Series], compute: Callable[[Series], Computed], warn: Callable[[str], None]
) -> Batch:
    """Compute one series after the other.  An error of one is told and stops no other; that the database is gone, all.

    Raises psycopg.OperationalError.
    """
    batch = Batch()
    for one in series:
        log.note([SymbolStatus(symbol=one[0], timeframe=one[1], status="in_progress")])  # from here on its time counts
        try:
            computed = batch.computed[one] = compute(one)
            log.note([_status(one, computed=computed)])
        except psycopg.OperationalError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever is wrong with one series, the others are not to blame
            batch.failed[one] = said = f"{type(error).__name__}: {error}"
            log.note([_status(one, error=said)])
            warn(f"{' '.join(one).strip()} failed: {said}")
    return batch


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


@dg.asset(
    name=PRICE_FEATURES.name,
    deps=PRICE_FEATURES.computed_from,
    partitions_def=session_partitions(Sessions(load_settings().exchange)),
    backfill_policy=dg.BackfillPolicy.single_run(),
    # Wherever prices were materialised since: `eager` alone looks at the latest session only, and backfills are of others.
    # Not from prices that a blocking check has found to be corrupt.
    automation_condition=(
        dg.AutomationCondition.eager().without(dg.AutomationCondition.in_latest_time_window())
        & dg.AutomationCondition.all_deps_blocking_checks_passed()
    ).with_label("prices have changed"),
    group_name=PRICE_FEATURES.family,
    description=description_of(PRICE_FEATURES),
    kinds={*KINDS, "pandas"},
    owners=[OWNER],
    tags=tags_of(PRICE_FEATURES),
    metadata=metadata_of(PRICE_FEATURES),
    freshness_policy=freshness_of(PRICE_FEATURES),
    retry_policy=RETRIES,
    pool=PRICE_FEATURES.name,
    check_specs=check_specs(PRICE_FEATURES),
    output_required=False,  # partitions are logged one by one
)
def price_features(
    context: dg.AssetExecutionContext, config: FeaturesConfig, pipeline: dg.ResourceParam[Pipeline]
) -> Iterator[dg.AssetCheckResult]:
    keys, now = named_partitions(context, PRICE_FEATURES), pipeline.clock()
    days = days_of(PRICE_FEATURES, pipeline.sessions, keys) if keys else []
    within = Window(days[0], days[-1]) if days else None
    with (
        execution(context.op_execution_context, pipeline.database, PRICE_FEATURES.name) as log,
        pipeline.database.connect(autocommit=True, name=PRICE_FEATURES.name) as connection,
    ):
        chosen = chosen_symbols(tracked_symbols(connection), config)
        wanted = by_timeframe(PRICE_FEATURES, config.timeframes, chosen)
        series = [(symbol, timeframe) for timeframe, symbols in wanted.items() for symbol in symbols]
        _plan(log, range_key(keys) if keys else "", series)

        def compute(one: Series) -> Computed:
            symbol, timeframe = one
            return compute_features(
                connection,
                symbol,
                timeframe,
                sessions=pipeline.sessions,
                now=now,
                run_id=context.run_id,
                within=within,
                full=config.full,
            )

        batch = compute_each(log, series, compute, context.log.warning)
        log.features_failed([FeatureFailure(*one, said) for one, said in batch.failed.items()])
        log.features_computed(list(batch.computed))
        touched = {day for computed in batch.computed.values() for day in computed.rows_by_session}
        rows = _rows_by_session(connection, series, days or sorted(touched) or [pipeline.sessions.current(now)])
        good = {key_of(day): count for day, count in rows.items()}
        _report(context, batch, good)
        # No output beside these, which would mark all partitions of the run as good.
        yield from _checked(connection, PRICE_FEATURES, pipeline, days)
        _conclude(
            context,
            batch,
            good=good,
            bad=[key_of(day) for day in days if day not in rows],
            remedy="There are no bars: materialise historical_prices first.",
        )


@dg.asset(
    name=ANNUAL_RETURNS.name,
    deps=[
        dg.AssetDep("historical_prices", partition_mapping=dg.AllPartitionMapping()),
        dg.AssetDep("dividends", partition_mapping=dg.IdentityPartitionMapping()),
    ],
    partitions_def=symbol_partitions,
    backfill_policy=dg.BackfillPolicy.single_run(),
    group_name=ANNUAL_RETURNS.family,
    description=description_of(ANNUAL_RETURNS),
    kinds={*KINDS, "pandas"},
    owners=[OWNER],
    tags=tags_of(ANNUAL_RETURNS),
    metadata=metadata_of(ANNUAL_RETURNS),
    freshness_policy=freshness_of(ANNUAL_RETURNS),
    retry_policy=RETRIES,
    pool=ANNUAL_RETURNS.name,
    check_specs=check_specs(ANNUAL_RETURNS),
    output_required=False,
)
def annual_returns(
    context: dg.AssetExecutionContext, config: SymbolsConfig, pipeline: dg.ResourceParam[Pipeline]
) -> Iterator[dg.AssetCheckResult]:
    now = pipeline.clock()
    with (
        execution(context.op_execution_context, pipeline.database, ANNUAL_RETURNS.name) as log,
        pipeline.database.connect(autocommit=True, name=ANNUAL_RETURNS.name) as connection,
    ):
        chosen = chosen_symbols(tracked_symbols(connection), config)
        symbols = symbols_of(named_partitions(context, ANNUAL_RETURNS), chosen)
        context.instance.add_dynamic_partitions(SYMBOLS, symbols)
        series = [(symbol, "") for symbol in symbols]
        _plan(log, "", series)

        def compute(one: Series) -> Computed:
            return compute_annual_returns(
                connection, one[0], sessions=pipeline.sessions, now=now, run_id=context.run_id
            )

        batch = compute_each(log, series, compute, context.log.warning)
        rows = {symbol: computed.written.rows for (symbol, _), computed in batch.computed.items()}
        good = {symbol: count for symbol, count in rows.items() if count > 0}
        _report(context, batch, good)
        yield from _checked(connection, ANNUAL_RETURNS, pipeline)
        _conclude(
            context,
            batch,
            good=good,
            bad=[symbol for symbol in symbols if rows.get(symbol, 0) == 0],
            remedy="There are no daily bars: materialise historical_prices first.",
        )


def _plan(log: ExecutionLog, partition: str, series: Sequence[Series]) -> None:
    log.plan(partition, [SymbolStatus(symbol=symbol, timeframe=bars, status="pending") for symbol, bars in series])


def _rows_by_session(connection: Connection, series: Sequence[Series], days: Sequence[date]) -> Mapping[date, int]:
    """The features that stand in the table, by session; sessions without any are not in it."""
    rows = connection.execute(
        """
        SELECT session, count(*) FROM price_features JOIN unnest(%s::text[], %s::text[]) AS one (symbol, timeframe)
        USING (symbol, timeframe) WHERE session = ANY (%s) GROUP BY session ORDER BY session
        """,
        [[symbol for symbol, _ in series], [timeframe for _, timeframe in series], list(days)],
    ).fetchall()
    return dict(rows)


def _report(context: dg.AssetExecutionContext, batch: Batch, good: Mapping[str, int]) -> None:
    """Tell Dagster which partitions are materialised, with their rows."""
    for key, rows in good.items():
        metadata = {**batch.metadata(), "dagster/partition_row_count": rows}
        context.log_event(dg.AssetMaterialization(context.asset_key, partition=key, metadata=metadata))


def _checked(
    connection: Connection, data_type: Derived, pipeline: Pipeline, days: Sequence[date] = ()
) -> Iterator[dg.AssetCheckResult]:
    look = Inspection(
        connection=connection, dataset=data_type, sessions=pipeline.sessions, now=pipeline.clock(), days=days
    )
    return check_results(look)


def _conclude(
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


DERIVED_ASSETS = [price_features, annual_returns]
