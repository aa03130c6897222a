"""The answer cache: which symbols any vendor has answered for lately, so that nobody is asked for them again.

The rows stand in the market tables already, checked and with their provenance; `cached_answers` says that they do, for
which days, and until when that is good enough.  So a hit moves no data: it costs a query for all symbols of a fetch.
Here belong that table, the flag `stale`, and the count of hits.  How long answers serve is the datasets' to say.
"""

import logging
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, LiteralString

import psycopg
from psycopg import sql
from psycopg.rows import TupleRow

from market_pipeline.datasets import Dataset
from market_pipeline.providers.messages import Window
from market_pipeline.storage.database import Connection
from market_pipeline.storage.locks import impatient

STALE = "stale"
"""In `flags` of rows that served when no vendor answered.  The next answer about their days takes it away."""
KEPT = timedelta(days=1)  # how long any answer is kept, so that the retries of its run find it
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked, the symbols aside: answers to one question serve another one about fewer days."""

    dataset: Dataset
    window: Window | None = None
    timeframe: str | None = None
    providers: tuple[str, ...] = ()
    """Whose answers count; () for every vendor's."""


@dataclass(frozen=True, slots=True)
class CachedAnswer:
    """What is kept of an answer about one symbol."""

    provider: str
    records: int
    answered_at: datetime


@dataclass(frozen=True, slots=True)
class Served:
    """Symbols for which earlier answers serve, and what those left in the table."""

    answers: dict[str, CachedAnswer] = field(default_factory=dict)
    """The latest such answer, by symbol."""
    rows_by_day: Counter[date] = field(default_factory=Counter)
    """Rows of each day that was asked for, for datasets that are kept by day or session."""


class AnswerCache:
    """The cache as one question of one run sees it, through a connection in autocommit mode that others use too.

    Raises nothing of psycopg's: a cache that cannot be read is empty, one that cannot be written costs the calls that it
    would have saved.  The log says so once.
    """

    def __init__(
        self,
        connection: Connection,
        question: Question,
        *,
        run_id: str,
        clock: Callable[[], datetime],
    ) -> None:
        self._connection = connection
        self._question = question
        self._run_id = run_id
        self._clock = clock
        self._works = True

    def fresh(self, symbols: Collection[str], *, others: bool) -> Served:
        """The symbols that need not be asked for: this run has had its answer, or (if `others`) any run within the TTL."""
        try:
            with impatient(self._connection):
                return self._look_up(symbols, good_at=self._clock() if others else None)
        except psycopg.Error as error:
            return self._without(error)

    def stale(self, symbols: Collection[str]) -> Served:
        """Of symbols that nobody has answered for now, those that an old answer may serve.  Flags their rows."""
        bound = self._question.dataset.stale_if_error
        if bound is None or not symbols:
            return Served()
        try:
            with impatient(self._connection):
                found = self._look_up(symbols, since=self._clock() - bound)
                self._execute(_flag(self._question), symbols=list(found.answers), flag=STALE)
        except psycopg.Error as error:
            return self._without(error)
        return found

    def remember(self, provider: str, records: Mapping[str, int], *, window: Window | None) -> None:
        """Keep that a vendor has answered for symbols, each with so many records, which stand in the table by now.

        `window` is what it was asked for, which may be more than the question's.
        """
        if not records or not self._works:
            return
        dataset, now, symbols = self._question.dataset, self._clock(), sorted(records)
        try:
            with impatient(self._connection):
                self._execute(
                    _REMEMBER,
                    **_bounds(window),
                    symbols=symbols,
                    records=[records[symbol] for symbol in symbols],
                    provider=provider,
                    answered_at=now,
                    expires_at=now if dataset.cache_ttl is None else now + dataset.cache_ttl,
                )
                if dataset.stale_if_error is not None:
                    self._execute(_unflag(self._question), **_bounds(window), symbols=symbols, flag=STALE)
        except psycopg.Error as error:
            self._without(error)

    def count(self, *, hits: int, misses: int, stale: int) -> None:
        """Add to the figures of the day, and forget what can serve nobody any more."""
        dataset, now = self._question.dataset, self._clock()
        kept = max(one for one in (KEPT, dataset.cache_ttl, dataset.stale_if_error) if one is not None)
        try:
            with impatient(self._connection):
                self._execute(_COUNT, day=now.date(), hits=hits, misses=misses, stale=stale)
                self._execute(_FORGET, before=now - kept)
        except psycopg.Error as error:
            self._without(error)

    def _look_up(
        self, symbols: Collection[str], *, good_at: datetime | None = None, since: datetime | None = None
    ) -> Served:
        """What answers serve that are good at a time, or were given since a time; this run's own always do."""
        dataset = self._question.dataset
        rows = self._execute(_LOOKUP, symbols=list(symbols), good_at=good_at, since=since).fetchall()
        answers = {symbol: CachedAnswer(*latest) for symbol, *latest in rows}
        if not answers or dataset.dated_by is None:
            return Served(answers)
        if not dataset.empty_is_answer and self._question.window is not None:
            # It had nothing of the last day, such as today's bar before there was one: no reason not to ask now.
            rows = self._execute(_of_the_last_day(self._question), symbols=list(answers)).fetchall()
            answers = {symbol: answers[symbol] for (symbol,) in rows}
        days = self._execute(_by_day(self._question), symbols=list(answers)).fetchall()
        return Served(answers, Counter(dict(days)))

    def _execute(self, statement: LiteralString | sql.Composed, **parameters: Any) -> psycopg.Cursor[TupleRow]:
        question = self._question
        asked = {
            "data_type": question.dataset.name,
            "timeframe": question.timeframe or "",
            **_bounds(question.window),
            "providers": list(question.providers),
            "run_id": self._run_id,
        }
        return self._connection.execute(statement, {**asked, **parameters})

    def _without(self, error: psycopg.Error) -> Served:
        """What there is where the cache fails."""
        if self._works:
            log.warning("the answer cache does not work, fetching goes on without it: %s", error)
        self._works = False
        return Served()


