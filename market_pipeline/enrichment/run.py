"""A run of the enrichment: what it tells Dagster and the execution log.

Here belongs which symbols a run is about, and what becomes of what was done for them.  What is done is `symbol`.
"""

import dagster as dg

from market_pipeline.assets.choices import SAMPLE, SeriesConfig, by_timeframe, chosen_symbols
from market_pipeline.assets.execution import execution
from market_pipeline.assets.progress import Progress
from market_pipeline.datasets import DERIVED
from market_pipeline.enrichment.pool import Enrichment, Summary, Tell
from market_pipeline.enrichment.symbol import PRICES, Enriched, SymbolWork
from market_pipeline.partitions import key_of
from market_pipeline.resources import Pipeline
from market_pipeline.settings import load_settings
from market_pipeline.storage.universe import tracked_symbols
from market_pipeline.tracking.executions import ExecutionLog, State, SymbolStatus

FEATURES = DERIVED["price_features"]


def enrich(context: dg.OpExecutionContext, config: SeriesConfig, pipeline: Pipeline) -> Summary[Enriched]:
    """Enrich the active symbols, tell the execution log how each is doing, and Dagster what there is then.

    Raises dg.Failure, not to be retried, for what the caller got wrong, and when not one symbol could be enriched.
    """
    settings = load_settings()
    with pipeline.database.connect(name="universe") as connection:
        chosen = chosen_symbols(tracked_symbols(connection), config)
    timeframes: dict[str, tuple[str, ...]] = {}
    for timeframe, symbols in by_timeframe(FEATURES, config.timeframes, chosen).items():
        for symbol in symbols:
            timeframes[symbol] = (*timeframes.get(symbol, ()), timeframe)
    with execution(context, pipeline.database, "enrichment") as log:
        log.plan("", [SymbolStatus(symbol=symbol, status="pending") for symbol in timeframes])
        work = SymbolWork(pipeline, log, context.run_id, timeframes, settings.history_sessions)
        enrichment = Enrichment(work, _telling(log), concurrency=settings.enrichment_concurrency)
        summary = enrichment.run(list(timeframes), Progress(context.log.info).tell)
        _conclude(context, summary)
    return summary


def _telling(log: ExecutionLog) -> Tell[Enriched]:
    def tell(
        symbol: str, status: State, *, retries: int, error: str | None = None, done: Enriched | None = None
    ) -> None:
        found = Enriched() if done is None else done
        log.note(
            [
                SymbolStatus(
                    symbol=symbol,
                    status=status,
                    records_processed=found.prices.rows,
                    records_inserted=found.prices.inserted,
                    records_updated=found.prices.updated,
                    features_computed=found.features.rows,
                    retry_count=retries,
                    error_message=error,
                )
            ]
        )

    return tell


def _conclude(context: dg.OpExecutionContext, summary: Summary[Enriched]) -> None:
    """Report prices and features of the sessions that have some as materialised, and fail where nothing was enriched."""
    done = sum(summary.done.values(), Enriched())
    context.add_output_metadata(
        {
            "successful": len(summary.done),
            "failed": len(summary.failed),
            "retried": len(summary.retried),
            "total_records_inserted": done.prices.inserted,
            "total_records_updated": done.prices.updated,
            "features_computed": done.features.rows,
            "failed_sample": dg.MetadataValue.json(dict(list(summary.failed.items())[:SAMPLE])),
        }
    )
    for data_type, sessions in ((PRICES, done.price_sessions), (FEATURES, done.feature_sessions)):
        for day, rows in sorted(sessions.items()):
            metadata = {"dagster/partition_row_count": rows}
            context.log_event(dg.AssetMaterialization(data_type.name, partition=key_of(day), metadata=metadata))
    for symbol, said in list(summary.failed.items())[:SAMPLE]:
        context.log.warning("%s failed: %s", symbol, said)
    if summary.failed and not summary.done:
        first, said = next(iter(summary.failed.items()))
        raise dg.Failure(
            f"none of {len(summary.failed)} symbols could be enriched; {first}: {said}", allow_retries=False
        )
