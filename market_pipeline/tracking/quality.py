"""How good the rows are that we keep, by symbol and data type: the table `data_quality`.

Here belong the measures, their score and the summary of them.  SQL counts; what a count means is a pure function.  What is
wrong in detail, and whether that is an alarm, belongs to the asset checks.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass, fields
from datetime import datetime, timedelta

from psycopg import sql
from psycopg.rows import class_row

from market_pipeline.datasets import DATASETS, Dataset, PartitionedBy
from market_pipeline.sessions import Sessions
from market_pipeline.storage.database import Connection
from market_pipeline.tracking.consensus import DISAGREEMENT, Comparison
from market_pipeline.tracking.coverage import session_coverage

WINDOW = timedelta(days=30)
LIVE_WINDOW = timedelta(days=7)  # of live data: 500 symbols have 200,000 quotes and a million options a session

WEIGHTS = {"validation": 0.4, "completeness": 0.4, "agreement": 0.2}


@dataclass(frozen=True, slots=True)
class Quality:
    """A row of `data_quality`.  Rates and deviation are in percent, the score is from 0 to 1; None: nothing to judge by."""

    data_type: str
    symbol: str
    rows_checked: int
    validation_rate: float | None
    completeness: float | None
    deviation: float | None
    quality_score: float | None
    measured_at: datetime
    run_id: str


@dataclass(frozen=True, slots=True)
class QualitySummary:
    """Over all active symbols and data types that were measured.  The rate is in percent, the score from 0 to 1."""

    symbols_tracked: int
    avg_validation_rate: float | None
    avg_quality_score: float | None


@dataclass(frozen=True, slots=True)
class Counts:
    """What SQL counts of one symbol.  Sessions are counted once for each bar length that the symbol keeps."""

    symbol: str
    kept: int
    refused: int
    sessions_there: int
    sessions_due: int
    failed: bool
    deviation: float | None


def score(validation_rate: float | None, completeness: float | None, deviation: float | None) -> float | None:
    """The weighted mean of what was measured, from 0 to 1; None where nothing was.  Pure.

    What is unknown takes no part: its weight goes to the others.
    """
    parts = {
        "validation": None if validation_rate is None else validation_rate / 100,
        "completeness": None if completeness is None else completeness / 100,
        "agreement": None if deviation is None else max(0.0, 1 - deviation / DISAGREEMENT),
    }
    known = {name: part for name, part in parts.items() if part is not None}
    if not known:
        return None
    return sum(WEIGHTS[name] * part for name, part in known.items()) / sum(WEIGHTS[name] for name in known)


def completeness(dataset: Dataset, counts: Counts) -> float | None:
    """How much of what is due is there, in percent; None where nothing is, and that may be right.  Pure.

    By session where sessions are due; else a symbol is there, or it is not.
    """
    if counts.sessions_due > 0:
        return 100 * counts.sessions_there / counts.sessions_due
    if counts.kept > 0:
        return 100.0
    return None if dataset.empty_is_answer and not counts.failed else 0.0


def measure_quality(
    connection: Connection,
    symbols: Sequence[str],
    *,
    sessions: Sessions,
    now: datetime,
    run_id: str,
    datasets: Iterable[Dataset] = tuple(DATASETS.values()),
) -> list[Quality]:
    """Measure anew and store the quality of `symbols` in each of `datasets`; of the market or indices where one is about them.

    Vendors are not asked: the deviation stays as it was last measured.  Commits.
    """
    found: list[Quality] = []
    with connection.transaction():
        for dataset in datasets:
            asked = symbols if dataset.per_symbol else dataset.subjects
            for counts in _count(connection, dataset, asked, sessions, now):
                found.append(_judged(dataset, counts, now, run_id))
        _store(connection, found)
    return found


def record_comparisons(
    connection: Connection, dataset: Dataset, comparisons: Iterable[Comparison], now: datetime
) -> None:
    """Remember how far a second vendor's figures are from ours, and score those symbols anew."""
    found = {one.symbol: one for one in comparisons}
    with connection.transaction():
        for known in read_quality(connection, data_type=dataset.name, symbols=list(found)):
            one = found[known.symbol]
            deviation = known.deviation if one.deviation is None else one.deviation
            connection.execute(
                "UPDATE data_quality SET deviation = %s, quality_score = %s, compared_with = %s, compared_at = %s"
                " WHERE data_type = %s AND symbol = %s",
                [
                    *(deviation, score(known.validation_rate, known.completeness, deviation), one.provider, now),
                    *(dataset.name, known.symbol),
                ],
            )


