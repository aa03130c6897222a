"""The assets that are computed from stored prices: features of every bar, returns of every year.

Here belongs which series a run is about, and which partitions it leaves.  How it goes from series to series is `computation`.
"""

from collections.abc import Iterator

import dagster as dg
from pydantic import Field

from market_pipeline.assets.choices import (
    SeriesConfig,
    SymbolsConfig,
    by_timeframe,
    chosen_symbols,
    days_of,
    named_partitions,
    symbols_of,
)
from market_pipeline.assets.computation import Series, checked, compute_each, conclude, plan, report
from market_pipeline.assets.describe import KINDS, declared, description_of, metadata_of, tags_of
from market_pipeline.assets.execution import execution
from market_pipeline.computing.series import Computed, compute_annual_returns, compute_features, features_by_session
from market_pipeline.datasets import DERIVED
from market_pipeline.partitions import SYMBOLS, key_of, range_key, session_partitions, symbol_partitions
from market_pipeline.providers.messages import Window
from market_pipeline.resources import Pipeline, configured_sessions
from market_pipeline.storage.universe import tracked_symbols
from market_pipeline.tracking.executions import FeatureFailure

PRICE_FEATURES, ANNUAL_RETURNS = DERIVED["price_features"], DERIVED["annual_returns"]


class FeaturesConfig(SeriesConfig):
    """Narrows a run, and says how much is computed anew."""

    full: bool = Field(default=False, description="recompute the whole series, also where no bar has changed")


@dg.asset(
    **declared(PRICE_FEATURES),
    description=description_of(PRICE_FEATURES),
    tags=tags_of(PRICE_FEATURES),
    metadata=metadata_of(PRICE_FEATURES),
    deps=PRICE_FEATURES.computed_from,
    partitions_def=session_partitions(configured_sessions()),
    # Wherever prices were materialised since: `eager` alone looks at the latest session only, and backfills are of others.
    # Not from prices that a blocking check has found to be corrupt.
    automation_condition=(
        dg.AutomationCondition.eager().without(dg.AutomationCondition.in_latest_time_window())
        & dg.AutomationCondition.all_deps_blocking_checks_passed()
    ).with_label("prices have changed"),
    kinds={*KINDS, "pandas"},
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
        plan(log, range_key(keys) if keys else "", series)

        def compute(one: Series) -> Computed:
            symbol, timeframe = one
            return compute_features(
                connection,
                symbol,
                timeframe,
                sessions=pipeline.sessions,
                now=now,
                run_id=context.run.run_id,
                within=within,
                full=config.full,
            )

        batch = compute_each(log, series, compute, context.log.warning)
        log.features_failed([FeatureFailure(*one, said) for one, said in batch.failed.items()])
        log.features_computed(list(batch.computed))
        touched = {day for computed in batch.computed.values() for day in computed.rows_by_session}
        rows = features_by_session(connection, series, days or sorted(touched) or [pipeline.sessions.current(now)])
        good = {key_of(day): count for day, count in rows.items()}
        report(context, batch, good)
        yield from checked(connection, PRICE_FEATURES, pipeline, days)
        conclude(
            context,
            batch,
            good=good,
            bad=[key_of(day) for day in days if day not in rows],
            remedy="There are no bars: materialise historical_prices first.",
        )


@dg.asset(
    **declared(ANNUAL_RETURNS),
    description=description_of(ANNUAL_RETURNS),
    tags=tags_of(ANNUAL_RETURNS),
    metadata=metadata_of(ANNUAL_RETURNS),
    deps=[
        dg.AssetDep("historical_prices", partition_mapping=dg.AllPartitionMapping()),
        dg.AssetDep("dividends", partition_mapping=dg.IdentityPartitionMapping()),
    ],
    partitions_def=symbol_partitions,
    kinds={*KINDS, "pandas"},
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
        plan(log, "", series)

        def compute(one: Series) -> Computed:
            return compute_annual_returns(
                connection, one[0], sessions=pipeline.sessions, now=now, run_id=context.run.run_id
            )

        batch = compute_each(log, series, compute, context.log.warning)
        rows = {symbol: computed.written.rows for (symbol, _), computed in batch.computed.items()}
        good = {symbol: count for symbol, count in rows.items() if count > 0}
        report(context, batch, good)
        yield from checked(connection, ANNUAL_RETURNS, pipeline)
        conclude(
            context,
            batch,
            good=good,
            bad=[symbol for symbol in symbols if rows.get(symbol, 0) == 0],
            remedy="There are no daily bars: materialise historical_prices first.",
        )


DERIVED_ASSETS = [price_features, annual_returns]