def forget_answers(
    connection: Connection,
    *,
    data_type: str | None = None,
    symbol: str | None = None,
    provider: str | None = None,
) -> int:
    """Forget the answers that have all of the given, every answer where nothing is; returns how many.  Rows stay."""
    return connection.execute(
        "DELETE FROM cached_answers WHERE data_type = coalesce(%s, data_type) AND symbol = coalesce(%s, symbol)"
        " AND provider = coalesce(%s, provider)",
        [data_type, symbol, provider],
    ).rowcount


# Answers about parts of a span count together: range_agg makes one range of those that meet or overlap.
_LOOKUP = """
    SELECT symbol, (array_agg(provider ORDER BY answered_at DESC))[1],
        (array_agg(records ORDER BY answered_at DESC))[1], max(answered_at)
    FROM cached_answers
    WHERE data_type = %(data_type)s AND symbol = ANY(%(symbols)s) AND timeframe = %(timeframe)s
        AND (run_id = %(run_id)s OR expires_at > %(good_at)s OR answered_at > %(since)s)
        AND (%(providers)s::text[] = '{}' OR provider = ANY(%(providers)s))
    GROUP BY symbol
    HAVING range_agg(span) @> daterange(%(start)s, %(end)s, '[]')
"""

# Losing the last answers in a crash costs a few calls, waiting for the disk would cost every fetch.
_REMEMBER = """
    WITH unsynced AS (SELECT set_config('synchronous_commit', 'off', true))
    INSERT INTO cached_answers AS old
        (data_type, symbol, timeframe, span, provider, records, run_id, answered_at, expires_at)
    SELECT %(data_type)s, answer.symbol, %(timeframe)s, daterange(%(start)s, %(end)s, '[]'), %(provider)s, answer.records,
        %(run_id)s, %(answered_at)s, %(expires_at)s
    FROM unnest(%(symbols)s::text[], %(records)s::integer[]) AS answer (symbol, records), unsynced
    ON CONFLICT (data_type, symbol, timeframe, span) DO UPDATE SET
        provider = excluded.provider, records = excluded.records, run_id = excluded.run_id,
        answered_at = excluded.answered_at, expires_at = excluded.expires_at
    WHERE old.answered_at <= excluded.answered_at
"""

_COUNT = """
    INSERT INTO cache_usage AS old (data_type, day, hits, misses, stale)
    VALUES (%(data_type)s, %(day)s, %(hits)s, %(misses)s, %(stale)s)
    ON CONFLICT (data_type, day) DO UPDATE SET
        hits = old.hits + excluded.hits, misses = old.misses + excluded.misses, stale = old.stale + excluded.stale
"""

_FORGET = "DELETE FROM cached_answers WHERE data_type = %(data_type)s AND answered_at < %(before)s"


def _bounds(window: Window | None) -> dict[str, date | None]:
    """The first and the last day of a window; a range without bounds is the whole history."""
    return {"start": None, "end": None} if window is None else {"start": window.start, "end": window.end}


def _of_the_last_day(question: Question) -> sql.Composed:
    return sql.SQL("SELECT DISTINCT symbol FROM {} WHERE {} AND {} = %(end)s").format(
        _table(question), _asked_for(question), _day(question)
    )


def _by_day(question: Question) -> sql.Composed:
    return sql.SQL("SELECT {day}, count(*) FROM {table} WHERE {asked_for} GROUP BY {day}").format(
        day=_day(question), table=_table(question), asked_for=_asked_for(question)
    )


def _flag(question: Question) -> sql.Composed:
    return sql.SQL("UPDATE {} SET flags = array_append(flags, %(flag)s) WHERE {} AND %(flag)s <> ALL (flags)").format(
        _table(question), _asked_for(question)
    )


def _unflag(question: Question) -> sql.Composed:
    return sql.SQL("UPDATE {} SET flags = array_remove(flags, %(flag)s) WHERE {} AND %(flag)s = ANY (flags)").format(
        _table(question), _asked_for(question)
    )


def _table(question: Question) -> sql.Identifier:
    return sql.Identifier("public", question.dataset.name)


def _day(question: Question) -> sql.Composed:
    """The day that a row is kept under; connections are in UTC."""
    return sql.SQL("{}::date").format(sql.Identifier(question.dataset.dated_by or ""))


def _asked_for(question: Question) -> sql.Composed:
    """The condition for rows that the question is about."""
    conditions = [sql.SQL("symbol = ANY (%(symbols)s)").format()]
    if question.timeframe is not None:
        conditions.append(sql.SQL("timeframe = %(timeframe)s").format())
    if question.window is not None and question.dataset.dated_by is not None:
        conditions.append(sql.SQL("{} BETWEEN %(start)s AND %(end)s").format(_day(question)))
    return sql.SQL(" AND ").join(conditions)