def read_quality(
    connection: Connection, *, data_type: str | None = None, symbols: Sequence[str] | None = None
) -> list[Quality]:
    """What was last measured, the worst first; None is all data types, all symbols."""
    with connection.cursor(row_factory=class_row(Quality)) as cursor:
        return cursor.execute(
            """
            SELECT data_type, symbol, rows_checked, validation_rate, completeness, deviation, quality_score, measured_at,
                run_id
            FROM data_quality
            WHERE (%(data_type)s::text IS NULL OR data_type = %(data_type)s)
                AND (%(symbols)s::text[] IS NULL OR symbol = ANY (%(symbols)s))
            ORDER BY quality_score NULLS LAST, data_type, symbol
            """,
            {"data_type": data_type, "symbols": None if symbols is None else list(symbols)},
        ).fetchall()


def quality_summary(connection: Connection) -> QualitySummary:
    with connection.cursor(row_factory=class_row(QualitySummary)) as cursor:
        (found,) = cursor.execute(
            """
            SELECT (SELECT count(*) FROM tracked_symbols WHERE active) AS symbols_tracked,
                avg(quality.validation_rate) AS avg_validation_rate, avg(quality.quality_score) AS avg_quality_score
            FROM data_quality AS quality LEFT JOIN tracked_symbols AS tracked USING (symbol)
            WHERE coalesce(tracked.active, true) -- the market and indices are not tracked, and always meant
            """
        ).fetchall()
        return found


def _judged(dataset: Dataset, counts: Counts, now: datetime, run_id: str) -> Quality:
    checked = counts.kept + counts.refused
    rate = 100 * counts.kept / checked if checked else None
    complete = completeness(dataset, counts)
    return Quality(
        data_type=dataset.name,
        symbol=counts.symbol,
        rows_checked=checked,
        validation_rate=rate,
        completeness=complete,
        deviation=counts.deviation,
        quality_score=score(rate, complete, counts.deviation),
        measured_at=now,
        run_id=run_id,
    )


def _count(
    connection: Connection, dataset: Dataset, symbols: Sequence[str], sessions: Sessions, now: datetime
) -> list[Counts]:
    since = now - (LIVE_WINDOW if dataset.live else WINDOW)
    kept, there, due = Counter[str](), Counter[str](), Counter[str]()
    if dataset.partitioned_by is PartitionedBy.SESSION:
        for one in session_coverage(connection, dataset, symbols, since=since.date(), sessions=sessions, now=now):
            kept[one.symbol] += one.rows
            there[one.symbol] += one.due - len(one.missing)
            due[one.symbol] += one.due
    else:
        query = sql.SQL("SELECT symbol, count(*) FROM {} WHERE symbol = ANY (%s) AND {} GROUP BY symbol").format(
            sql.Identifier("public", dataset.name), _recent(dataset, since)
        )
        kept.update(dict(connection.execute(query, [list(symbols)]).fetchall()))
    known = connection.execute(_KNOWN, {"data_type": dataset.name, "symbols": list(symbols), "since": since})
    return [
        Counts(symbol, kept[symbol], refused, there[symbol], due[symbol], failed, deviation)
        for symbol, refused, failed, deviation in known
    ]


def _recent(dataset: Dataset, since: datetime) -> sql.Composable:
    """The condition on rows of the window; slow data without a date counts as a whole."""
    if dataset.dated_by is None:
        return sql.SQL("true")
    return sql.SQL("{} >= {}").format(sql.Identifier(dataset.dated_by), since)


_KNOWN = """
    SELECT symbol,
        (SELECT count(*) FROM rejected_records AS rejected
            WHERE rejected.data_type = %(data_type)s AND coalesce(rejected.payload ->> 'symbol', '*') = asked.symbol
                AND rejected.last_seen_at >= %(since)s),
        EXISTS (SELECT FROM failed_symbols AS failed
            WHERE failed.data_type = %(data_type)s AND failed.symbol = asked.symbol),
        (SELECT deviation FROM data_quality AS earlier
            WHERE earlier.data_type = %(data_type)s AND earlier.symbol = asked.symbol)
    FROM unnest(%(symbols)s::text[]) AS asked (symbol) ORDER BY symbol
"""


def _store(connection: Connection, measured: Iterable[Quality]) -> None:
    names = [field.name for field in fields(Quality)]
    values = [name for name in names if name not in ("data_type", "symbol")]
    query = sql.SQL(
        "INSERT INTO data_quality ({names}) VALUES ({places}) ON CONFLICT (data_type, symbol) DO UPDATE SET {assignments}"
    ).format(
        names=sql.SQL(", ").join(map(sql.Identifier, names)),
        places=sql.SQL(", ").join(sql.Placeholder() * len(names)),
        assignments=sql.SQL(", ").join(
            sql.SQL("{} = {}").format(sql.Identifier(name), sql.Identifier("excluded", name)) for name in values
        ),
    )
    rows = sorted(astuple(one) for one in measured)  # so that two measurements cannot deadlock
    with connection.cursor() as cursor:
        cursor.executemany(query, rows)
