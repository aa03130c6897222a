"""After a refresh: what it means for the quality of what is kept, and the history that it has made old.

Here belongs what is done with rows once they are stored.  None of it is a reason for a refresh to fail.
"""

from collections.abc import Sequence

import dagster as dg
import psycopg

from market_pipeline.checks import check_results, checks_of, result, unmade
from market_pipeline.datasets import Dataset
from market_pipeline.ingestion.delivery import Refreshed
from market_pipeline.partitions import key_of, range_key
from market_pipeline.providers.messages import Window
from market_pipeline.resources import Pipeline
from market_pipeline.settings import load_settings
from market_pipeline.storage.database import Connection
from market_pipeline.storage.errors import StorageError
from market_pipeline.storage.splits import flag_overtaken
from market_pipeline.timetable import settled_sessions
from market_pipeline.tracking.consensus import Comparison, due_for_comparison, our_figures
from market_pipeline.tracking.failed_symbols import Failure, record_failures
from market_pipeline.tracking.findings import Inspection
from market_pipeline.tracking.quality import measure_quality, record_comparisons

COMPARED_SESSIONS = 5  # one wrong close among them does not move the median


def inspect(
    context: dg.OpExecutionContext,
    dataset: Dataset,
    pipeline: Pipeline,
    done: Sequence[Refreshed],
    providers: Sequence[str],
) -> list[dg.AssetCheckResult]:
    """Flag what splits have overtaken, measure the quality of the symbols that were asked for, and make the checks.

    To compare, only `providers` are asked, where the run names some.
    """
    try:
        with pipeline.database.connect(autocommit=True, name=f"checks {dataset.name}") as connection:
            symbols = sorted({symbol for one in done for symbol in (*one.settled, *one.report.failed)})
            if dataset.pinned:
                _ask_again_for_overtaken(context, connection, dataset, pipeline, symbols)
            if not dataset.live:  # those have a million rows a session, and are measured once a day
                measure_quality(
                    connection,
                    symbols,
                    sessions=pipeline.sessions,
                    now=pipeline.clock(),
                    run_id=context.run_id,
                    datasets=[dataset],
                )
            if dataset.compared is not None:
                _compare(context, connection, dataset, pipeline, providers)
            return list(check_results(_look(connection, dataset, pipeline, done)))
    except (psycopg.Error, StorageError) as error:
        context.log.warning("the rows could not be inspected: %s", error)
        return [result(check.name, unmade(error)) for check in checks_of(dataset)]


def _look(
    connection: Connection, dataset: Dataset, pipeline: Pipeline, done: Sequence[Refreshed]
) -> Inspection[Dataset]:
    return Inspection(
        connection=connection,
        dataset=dataset,
        sessions=pipeline.sessions,
        now=pipeline.clock(),
        rows_kept=sum(one.report.records for one in done),
        rows_refused=sum(one.report.rejected for one in done),
        days={day for one in done for day in one.rows_by_day},
    )


def _compare(
    context: dg.OpExecutionContext,
    connection: Connection,
    dataset: Dataset,
    pipeline: Pipeline,
    providers: Sequence[str],
) -> None:
    """Ask a second vendor about the few symbols whose turn it is."""
    now = pipeline.clock()
    symbols = due_for_comparison(connection, dataset, budget=load_settings().consensus_symbols, now=now)
    days = settled_sessions(pipeline.sessions, now, COMPARED_SESSIONS)
    if not symbols or not days:
        return
    ours = our_figures(connection, dataset, symbols, days)
    compared = pipeline.market_data.compare(dataset, ours, window=Window(days[0], days[-1]), providers=providers)
    record_comparisons(connection, dataset, [compared.get(symbol, Comparison(symbol)) for symbol in symbols], now)
    context.log.info("compared %d of %d symbols with a second vendor", len(compared), len(symbols))


def _ask_again_for_overtaken(
    context: dg.OpExecutionContext,
    connection: Connection,
    dataset: Dataset,
    pipeline: Pipeline,
    symbols: Sequence[str],
) -> None:
    """Have the history fetched anew that a split has overtaken: it counts as failed, and the retries' sensor fetches it."""
    now = pipeline.clock()
    for one in flag_overtaken(connection, symbols, pipeline.sessions):
        context.log.warning(
            "%s had a split on %s: %d %s bars from %s to %s are in old shares, and are fetched anew",
            *(one.symbol, one.ex_date, one.bars, one.timeframe, one.first, one.last),
        )
        said = f"the bars are in the shares of before the split on {one.ex_date}"
        record_failures(
            connection,
            dataset.name,
            range_key([key_of(day) for day in sorted({one.first, one.last})]),
            [Failure(symbol=one.symbol, errors={"split": said}, unknown=False, not_before=now)],
            run_id=context.run_id,
            now=now,
            timeframe=one.timeframe,
        )
